"""The webhook that starts an audit, and the API that shows what became of it."""

import asyncio
import hmac
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.sandbox import credentials, errors
from local.sandbox.n8n.executions import Executions, shown
from local.sandbox.world import World

PATH = "massive-ai-audit"
MAX_BODY = 16 * 1024 * 1024
_ACTIVE = "The workflow must be active for a production URL to run successfully. You can activate the workflow using the toggle in the top-right of the editor. Note that unlike test URL calls, production URL calls aren't shown on the canvas (only in the executions list)"
_LISTEN = "Click the 'Execute workflow' button on the canvas, then try again. (In test mode, the webhook only works for one call after you click this button)"
_ANY = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class HangUp(Response):
    """No answer at all: the edge closes the socket."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "sandbox.hang_up"})


class N8n:
    def __init__(self, world: World) -> None:
        self.world = world
        self.executions = Executions(world)

    async def reset(self, everything: bool) -> None:
        await self.executions.stop_all(forget=everything)

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.health, methods=["GET"]),
            Route("/webhook/{path:path}", self.webhook, methods=_ANY),
            Route("/webhook-test/{path:path}", self.test_webhook, methods=_ANY),
            Route("/api/v1/executions", self.index, methods=["GET"]),
            Route("/api/v1/executions/{execution}", self.one, methods=["GET"]),
            Route("/api/v1/executions/{execution}/retry", self.retry, methods=["POST"]),
            Route("/api/v1/executions/{execution}/stop", self.stop, methods=["POST"]),
            Route("/api/v1/workflows", self.workflows, methods=["GET"]),
            Route("/api/v1/workflows/{workflow}", self.workflow, methods=["GET"]),
            Route("/{rest:path}", self.nowhere, methods=_ANY),
        ]

    # --- webhooks -------------------------------------------------------------------

    async def health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def webhook(self, request: Request) -> Response:
        if early := self._booting():
            return early
        self._registered(request, self.world.modes["n8n_published"], _ACTIVE)
        payload = await self._payload(request)
        if self.world.faults.effect("n8n", "code_0", f"/webhook/{PATH}"):
            raise errors.n8n(500, "There was a problem executing the workflow", code=0)
        return await self._start(payload)

    async def test_webhook(self, request: Request) -> Response:
        self._registered(request, self.world.modes["n8n_listening"], _LISTEN)
        payload = await self._payload(request)
        self.world.modes.update({"n8n_listening": False})
        return await self._start(payload)

    def _booting(self) -> Response | None:
        faults = self.world.faults
        if faults.effect("n8n", "html_404", f"/webhook/{PATH}"):
            return HTMLResponse(
                "<!DOCTYPE html><html><head><title>Error</title></head><body><pre>Cannot POST /webhook/massive-ai-audit</pre></body></html>",
                404,
            )
        if faults.effect("n8n", "starting_up", f"/webhook/{PATH}"):
            return PlainTextResponse("n8n is starting up. Please wait")
        return None

    @staticmethod
    def _registered(request: Request, live: bool, hint: str) -> None:
        path = request.path_params["path"].strip("/")
        if path != PATH or not live:
            raise errors.n8n(404, f'The requested webhook "{request.method} {path}" is not registered.', hint=hint)
        if request.method != "POST":
            raise errors.n8n(
                404,
                f"This webhook is not registered for {request.method} requests. Did you mean to make a POST request?",
            )

    async def _payload(self, request: Request) -> dict[str, Any]:
        """The body is read before the key is looked at, in n8n's own order."""
        raw = await request.body()
        if len(raw) > MAX_BODY:
            raise errors.n8n(500, "There was a problem executing the workflow", code=0)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body: Any = {}
        if kind == "application/json":
            try:
                body = json.loads(raw or b"{}")
            except ValueError:
                raise errors.n8n(422, "Failed to parse request body", hint="Expected valid JSON") from None
        expected = f"Bearer {self.world.config.n8n_token}"
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected.encode()):
            response = PlainTextResponse(
                "Authorization data is wrong!", 403, {"WWW-Authenticate": 'Basic realm="Webhook"'}
            )
            raise errors.Refusal(response)
        return body if isinstance(body, dict) else {"items": body}

    async def _start(self, payload: dict[str, Any]) -> Response:
        faults, at = self.world.faults, f"/webhook/{PATH}"
        if faults.effect("n8n", "hang_up_then_run", at):
            self.executions.begin(payload)
            return HangUp()
        if held := faults.effect("n8n", "hold", at):
            return await self._held(payload, held.delay_ms or 10_000)
        doc, started = self.executions.begin(payload)
        if faults.effect("n8n", "double_run", at):
            self.executions.begin(payload)
        if self.world.modes["n8n_limit"] > 0:
            await asyncio.shield(started)  # a caller that hangs up is executed all the same
        return _accepted(doc)

    async def _held(self, payload: dict[str, Any], delay_ms: int) -> Response:
        async def later() -> dict[str, Any]:
            await asyncio.sleep(delay_ms / 1000)
            return self.executions.begin(payload)[0]

        return _accepted(await asyncio.shield(self.world.start(later())))

    # --- API ------------------------------------------------------------------------

    @staticmethod
    def _key(request: Request) -> None:
        given = request.headers.get("x-n8n-api-key")
        if given is None:
            raise errors.Refusal(JSONResponse({"message": "'X-N8N-API-KEY' header required"}, 401))
        if given != credentials.N8N_API_KEY:
            raise errors.Refusal(JSONResponse({"message": "unauthorized"}, 401))

    def _execution(self, request: Request) -> dict[str, Any]:
        self._key(request)
        doc = self.executions.known.get(request.path_params["execution"])
        if doc is None:
            raise errors.Refusal(JSONResponse({"message": "Not Found"}, 404))
        return doc

    async def index(self, request: Request) -> Response:
        self._key(request)
        ask = request.query_params
        found = [
            d
            for d in self.executions.known.values()
            if ask.get("status") in (None, d["status"]) and ask.get("workflowId") in (None, d["workflowId"])
        ]
        found.sort(key=lambda d: -int(d["id"]))
        limit = min(250, int(ask.get("limit") or 100))
        if ask.get("cursor"):
            found = [d for d in found if int(d["id"]) < int(ask["cursor"])]
        more = found[limit - 1]["id"] if len(found) > limit else None
        return JSONResponse({"data": [shown(d) for d in found[:limit]], "nextCursor": more})

    async def one(self, request: Request) -> Response:
        doc = self._execution(request)
        return JSONResponse(shown(doc, with_data=request.query_params.get("includeData") == "true"))

    async def retry(self, request: Request) -> Response:
        doc = self._execution(request)
        if doc["status"] == "success":
            raise errors.Refusal(JSONResponse({"message": "The execution succeeded, so it cannot be retried."}, 409))
        again, _ = self.executions.begin(doc["payload"], mode="retry", retry_of=doc["id"])
        return JSONResponse(shown(again))

    async def stop(self, request: Request) -> Response:
        return JSONResponse(shown(self.executions.stop(self._execution(request)["id"])))

    def _workflow(self) -> dict[str, Any]:
        live = self.world.modes["n8n_published"]
        return {
            "id": credentials.N8N_WORKFLOW_ID,
            "name": "sidedesk: massive AI audit",
            "active": live,
            "nodes": [],
            "connections": {},
            "settings": {},
        }

    async def workflows(self, request: Request) -> Response:
        self._key(request)
        return JSONResponse({"data": [self._workflow()], "nextCursor": None})

    async def workflow(self, request: Request) -> Response:
        self._key(request)
        if request.path_params["workflow"] != credentials.N8N_WORKFLOW_ID:
            raise errors.Refusal(JSONResponse({"message": "Not Found"}, 404))
        return JSONResponse(self._workflow())

    async def nowhere(self, request: Request) -> Response:
        return HTMLResponse(f"<pre>Cannot {request.method} {request.url.path}</pre>", 404)


def _accepted(doc: dict[str, Any]) -> Response:
    return JSONResponse({"accepted": True, "execution_id": doc["id"], "workflow_id": doc["workflowId"]})
