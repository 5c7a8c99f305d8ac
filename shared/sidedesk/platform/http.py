"""The one HTTP edge. A function declares routes with who may call them; the edge does the rest:

identity → permission → rate limit → idempotency → validation → the route → one error shape, one log line.
"""

from __future__ import annotations

import inspect
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import psycopg
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder, Route
from aws_lambda_powertools.event_handler.exceptions import NotFoundError, ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
    ResponseValidationError,
)
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from sidedesk.platform import idempotency, limits
from sidedesk.platform.context import database
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
from sidedesk.platform.identity import Machine, Person, credential, identify
from sidedesk.platform.observability import count, flush_metrics, logger
from sidedesk.platform.permissions import PERMISSIONS, PUBLIC, allow, least_role
from sidedesk.platform.scope import AnyScope, Scope, ServiceScope
from sidedesk.platform.settings import IdentitySettings, cached

Handler = TypeVar("Handler", bound=Callable[..., Any])

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

MAX_BODY_BYTES = 4 * 1024 * 1024  # base64 and Lambda's 6 MB leave no more
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000|\x00")


class Direct(Exception):
    """Leave a route with an answer that is not its JSON model, such as a file."""

    def __init__(self, response: Response[Any]) -> None:
        self.response = response
        super().__init__("a direct answer")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a route, how often, and whether a repeated wish is recognised."""

    permission: str
    limit: limits.Limit | None
    idempotent: bool
    keep_answer: bool = True


class Api:
    """The routes of one function."""

    def __init__(self) -> None:
        self.resolver = _Resolver(self)
        self.rules: dict[tuple[str, str], Rule] = {}
        self._scope: AnyScope | None = None
        self._person: Person | None = None
        self._claim: idempotency.Claim | None = None
        self.handler = logger.inject_lambda_context(self._handle, clear_state=True)
        _install_error_handlers(self.resolver)

    # Declaring routes ------------------------------------------------------------------------------------------------

    def get(self, path: str, *, allow: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._route("GET", path, allow, idempotent=False, **options)

    def post(self, path: str, *, allow: str, idempotent: bool = True, **options: Any) -> Callable[[Handler], Handler]:
        """`keep_answer=False` where the answer holds a secret: a repeated wish then runs again, with the same ids."""
        return self._route("POST", path, allow, idempotent=idempotent, **options)

    def put(self, path: str, *, allow: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._route("PUT", path, allow, idempotent=False, **options)

    def patch(self, path: str, *, allow: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._route("PATCH", path, allow, idempotent=False, **options)

    def delete(self, path: str, *, allow: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._route("DELETE", path, allow, idempotent=False, **options)

    def _route(
        self,
        method: str,
        path: str,
        permission: str,
        *,
        idempotent: bool,
        keep_answer: bool = True,
        limit: str | None = None,
        **options: Any,
    ) -> Callable[[Handler], Handler]:
        if permission != PUBLIC and permission not in PERMISSIONS:
            raise ValueError(f"{method} {path}: {permission!r} is no permission; add it to platform/permissions.py")
        window = limits.Limit.parse(limit) if limit else None
        self.rules[method, path] = Rule(permission, window, idempotent, keep_answer)
        options.setdefault("openapi_extensions", {})["x-permission"] = permission
        if permission == PUBLIC:
            options.setdefault("security", [])

        def decorate(handler: Handler) -> Handler:
            options.setdefault("description", inspect.getdoc(handler))
            self.resolver.route(path, method, **options)(handler)
            return handler

        return decorate

    # Asking who calls, from inside a route ---------------------------------------------------------------------------

    @property
    def scope(self) -> AnyScope:
        """The caller's scope: pass it to every service."""
        if self._scope is None:
            raise RuntimeError("a public route has no scope")
        return self._scope

    @property
    def person_scope(self) -> Scope:
        """The same, where only people may come."""
        if not isinstance(self._scope, Scope):
            raise Forbidden("This is for people. Sign in instead of using a service key.", code="people_only")
        return self._scope

    @property
    def person(self) -> Person:
        """The signed-in person; routes for machines only must not ask."""
        if self._person is None:
            raise Forbidden("This is for people. Sign in instead of using a service key.", code="people_only")
        return self._person

    @property
    def repeatable(self) -> bool:
        """Did the caller name this wish, so that it may come again?"""
        return self._claim is not None

    def new_id(self, purpose: str) -> Any:
        """An id for what this request creates: the same again when the same wish is repeated."""
        return idempotency.derived_id(self.scope, purpose, self._claim)

    # One request -----------------------------------------------------------------------------------------------------

    def _handle(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        started = time.perf_counter()
        self._scope = self._person = self._claim = None
        response = self._answer(event, context)
        self._log(event, response["statusCode"], time.perf_counter() - started)
        flush_metrics()
        return response

    def _answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        try:
            _check_body(event)
        except DomainError as error:
            return _built(problem(error, _request_id(event)))
        response = self.resolver.resolve(event, context)
        if isinstance(self._scope, ServiceScope) and self._scope.proven is None:
            # Refused or answered without a look at the database: a key that was never proven hears nothing but that.
            try:
                database().run(self._scope, "SELECT 1")
            except DomainError as error:
                return _built(problem(error, _request_id(event)))
        if self._claim is not None and self._claim.held and self._claim.replay is None:
            try:
                idempotency.finish(database(), self.scope, self._claim, response)
            except Exception:  # the work is done and answered; the lease frees the key
                logger.warning("idempotency key left to its lease", exc_info=True)
        return response

    def admit(self, route: Route) -> Response[Any] | None:
        """Everything that can refuse a call before its body is looked at; an earlier answer when there is one."""
        rule = self.rules.get((route.method, route.path))
        if rule is None:  # no such route: Powertools brings its own for that
            return None
        event = self.resolver.current_event
        if rule.permission == PUBLIC:
            _check_json(event)
            return None
        request_id = event.request_context.request_id or ""
        caller = identify(credential(event.headers), cached(IdentitySettings))
        if isinstance(caller, Machine):
            self._scope = ServiceScope(caller.key_id, caller.digest, rule.permission, request_id)
        else:
            self._person = caller
            self._scope = Scope(caller.tenant_id, caller.user_id, caller.role, caller.email, request_id)
            if not allow(caller.role, rule.permission):
                needed = least_role(rule.permission)
                raise Forbidden(f"Your role is {caller.role}. This needs {needed}.", code="role_too_low")
        if rule.limit:
            limits.take(database(), self._scope, f"{route.method} {route.path}", rule.limit)
        _check_json(event)
        key = event.headers.get("idempotency-key")
        if rule.idempotent and key and not rule.keep_answer:
            self._claim = idempotency.unkept(key)
        elif rule.idempotent and key:
            print_ = idempotency.fingerprint(route.method, event.path, event.body or "")
            self._claim = idempotency.claim(database(), self._scope, key, print_)
            if (kept := self._claim.replay) is not None:
                return Response(
                    kept["statusCode"],
                    content_types.APPLICATION_JSON,
                    kept.get("body"),
                    headers={"Idempotent-Replay": "true"},
                )
        return None

    def _log(self, event: dict[str, Any], status: int, seconds: float) -> None:
        http = event.get("requestContext", {}).get("http", {})
        fields: dict[str, Any] = {
            "method": http.get("method"),
            "route": event.get("routeKey"),
            "status": status,
            "ms": round(seconds * 1000, 1),
            "request_id": _request_id(event),
        }
        if self._scope is not None:
            fields["role"] = self._scope.role
            if isinstance(self._scope, Scope) or self._scope.proven:
                fields["tenant"] = str(self._scope.tenant_id)
        logger.info("request", extra=fields)


class _Resolver(APIGatewayHttpResolver):
    """The Powertools resolver, with admission before validation: a stranger learns nothing about our fields."""

    def __init__(self, api: Api) -> None:
        super().__init__(enable_validation=True, response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR)
        self._api = api

    def _call_route(self, route: Route, route_arguments: dict[str, str]) -> ResponseBuilder[Any]:
        try:
            earlier = self._api.admit(route)
        except Exception as error:
            handled = self._call_exception_handler(error, route)
            if handled is None:
                raise
            return handled
        if earlier is not None:
            return self._response_builder_class(response=earlier, serializer=self._serializer, route=None)
        return super()._call_route(route, route_arguments)


# Errors ---------------------------------------------------------------------------------------------------------------


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


def _install_error_handlers(resolver: APIGatewayHttpResolver) -> None:
    def request_id() -> str:
        return _request_id(resolver.current_event.raw_event)

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


def _check_body(event: dict[str, Any]) -> None:
    body = event.get("body")
    if not body:
        return
    if len(body) > MAX_BODY_BYTES * (4 / 3 if event.get("isBase64Encoded") else 1):
        raise TooLarge()
    if event.get("isBase64Encoded"):
        import base64

        try:
            event["body"] = body = base64.b64decode(body).decode("utf-8")
        except ValueError as error:
            raise InvalidRequest.of("body", "The body is not valid UTF-8 text.") from error
        event["isBase64Encoded"] = False
    if len(body.encode("utf-8", "surrogatepass")) > MAX_BODY_BYTES:
        raise TooLarge()
    if _NUL.search(body):
        raise InvalidRequest.of("body", "Text may not contain NUL characters.")


def _check_json(event: BaseProxyEvent) -> None:
    """Bodies that no parser should be asked to hold. The parsed one is kept by the event, so nothing is read twice."""
    try:
        _ = event.json_body if event.body else None
    except json.JSONDecodeError:
        pass  # validation says so in its own words, or the route wants no JSON
    except (RecursionError, ValueError) as error:
        raise InvalidRequest.of("body", "The body is nested too deeply or holds a number that is too long.") from error


def _request_id(event: dict[str, Any]) -> str:
    return str(event.get("requestContext", {}).get("requestId") or "")


def _built(response: Response[str]) -> dict[str, Any]:
    headers = {name: str(value) for name, value in response.headers.items()}
    return {
        "statusCode": response.status_code,
        "headers": headers | {"Content-Type": content_types.APPLICATION_JSON},
        "body": response.body or "",
        "isBase64Encoded": False,
        "cookies": [],
    }
