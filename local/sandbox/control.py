"""`/_sandbox/…`: switches, faults, the log. For tests and for people at a terminal."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.sandbox.faults import EFFECTS
from local.sandbox.world import World


class Control:
    def __init__(self, world: World, reset_data: Any) -> None:
        self.world = world
        self.reset_data = reset_data

    def routes(self) -> list[Route]:
        return [
            Route("/faults", self.faults, methods=["GET", "POST", "DELETE"]),
            Route("/faults/{fault}", self.one_fault, methods=["DELETE"]),
            Route("/effects", self.effects, methods=["GET"]),
            Route("/mode", self.mode, methods=["GET", "POST"]),
            Route("/log", self.log, methods=["GET", "DELETE"]),
            Route("/reset", self.reset, methods=["POST"]),
        ]

    async def faults(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"faults": self.world.faults.shown()})
        if request.method == "DELETE":
            self.world.faults.clear()
            return Response(status_code=204)
        try:
            fault = self.world.faults.add(await _object(request))
        except (ValueError, TypeError) as exc:
            return JSONResponse({"error": str(exc)}, 400)
        return JSONResponse({"id": fault.id}, 201)

    async def one_fault(self, request: Request) -> Response:
        if self.world.faults.remove(request.path_params["fault"]):
            return Response(status_code=204)
        return JSONResponse({"error": "no such fault; GET /_sandbox/faults lists them"}, 404)

    async def effects(self, request: Request) -> Response:
        return JSONResponse(EFFECTS)

    async def mode(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                self.world.modes.update(await _object(request))
            except ValueError as exc:
                return JSONResponse({"error": str(exc)}, 400)
        return JSONResponse(self.world.modes.values)

    async def log(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.world.log.clear()
            return Response(status_code=204)
        ask = request.query_params
        try:
            since, limit = int(ask.get("since", 0)), int(ask.get("limit", 200))
        except ValueError:
            return JSONResponse({"error": "since and limit are whole numbers"}, 400)
        found = self.world.log.find(ask.get("provider"), ask.get("direction"), ask.get("path"), since, limit)
        return JSONResponse({"entries": found})

    async def reset(self, request: Request) -> Response:
        """Back to quiet: faults, switches, log, running executions. `{"data": true}` also renews the stored data."""
        wanted = await _object(request) if await request.body() else {}
        self.world.faults.clear()
        self.world.modes.reset()
        await self.reset_data(bool(wanted.get("data")))
        self.world.log.clear()
        return Response(status_code=204)


async def _object(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("send a JSON object")
    return body
