"""Errors on the wire: one table of statuses, one shape, for every function and whatever went wrong."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import psycopg
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)

from sidedesk.platform.errors import (
    Conflict,
    DomainError,
    FieldError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
    UpstreamFailed,
)
from sidedesk.platform.observability import count, logger

# The most specific class decides; a test holds that every error has a row.
STATUSES: dict[type[DomainError], HTTPStatus] = {
    InvalidRequest: HTTPStatus.BAD_REQUEST,
    TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    UpstreamFailed: HTTPStatus.BAD_GATEWAY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


class Direct(Exception):
    """Leave a route with an answer that is not its JSON model, such as a file."""

    def __init__(self, response: Response[Any]) -> None:
        self.response = response
        super().__init__("a direct answer")

    @classmethod
    def file(cls, text: str, content_type: str, filename: str) -> Direct:
        """A file to save."""
        headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
        return cls(Response(int(HTTPStatus.OK), content_type, text, headers=headers))


def status_of(error: DomainError) -> HTTPStatus:
    """The status of the nearest class that has one."""
    for kind in type(error).__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(error: DomainError, request_id: str) -> Response[str]:
    """The one error shape. Clients may rely on all five keys."""
    status = status_of(error)
    headers: dict[str, str | list[str]] = {"Cache-Control": "no-store"}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    body = {
        "success": False,
        "error": error.message,
        "code": error.code,
        "details": [{"field": detail.field, "message": detail.message} for detail in error.details],
        "request_id": request_id,
    }
    return Response(int(status), content_types.APPLICATION_JSON, json.dumps(body), headers=headers)


class _Broken(DomainError):
    """Our own fault: the person gets the request id, the log gets the rest."""

    code = "internal_error"
    message = "Something broke on our side and was recorded. Try again; if it goes on, give support the request id."


def install_error_handlers(resolver: APIGatewayHttpResolver) -> None:
    def request_id() -> str:
        return request_id_of(resolver.current_event.raw_event)

    def refuse(error: DomainError) -> Response[str]:
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.warning("refused", extra={"code": error.code}, exc_info=True)
        else:
            logger.info("refused", extra={"code": error.code})
        return problem(error, request_id())

    @resolver.exception_handler(Direct)
    def direct(answer: Direct) -> Response[Any]:
        return answer.response

    @resolver.exception_handler(DomainError)
    def domain(error: DomainError) -> Response[str]:
        return refuse(error)

    @resolver.exception_handler(RequestValidationError)
    def bad_input(error: RequestValidationError) -> Response[str]:
        details = [_field_error(item) for item in error.errors()]
        names = ", ".join(dict.fromkeys(detail.field for detail in details))
        return refuse(InvalidRequest(f"The request is not valid: {names}.", details=details))

    @resolver.exception_handler(RequestUnsupportedContentType)
    def bad_type(_: RequestUnsupportedContentType) -> Response[str]:
        return refuse(UnsupportedType())

    # Text or numbers that no column can hold: still the caller's input, whatever field they came in.
    @resolver.exception_handler([psycopg.DataError, UnicodeError])
    def bad_value(_: Exception) -> Response[str]:
        logger.warning("a value reached the database unchecked", exc_info=True)
        return refuse(InvalidRequest("A value is out of range or holds characters that cannot be stored."))

    @resolver.exception_handler(ServiceError)
    def service(error: ServiceError) -> Response[str]:
        return refuse(InvalidRequest(str(error.msg)))

    @resolver.exception_handler([ResponseValidationError, Exception])
    def broken(error: Exception) -> Response[str]:
        logger.exception("unhandled error", exc_info=error)
        count("UnhandledError")
        return problem(_Broken(), request_id())

    @resolver.not_found
    def no_route(_: NotFoundError) -> Response[str]:
        return problem(NotFound(), request_id())


def _field_error(item: dict[str, Any]) -> FieldError:
    location = [str(part) for part in item.get("loc", ())]
    if location and location[0] in {"body", "query", "path", "header"}:
        location = location[1:] or [location[0]]
    message = str(item.get("msg", "is not valid"))
    if item.get("type") == "extra_forbidden":
        message = "This field is not known here."
    elif item.get("type") == "missing":
        message = "This field is required."
    return FieldError(".".join(location) or "body", message.removeprefix("Value error, "))


def request_id_of(event: dict[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId") or "")


def built(response: Response[str]) -> dict[str, Any]:
    headers = {name: str(value) for name, value in response.headers.items()}
    return {
        "statusCode": response.status_code,
        "headers": headers | {"Content-Type": content_types.APPLICATION_JSON},
        "body": response.body or "",
        "isBase64Encoded": False,
        "cookies": [],
    }
