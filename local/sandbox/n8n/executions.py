"""Executions: queued, run a few at a time, remembered; what was running when the process died is `crashed`."""

import asyncio
import datetime
from typing import Any

from local.sandbox import credentials
from local.sandbox.n8n.calls import NodeFailed
from local.sandbox.n8n.play import Killed, Play, Run
from local.sandbox.world import World

Doc = dict[str, Any]
KIND = "n8n_execution"
_ENDED = ("success", "error", "crashed", "canceled")


class Executions:
    def __init__(self, world: World) -> None:
        self.world = world
        self.play = Play(world)
        self.known: dict[str, Doc] = {d["id"]: d for d in world.store.all(KIND)}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._waiting: list[tuple[Doc, asyncio.Future[None]]] = []
        for doc in self.known.values():
            if doc["status"] not in _ENDED:
                self._end(doc, "crashed")

    def begin(
        self, payload: Doc, mode: str = "webhook", retry_of: str | None = None
    ) -> tuple[Doc, asyncio.Future[None]]:
        """A new execution and the moment it really starts."""
        ident = str(max((int(i) for i in self.known), default=1000) + 1)
        doc: Doc = {
            "id": ident,
            "finished": False,
            "mode": mode,
            "retryOf": retry_of,
            "retrySuccessId": None,
            "status": "new",
            "createdAt": _now(),
            "startedAt": None,
            "stoppedAt": None,
            "workflowId": credentials.N8N_WORKFLOW_ID,
            "waitTill": None,
            "payload": payload,
            "error": None,
        }
        self.known[ident] = doc
        self.world.store.put(KIND, doc)
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((doc, started))
        self._fill_slots()
        return doc, started

    def _fill_slots(self) -> None:
        limit = self.world.modes["n8n_limit"]
        slots = limit if limit > 0 else self.world.modes["n8n_workers"]
        while self._waiting and len(self._running) < slots:
            doc, started = self._waiting.pop(0)
            task = self.world.start(self._run(doc))
            self._running[doc["id"]] = task
            task.add_done_callback(lambda _, ident=doc["id"]: self._free(ident))  # type: ignore[misc]
            if not started.done():
                started.set_result(None)

    def _free(self, ident: str) -> None:
        self._running.pop(ident, None)
        if not self._closing():
            self._fill_slots()

    @staticmethod
    def _closing() -> bool:
        try:
            return asyncio.get_running_loop().is_closed()
        except RuntimeError:
            return True

    async def _run(self, doc: Doc) -> None:
        doc.update(status="running", startedAt=_now())
        self.world.store.put(KIND, doc)
        run = Run(doc["id"], doc["payload"])
        try:
            await self.play.perform(run)
        except Killed:
            self._end(doc, "crashed")
        except NodeFailed as exc:
            self._end(doc, "error", {"message": str(exc), "node": exc.node})
            await self.play.report_crash(run, exc, doc["workflowId"])
        except asyncio.CancelledError:
            raise
        except Exception as exc:  # a bug in a node is an error of the execution, as in n8n
            failure = NodeFailed(run.node, f"{type(exc).__name__}: {exc}")
            self._end(doc, "error", {"message": str(failure), "node": run.node})
            await self.play.report_crash(run, failure, doc["workflowId"])
        else:
            self._end(doc, "success")

    def _end(self, doc: Doc, status: str, error: Doc | None = None) -> None:
        doc.update(status=status, finished=status == "success", stoppedAt=_now(), error=error)
        self.world.store.put(KIND, doc)
        if status == "success" and doc["retryOf"] in self.known:
            first = self.known[doc["retryOf"]]
            first["retrySuccessId"] = doc["id"]
            self.world.store.put(KIND, first)

    def stop(self, ident: str) -> Doc:
        doc = self.known[ident]
        self._waiting = [(d, f) for d, f in self._waiting if d["id"] != ident]
        if task := self._running.get(ident):
            task.cancel()
        if doc["status"] not in _ENDED:
            self._end(doc, "canceled")
        return doc

    async def stop_all(self, forget: bool) -> None:
        for ident in [d["id"] for d, _ in self._waiting] + list(self._running):
            self.stop(ident)
        if forget:
            for ident in list(self.known):
                self.world.store.delete(KIND, ident)
            self.known.clear()


def shown(doc: Doc, with_data: bool = False) -> Doc:
    shape = {k: v for k, v in doc.items() if k not in ("payload", "error")}
    if with_data:
        shape["data"] = {"resultData": {"error": doc["error"], "runData": {}}}
    return shape


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
