"""The HTTP edge without a database, beside FastAPI under Mangum doing the same work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

from pydantic import Field

from bench.findings import Finding, at_least, shown
from bench.rounds import Rounds, interleaved
from bench.stage import Stage
from sidedesk.platform import secrets
from sidedesk.platform.http import Api
from sidedesk.platform.identity import Person, credential, identify, mint_local_token
from sidedesk.platform.models import Answer, Body
from sidedesk.platform.observability import logger
from sidedesk.platform.permissions import PUBLIC
from sidedesk.platform.settings import IdentitySettings, cached
from tests.support.lambdas import Context, http_event
from tests.support.world import APP_SECRET, ISSUER, JWT_SECRET

PATH = "/api/things"
OTHER_ROUTES = 9

Handler = Callable[..., dict[str, Any]]


class Wish(Body):
    name: Annotated[str, Field(min_length=1, max_length=300)]
    ids: Annotated[list[str], Field(min_length=1, max_length=500)]
    urgent: bool = False
    limit: Annotated[float, Field(gt=0)] | None = None


class Thing(Answer):
    name: str
    count: int
    asked_by: str


def measure(_: Stage) -> list[Finding]:
    secrets.remember(APP_SECRET, {"database_url": "", "jwt_secret": JWT_SECRET})
    token = mint_local_token(
        secret=JWT_SECRET, issuer=ISSUER, tenant_id=uuid4(), user_id=uuid4(), email="mia@northwind.example",
        name="Mia", role="member", seconds=3600,
    )  # fmt: skip
    body = {"name": "Support", "ids": [str(number) for number in range(20)], "urgent": True}
    event = http_event("POST", PATH, body=body, token=token)
    whole = _compared(_ours("me.read"), _fastapi(with_identity=True), event)
    logger.setLevel("CRITICAL")
    try:
        alone = _compared(_ours(PUBLIC), _fastapi(with_identity=False), event)
    finally:
        logger.setLevel("INFO")
        secrets.forget()
    return [
        at_least(
            "warm edge alone (route, body, answer): times faster than FastAPI",
            alone.ratio("fastapi", "ours"),
            1.4,
            _note(alone),
        ),
        shown("  with token and log line, the same code on both sides", whole.ratio("fastapi", "ours"), _note(whole)),
    ]


def _compared(ours: Handler, theirs: Handler, event: dict[str, Any]) -> Rounds:
    answers = [handler(dict(event), Context()) for handler in (ours, theirs)]
    assert [answer["statusCode"] for answer in answers] == [200, 200], answers
    variants = {"ours": lambda: ours(dict(event), Context()), "fastapi": lambda: theirs(dict(event), Context())}
    return interleaved(variants, clock=time.process_time)


def _note(rounds: Rounds) -> str:
    return f"{rounds.milliseconds('ours')} against {rounds.milliseconds('fastapi')}"


def _ours(permission: str) -> Handler:
    api = Api()

    @api.post(PATH, allow=permission, idempotent=False)
    def make(body: Wish) -> Thing:
        return Thing(name=body.name, count=len(body.ids), asked_by=api.person.email if permission != PUBLIC else "")

    for number in range(OTHER_ROUTES):
        api.get(f"{PATH}/{number}/<thing_id>", allow=permission)(_other)
    return api.handler


def _fastapi(*, with_identity: bool) -> Handler:
    """The same route as one would write it there: asynchronous, so that no thread is needed, and with the same log."""
    from fastapi import Depends, FastAPI, Request
    from mangum import Mangum

    app = FastAPI()

    async def person(request: Request) -> Person:
        caller = identify(credential(dict(request.headers)), cached(IdentitySettings))
        assert isinstance(caller, Person)
        return caller

    async def make(body: Wish, caller: Annotated[Person, Depends(person)]) -> Thing:
        return Thing(name=body.name, count=len(body.ids), asked_by=caller.email)

    async def make_unasked(body: Wish) -> Thing:
        return Thing(name=body.name, count=len(body.ids), asked_by="")

    # Annotations are text in this module; FastAPI looks them up among globals, which these are not.
    person.__annotations__ = {"request": Request, "return": Person}
    make.__annotations__ = {"body": Wish, "caller": Annotated[Person, Depends(person)], "return": Thing}
    make_unasked.__annotations__ = {"body": Wish, "return": Thing}
    app.post(PATH)(make if with_identity else make_unasked)
    for number in range(OTHER_ROUTES):
        app.get(f"{PATH}/{number}/{{thing_id}}")(_other)
    handle = Mangum(app, lifespan="off")
    if not with_identity:
        return handle

    @logger.inject_lambda_context(clear_state=True)
    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        answer = handle(event, context)
        logger.info("request", extra={"method": "POST", "route": PATH, "status": answer["statusCode"]})
        return answer

    return handler


def _other(thing_id: str) -> Thing:
    return Thing(name=thing_id, count=0, asked_by="")
