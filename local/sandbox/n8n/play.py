"""The audit workflow, step by step, as its nodes would run."""

import asyncio
import datetime
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from local.sandbox.n8n import judging, transcript
from local.sandbox.n8n.calls import Caller, Doc, NodeFailed
from local.sandbox.world import World

TWO_DAYS = 172_800
_CALLBACK = "/functions/v1/ai-audit-callback"


class Killed(Exception):
    """The process is gone; nobody is told."""


@dataclass
class Run:
    execution_id: str
    payload: Doc
    job: str = ""
    admin: str = ""
    criteria: list[Doc] = field(default_factory=list)
    sent: list[Doc] = field(default_factory=list)
    node: str = "Trigger"


class Play:
    def __init__(self, world: World) -> None:
        self.world = world
        self.call = Caller(world)

    async def perform(self, run: Run) -> None:
        body = run.payload
        run.node = "Normalise"
        for name in ("job_id", "scorecard_id", "start_date", "end_date", "intercom_admin_ids"):
            if not body.get(name):
                raise NodeFailed("Normalise", f"missing field {name}")
        run.job, run.admin = str(body["job_id"]), str(body["intercom_admin_ids"][0])
        low, high = _range(body)
        run.node = "Get scorecard"
        run.criteria = _criteria(
            await self.call.sidedesk("Get scorecard", "GET", f"/api/scorecards/{body['scorecard_id']}")
        )
        await self._progress(run, "Started", status="running")
        if self._effect("silent_after_started"):
            return
        if self._effect("crash"):
            raise NodeFailed("Search", "The connection was aborted, perhaps the server is offline")
        run.node = "Search"
        found = await self._conversations(run, low, high)
        if self._effect("shuffle"):
            random.Random(run.execution_id).shuffle(found)
        await self._progress(run, "Totals", total_conversations=len(found))
        half = len(found) // 2 if self._effect("killed") else None
        for number, conversation in enumerate(found):
            if number == half:
                raise Killed
            await self._one(run, conversation)
            await asyncio.sleep(self.world.modes["n8n_pause_ms"] / 1000)
        if half == len(found):
            raise Killed
        await self._progress(run, "Finished", status="completed", total_conversations=len(found))
        if self._effect("callback_again"):
            for callback in run.sent:
                await self._or_report(lambda c=callback: self._callback(run, c))  # type: ignore[misc]

    async def report_crash(self, run: Run, failure: NodeFailed, workflow_id: str) -> None:
        """The error workflow knows the execution, not the payload."""
        body = {
            "n8n_execution_id": run.execution_id,
            "n8n_workflow_id": workflow_id,
            "error_message": str(failure)[:500],
            "last_node": failure.node,
        }
        await self._or_report(
            lambda: self.call.sidedesk("Report crash", "POST", "/api/massive-ai-audit/engine-errors", body)
        )

    def _effect(self, name: str) -> bool:
        return self.world.faults.effect("n8n", name, "/webhook/massive-ai-audit") is not None

    async def _progress(self, run: Run, node: str, **values: Any) -> None:
        run.node = node
        body = {"intercom_admin_id": run.admin, "n8n_execution_id": run.execution_id, **values}
        await self.call.sidedesk(node, "PATCH", f"/api/massive-ai-audit/jobs/{run.job}/progress", body)

    async def _conversations(self, run: Run, low: int, high: int) -> list[Doc]:
        """Asked for with two days of margin, then cut exactly; a page's repeats are dropped."""
        attribution = str(run.payload.get("attribution") or "assignee")
        number = int(run.admin) if run.admin.isdigit() else 0
        mine: Doc = {"field": "admin_assignee_id", "operator": "=", "value": number}
        if attribution != "assignee":
            mine = {"field": "teammate_ids", "operator": "=", "value": run.admin}
        query = {
            "operator": "AND",
            "value": [
                mine,
                {"field": "created_at", "operator": ">", "value": low - TWO_DAYS},
                {"field": "created_at", "operator": "<", "value": high + TWO_DAYS},
            ],
        }
        found: dict[str, Doc] = {}
        cursor: str | None = None
        for _ in range(500):
            paging = {"per_page": 150} | ({"starting_after": cursor} if cursor else {})
            page = await self.call.intercom(
                "Search", "POST", "/conversations/search", {"query": query, "pagination": paging}
            )
            for item in page.get("conversations") or []:
                if low <= item["created_at"] < high:
                    found[str(item["id"])] = {"id": str(item["id"])}
            cursor = ((page.get("pages") or {}).get("next") or {}).get("starting_after")
            if not cursor:
                break
        ordered = [found[i] for i in sorted(found, key=int)]
        if attribution in ("main_author", "author"):
            return [c for c in ordered if await self._is_main_author(run, c)]
        return ordered

    async def _is_main_author(self, run: Run, item: Doc) -> bool:
        try:
            item["whole"] = await self._fetch(item["id"])
        except NodeFailed:
            return True  # cannot tell; the failure is reported with the conversation
        return transcript.main_author(transcript.turns(item["whole"])) == run.admin

    async def _fetch(self, ident: str) -> Doc:
        found = await self.call.intercom("Fetch", "GET", f"/conversations/{ident}?display_as=plaintext")
        return dict(found)

    async def _one(self, run: Run, item: Doc) -> None:
        try:
            run.node = "Fetch"
            whole = item.get("whole") or await self._fetch(item["id"])
            said = transcript.turns(whole)
            if self._effect("item_error"):
                raise NodeFailed("Judge", "The model could not judge this conversation")
            if reason := transcript.noise(whole, said, run.admin):
                result: Doc = {"skipped_reason": reason}
            else:
                run.node = "Judge"
                answer = await self.call.model("Judge", judging.request(self.world.config.model, run.criteria, said))
                result = judging.read(answer, run.criteria)
        except (NodeFailed, judging.Unusable) as exc:
            problem = str(exc)
            await self._or_report(lambda: self._item_failed(run, item["id"], problem))
            return
        callback = {**_carried(run), "conversation_id": item["id"], **result, "transcript": said}
        run.sent.append(callback)
        run.node = "Callback"
        try:
            await self._callback(run, callback)
            if self._effect("batch_twice"):
                await self._callback(run, callback)
        except NodeFailed as exc:
            problem = str(exc)
            await self._or_report(lambda: self._item_failed(run, item["id"], problem))

    async def _callback(self, run: Run, body: Doc) -> Any:
        return await self.call.sidedesk("Callback", "POST", _CALLBACK, body)

    async def _item_failed(self, run: Run, ident: str, error: str) -> Any:
        body = {
            "job_id": run.job,
            "intercom_admin_id": run.admin,
            "conversation_id": ident,
            "error": error[:500],
            "n8n_execution_id": run.execution_id,
        }
        return await self.call.sidedesk("Item failed", "POST", _CALLBACK, body)

    @staticmethod
    async def _or_report(work: Callable[[], Awaitable[Any]]) -> None:
        """These nodes continue on error: a receiver that is down loses the call."""
        try:
            await work()
        except NodeFailed:
            return


