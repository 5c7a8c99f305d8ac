"""Error bodies in each provider's own words."""

import uuid
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response


class Refusal(Exception):
    """An answer that is not a success, already in the provider's shape."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def openai(
    status: int, message: str, kind: str = "invalid_request_error", param: str | None = None, code: str | None = None
) -> Refusal:
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return Refusal(JSONResponse(body, status))


def chatwoot(status: int, message: str, attributes: list[str] | None = None) -> Refusal:
    body: dict[str, Any] = {"message": message, "attributes": attributes} if attributes else {"error": message}
    return Refusal(JSONResponse(body, status))


def intercom(status: int, code: str, message: str, field: str | None = None) -> Refusal:
    error: dict[str, Any] = {"code": code, "message": message, "field": field}
    return Refusal(JSONResponse({"type": "error.list", "request_id": uuid.uuid4().hex, "errors": [error]}, status))


def n8n(status: int, message: str, code: int | None = None, hint: str | None = None) -> Refusal:
    body: dict[str, Any] = {"code": status if code is None else code, "message": message}
    if hint:
        body["hint"] = hint
    return Refusal(JSONResponse(body, status))


_OPENAI = {
    400: ("invalid_request_error", None, "The request was refused by the sandbox."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "permission_denied", "You may not use this model."),
    404: ("invalid_request_error", "model_not_found", "The model does not exist or you do not have access to it."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    503: ("server_error", "overloaded", "The engine is currently overloaded, please try again later."),
}

_INTERCOM = {
    400: "parameter_invalid",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    422: "data_invalid",
    429: "rate_limit_exceeded",
}

_CHATWOOT = {401: "Invalid Access Token", 404: "Resource could not be found", 422: "Validation failed"}


def default_body(provider: str, status: int) -> Response:
    """What this provider says with this status when a fault names no body of its own."""
    if status < 300:
        return HTMLResponse("<html><body>This is not the answer you asked for.</body></html>", status)
    if provider == "openai":
        kind, code, message = _OPENAI.get(
            status, ("server_error", None, "The server had an error while processing your request.")
        )
        return openai(status, message, kind, code=code).response
    if provider == "intercom":
        if status >= 500:
            return HTMLResponse("<html><body>Server error</body></html>", status)
        return intercom(status, _INTERCOM.get(status, "client_error"), "Refused by a sandbox fault").response
    if provider == "chatwoot":
        if status == 429:
            return PlainTextResponse("Retry later\n", status)
        if status >= 500:
            return HTMLResponse("<html><body>We're sorry, but something went wrong.</body></html>", status)
        return chatwoot(status, _CHATWOOT.get(status, "Refused by a sandbox fault")).response
    if status == 500:
        return n8n(500, "There was a problem executing the workflow", code=0).response
    if status == 503:
        return PlainTextResponse("Database is not ready!", status)
    return n8n(status, "Refused by a sandbox fault").response
