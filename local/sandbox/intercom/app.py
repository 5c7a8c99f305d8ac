"""The Intercom routes."""

import datetime
import json
import re
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sandbox import credentials, errors
from local.sandbox.intercom import people, search, shapes
from local.sandbox.intercom.generate import Doc, world
from local.sandbox.world import World

APP_VERSION = "2.11"  # what answers when a caller names no version
_VERSION = re.compile(r"^(?:1\.[0-4]|2\.(?:\d|1[0-6]))$")
SLICE_S = 10


class Intercom:
    def __init__(self, shared: World) -> None:
        self.world = shared
        self._day: datetime.date | None = None
        self._chats: dict[str, Doc] = {}
        self._slice = 0
        self._used = 0
        shared.add_headers("intercom", self._headers)

    def routes(self) -> list[Route]:
        return [
            Route("/me", self.me, methods=["GET"]),
            Route("/admins", self.admins, methods=["GET"]),
            Route("/admins/{admin}", self.admin, methods=["GET"]),
            Route("/conversations", self.index, methods=["GET"]),
            Route("/conversations/search", self.search, methods=["POST"]),
            Route("/conversations/{conversation}", self.conversation, methods=["GET"]),
            Route("/{rest:path}", self.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def _headers(self) -> dict[str, str]:
        limit = self.world.modes["intercom_limit_per_10s"]
        return {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - self._used)),
            "X-RateLimit-Reset": str((self._slice + 1) * SLICE_S),
            "Intercom-Version": "2.16",
        }

    def chats(self) -> list[Doc]:
        """Forty days back from today; a chat exists once it has happened."""
        today = datetime.datetime.now(datetime.UTC).date()
        if today != self._day:
            self._chats, self._day = world(today), today
        now = time.time()
        return [c for c in self._chats.values() if c["updated_at"] <= now]

    def _enter(self, request: Request) -> str:
        """Count the call, check the key, settle the version."""
        now = int(time.time()) // SLICE_S
        if now != self._slice:
            self._slice, self._used = now, 0
        self._used += 1
        if self._used > self.world.modes["intercom_limit_per_10s"]:
            raise errors.intercom(429, "rate_limit_exceeded", "The rate limit for this workspace was exceeded")
        given = request.headers.get("authorization", "")
        if not given.startswith("Bearer ") or given.removeprefix("Bearer ").strip() in ("", credentials.REFUSED_KEY):
            raise errors.intercom(401, "unauthorized", "Access Token Invalid")
        version = request.headers.get("intercom-version") or APP_VERSION
        if not _VERSION.match(version):
            raise errors.intercom(
                400, "intercom_version_invalid", f"The requested version {version} could not be found"
            )
        return version

    async def me(self, request: Request) -> Response:
        self._enter(request)
        me = people.AGENTS[0]
        return JSONResponse({**shapes.admin(me), "email_verified": True, "app": people.WORKSPACE})

    async def admins(self, request: Request) -> Response:
        self._enter(request)
        return JSONResponse({"type": "admin.list", "admins": [shapes.admin(a) for a in people.AGENTS]})

    async def admin(self, request: Request) -> Response:
        self._enter(request)
        wanted = request.path_params["admin"]
        found = next((a for a in people.AGENTS if str(a.id) == wanted), None)
        if found is None:
            raise errors.intercom(404, "admin_not_found", "Admin not found")
        return JSONResponse(shapes.admin(found))

    async def index(self, request: Request) -> Response:
        version = self._enter(request)
        ask = request.query_params
        size = ask.get("per_page", "20")
        pagination = {"per_page": int(size) if size.isdigit() else -1, "starting_after": ask.get("starting_after")}
        return self._page(self.chats(), pagination, version)

    async def search(self, request: Request) -> Response:
        version = self._enter(request)
        body = await _json(request)
        fits = search.compile_query(body.get("query"), self.world.modes["intercom_day_truncation"])
        return self._page([c for c in self.chats() if fits(c)], body.get("pagination"), version)

    def _page(self, found: Any, pagination: Any, version: str) -> Response:
        shown, pages = search.page(found, pagination)
        items = [shapes.conversation(c, version, parts=False) for c in shown]
        return JSONResponse(
            {"type": "conversation.list", "total_count": len(found), "pages": pages, "conversations": items}
        )

    async def conversation(self, request: Request) -> Response:
        version = self._enter(request)
        wanted = request.path_params["conversation"]
        found = next((c for c in self.chats() if c["id"] == wanted), None)
        if found is None:
            raise errors.intercom(404, "not_found", "Resource Not Found")
        plaintext = request.query_params.get("display_as") == "plaintext"
        return JSONResponse(shapes.conversation(found, version, parts=True, plaintext=plaintext))

    async def unknown(self, request: Request) -> Response:
        self._enter(request)
        raise errors.intercom(404, "not_found", "The requested resource was not found")


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise errors.intercom(400, "bad_request", "bad 'request body' is not JSON")
    return body
