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

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response, content_types
from aws_lambda_powertools.event_handler.api_gateway import ResponseBuilder, Route
from aws_lambda_powertools.utilities.data_classes.common import BaseProxyEvent

from sidedesk.platform import idempotency, limits
from sidedesk.platform.context import database
from sidedesk.platform.errors import (
    DomainError,
    Forbidden,
    InvalidRequest,
    TooLarge,
)
from sidedesk.platform.http_errors import built, install_error_handlers, problem, request_id_of
from sidedesk.platform.identity import Machine, Person, credential, identify
from sidedesk.platform.observability import flush_metrics, logger
from sidedesk.platform.permissions import PERMISSIONS, PUBLIC, allow, least_role
from sidedesk.platform.scope import AnyScope, Scope, ServiceScope
from sidedesk.platform.settings import IdentitySettings, cached

Handler = TypeVar("Handler", bound=Callable[..., Any])

MAX_BODY_BYTES = 4 * 1024 * 1024  # base64 and Lambda's 6 MB leave no more
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000|\x00")


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
        install_error_handlers(self.resolver)

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
            return built(problem(error, request_id_of(event)))
        response = self.resolver.resolve(event, context)
        if isinstance(self._scope, ServiceScope) and self._scope.proven is None:
            # Refused or answered without a look at the database: a key that was never proven hears nothing but that.
            try:
                database().run(self._scope, "SELECT 1")
            except DomainError as error:
                return built(problem(error, request_id_of(event)))
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
            "request_id": request_id_of(event),
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