def _carried(run: Run) -> Doc:
    """What the trigger said about the job travels with every result."""
    body = run.payload
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    carried = {
        "job_id": run.job,
        "batch_id": body.get("batch_id") or run.job,
        "scorecard_id": body["scorecard_id"],
        "intercom_admin_id": run.admin,
        "employee_email": body.get("employee_email"),
        "employee_name": body.get("employee_name"),
        "created_by": body.get("created_by"),
        "audit_date": body.get("audit_date") or now,
        "dispatch_id": body.get("dispatch_id"),
        "n8n_execution_id": run.execution_id,
    }
    return {name: value for name, value in carried.items() if value is not None}


def _range(body: Doc) -> tuple[int, int]:
    """The caller's exact seconds when given, else UTC days."""
    if body.get("range_start") and body.get("range_end"):
        return int(body["range_start"]), int(body["range_end"])
    try:
        first, last = (datetime.date.fromisoformat(str(body[k])) for k in ("start_date", "end_date"))
    except ValueError as exc:
        raise NodeFailed("Normalise", f"bad date: {exc}") from exc

    def midnight(day: datetime.date) -> int:
        return int(datetime.datetime.combine(day, datetime.time(), datetime.UTC).timestamp())

    return midnight(first), midnight(last + datetime.timedelta(days=1))


def _criteria(answer: Any) -> list[Doc]:
    for candidate in (answer, *(answer.get(k) for k in ("data", "scorecard") if isinstance(answer, dict))):
        if isinstance(candidate, dict) and isinstance(candidate.get("criteria"), list):
            return list(candidate["criteria"])
    raise NodeFailed("Get scorecard", "the answer has no criteria")
