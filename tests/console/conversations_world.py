"""The conversations of the made-up organisation: one of each state, two batches, imports, exports, and runs that move on with each look."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from tests.console.audits_world import ago

Row = dict[str, Any]
Page = Callable[[list[Row]], Row]
Answer = tuple[str, Callable[[Page], Any]]

STATUSES = ("not_started", "validating", "validated", "enrichment_in_progress", "normalizing", "completed", "failed")
REASONS = {
    "invalid_raw": "turn t1: Its role “wizard” is not known. Use customer, agent, bot, note or system.",
    "llm_unavailable": "The model's provider is busy. It was asked 4 times.",
}
LONG = "Wolfeschlegelsteinhausenbergerdorff-Konstantinopoulou wants to know where the order is that was promised for the week before last"
TURNS: list[tuple[str, str, str, str, str]] = [
    ("customer", "Sofia Keller", "<NAME_1>", "Hi 👋 I am Sofia Keller, my mail is sofia@keller.example and my phone +49 170 5550142. Where is order NW-28310?", "Hi 👋 I am <NAME_1>, my mail is <EMAIL_1> and my phone <PHONE_1>. Where is order NW-28310?"),
    ("agent", "Ana Petrović", "<NAME_2>", "Hello Sofia, I am sorry. It arrives tomorrow.", "Hello <NAME_1.2>, I am sorry. It arrives tomorrow."),
    ("note", "Ana Petrović", "<NAME_2>", "Carrier says the parcel sits in Leipzig.", "Carrier says the parcel sits in Leipzig."),
    ("customer", "Sofia Keller", "<NAME_1>", "You said that on Monday. <b>Write</b> to sofia@keller.example when it is true.", "You said that on Monday. <b>Write</b> to <EMAIL_1> when it is true."),
    ("agent", "Ana Petrović", "<NAME_2>", "I promise it. Anything else?", "I promise it. Anything else?"),
]  # fmt: skip


class Unknown(Exception):
    def __init__(self, status: int, code: str, sentence: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence, self.details = status, code, sentence, details or []


def missing() -> Unknown:
    return Unknown(404, "not_found", "There is no such thing.")


def raw_document(external_id: str) -> Row:
    turns = [
        {"id": f"t{i}", "role": role, "author": author, "text": text, "at": ago(600 - 4 * i), "attachments": []}
        for i, (role, author, _, text, _) in enumerate(TURNS, 1)
    ]
    turns.insert(3, turns[2] | {"id": "t3b"})  # delivered twice
    return {"format": "sidedesk.raw/1", "source": "upload", "source_account": "", "external_id": external_id, "title": "Late parcel", "channel": "chat", "customer": {}, "agents": [], "turns": turns, "metadata": {}}  # fmt: skip


def enriched_document(external_id: str) -> Row:
    intents = ["delivery", "apology", "other", "complaint", "closing"]
    moods = [("neutral", -0.1), ("positive", 0.2), None, ("negative", -0.7), ("positive", 0.4)]
    turns = [
        {
            "id": f"t{i}", "number": i, "role": role, "author": author, "text": text, "at": ago(600 - 4 * i), "attachments": [], "intent": intent,
            "sentiment": mood and {"label": mood[0], "score": mood[1], "vader": -0.42}, "emotion": "anger" if i == 4 else "neutral",
            "entities": [{"type": "order_number", "text": "NW-28310"}, {"type": "placeholder", "text": "<EMAIL_1>"}] if i == 1 else [], "policy_flags": ["promise"] if i == 5 else [],
        }
        for i, ((role, _, author, _, text), intent, mood) in enumerate(zip(TURNS, intents, moods, strict=True), 1)
    ]  # fmt: skip
    counts = dict.fromkeys(("bot_turns", "note_turns", "attachments"), 0)
    return {
        "format": "sidedesk.enriched/1", "turns": turns,
        "conversation": {"id": "c-done", "source": "upload", "source_account": "", "external_id": external_id, "title": "Late parcel", "channel": "chat", "started_at": ago(596), "ended_at": ago(580)},
        "overall": {"summary": "<NAME_1> asks where order NW-28310 is and gets a promise.", "topic": "delivery", "language": "en", "sentiment": "negative", "sentiment_score": -0.4, "resolution": "unresolved", "effort": 3.5, "predicted_csat": 2.1,
                    "quality": {"clarity": 4.0, "empathy": 3.5, "completeness": 2.0, "professionalism": 4.0}, "policy_flags": ["promise"], "confidence": 0.81},
        "metrics": counts | {"turns": 5, "customer_turns": 2, "agent_turns": 2, "words": 58, "customer_words": 34, "agent_words": 13, "agent_share": 0.2766, "longest_turn_words": 21, "words_per_sentence": 6.4, "customer_questions": 1, "agent_questions": 1, "duration_seconds": 960, "first_response_seconds": 240, "median_response_seconds": 240},
        "validation": {"findings": [{"level": "warning", "code": "duplicate_turn", "reason": "The same words at the same time were there before; it is left out.", "turn_id": "t3b"}], "labelled_share": 1.0},
        "provenance": {"pipeline_version": "1.0", "raw_digest": "cd05", "enriched_at": ago(30), "provider": "openai", "model": "gpt-4.1-mini", "prompt_version": "enrich.conversation.v1", "prompt_hash": "7190331b5f95e237", "settings": {}, "windows": 1, "calls": 1, "cost_usd": 0.0003084, "redactions": {"EMAIL": 1, "NAME": 2, "PHONE": 1}, "suspicions": 0},
    }  # fmt: skip


class Library:
    """Conversations with their runs, batches, imports and exports, answered with the API's shapes."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.uploads: dict[str, Row] = {}
        self.runs: dict[str, Row] = {}
        self.fails: dict[str, str] = {}  # conversation -> category, for as long as a test wants it to fail
        self.conversations = [
            self.conversation("c-new", "not_started", title="Refund to a closed account"),
            self.conversation("c-done", "completed", title="Late parcel"),
            self.conversation("c-bad", "failed", title="", customer="Merlin", external_id="ext-9", failed_step="validate", error_category="invalid_raw", error_message=REASONS["invalid_raw"]),
            self.conversation("c-busy", "failed", title="Login loops", failed_step="enrich", error_category="llm_unavailable", error_message=REASONS["llm_unavailable"]),
            self.conversation("c-going", "enrichment_in_progress", title=LONG, leased=True),
            self.conversation("c-bare", "not_started", title="", customer="", external_id="550192", source="chatwoot", has_raw=False, message_count=None, started_at=None),
        ]  # fmt: skip
        self.batches = [
            self.batch("b-run", "running", completed=4),
            self.batch("b-done", "completed", completed=9, failed=1),
        ]
        self.imports = [
            self.import_("i-run", "running", kind="intercom", wish={"from": "2026-11-01", "to": "2026-11-07"}, created=120, total=400, progress=0.3),
            self.import_("i-done", "completed", wish={"filename": "chats of the autumn.csv", "bytes": 48_000}, created=90, changed=3, unchanged=5, refused=2, total=100, progress=1.0, refusals=[{"row": 14, "reason": "It has no turns."}, {"row": 77, "reason": "The rows of this conversation do not stand together."}]),
            self.import_("i-failed", "failed", kind="json", wish={"bytes": 900}, error="This is no JSON from character 812 on: a comma is missing."),
        ]  # fmt: skip
        self.exports = [self.export("e-done", "completed", "openai", written=70, skipped=2, size=812_000)]

    # -- things --------------------------------------------------------------

    def conversation(self, one: str, status: str, **more: Any) -> Row:
        done = status == "completed"
        return {
            "id": one, "source": "upload", "external_id": f"ext-{one}", "title": "", "channel": "chat", "customer": "Sofia Keller", "started_at": ago(600), "last_message_at": ago(580), "message_count": 6, "enrichment_status": status,
            "failed_step": None, "error_category": None, "error_message": None, "topic": "delivery" if done else None, "language": "en" if done else None, "sentiment": "negative" if done else None, "resolution": "unresolved" if done else None,
            "predicted_csat": 2.1 if done else None, "created_at": ago(90), "updated_at": ago(30), "has_raw": True, "has_enriched": done, "source_account": "", "raw_bytes": 2048, "enriched_at": ago(30) if done else None, "stale": False, "leased": False, "import_id": None,
        } | more  # fmt: skip

    def batch(self, one: str, status: str, *, completed: int, failed: int = 0, **more: Any) -> Row:
        return {
            "id": one, "status": status, "topics": ["A parcel that never came", "Login loops"], "style": "everyday", "language": "en", "auto_enrich": False, "max_cost_usd": 5.0, "total": 10, "completed": completed, "failed": failed,
            "enrich_run_id": None, "created_by": "admin@northwind.example", "created_at": ago(70), "finished_at": None if status == "running" else ago(50),
        } | more  # fmt: skip

    def import_(self, one: str, status: str, **more: Any) -> Row:
        made = {"id": one, "kind": "csv", "wish": {}, "status": status, "progress": 0.0, "total": None, "created": 0, "changed": 0, "unchanged": 0, "refused": 0, "error": None, "created_at": ago(15), "completed_at": None, "refusals": []}  # fmt: skip
        return made | {"status_url": f"/api/conversations/imports/{one}"} | more

    def export(self, one: str, status: str, kind: str, **more: Any) -> Row:
        self.files[f"{one}.txt"] = b'{"messages":[]}\n'
        made = {"id": one, "format": kind, "wish": {"status": "completed"}, "status": status, "written": None, "skipped": None, "size": None, "error": None, "created_at": ago(10), "completed_at": None, "status_url": "", "url": None, "expires_in": None}  # fmt: skip
        return made | more

    def many(self, number: int, status: str = "not_started") -> None:
        self.conversations = [
            self.conversation(f"m-{i:04}", status, title=f"Conversation {i:04}") for i in range(number)
        ]

    # -- routes --------------------------------------------------------------

    def answer(
        self, method: str, area: str, rest: list[str], query: dict[str, str], body: Row, integrations: list[Row]
    ) -> Answer:
        if area == "uploads":
            return "uploads.write", lambda _: self._upload(rest, body)
        match method, rest:
            case "GET", []:
                return "conversations.read", lambda page: self._listed(query, page)
            case "POST", ["import"]:
                return "conversations.write", lambda _: self._import(body, integrations)
            case "GET", ["imports"]:
                return "conversations.read", lambda page: page(self.imports)
            case "GET", ["imports", one]:
                return "conversations.read", lambda _: self._advance_import(find(self.imports, one))
            case "GET", ["export"]:
                return "conversations.export", lambda _: self._export(query)
            case "GET", ["exports"]:
                return "conversations.export", lambda page: page(self._written())
            case "GET", ["exports", one]:
                return "conversations.export", lambda _: find(self.exports, one) | {"url": f"/_files/{one}.txt"}
            case "POST", ["bulk-enrich"]:
                return "enrichment.run", lambda _: self._run(body["conversationIds"])
            case "GET", ["bulk-enrich", one]:
                return "enrichment.read", lambda _: self._advance(one)
            case "POST", ["bulk-enrich", one, "retry"]:
                return "enrichment.run", lambda _: self._retry(one)
            case "GET", ["batch"]:
                return "enrichment.read", lambda page: page(self.batches)
            case "POST", ["batch"]:
                return "enrichment.run", lambda _: self._batch(body)
            case "GET", ["batch", one]:
                return "enrichment.read", lambda _: self._advance_batch(find(self.batches, one))
            case "GET", ["batch", one, "items"]:
                return "enrichment.read", lambda _: {"success": True, "data": self._items(find(self.batches, one))}
            case "POST", ["batch", one, "enrich"]:
                return "enrichment.run", lambda _: self._enrich_batch(find(self.batches, one))
            case "POST", [one, "enrich"]:
                return "enrichment.run", lambda _: self._run([one])
            case "GET", [one, "findings"]:
                finding = {"level": "error", "code": "unknown_role", "reason": REASONS["invalid_raw"][9:], "turn_id": "t1"}  # fmt: skip
                return "enrichment.read", lambda _: {"conversation_id": one, "checked_at": ago(3), "outdated": False, "findings": [finding]}  # fmt: skip
            case "GET", [one, ("raw" | "enriched") as kind]:
                return "conversations.read", lambda _: self._document(find(self.conversations, one), kind, query)
            case "GET", [one]:
                return "conversations.read", lambda _: self._look(find(self.conversations, one))
            case "DELETE", [one]:
                return (
                    "conversations.write",
                    lambda _: self.conversations.remove(find(self.conversations, one)) or {"success": True},
                )
        raise missing()

    def _listed(self, query: dict[str, str], page: Page) -> Row:
        def fits(c: Row) -> bool:
            return all(query.get(name, c[name]) == c[name] for name in ("source", "topic", "language", "import_id")) and query.get("q", "").lower() in f"{c['title']} {c['customer']} {c['external_id']} {c['topic']}".lower()  # fmt: skip

        found = [c for c in self.conversations if fits(c)]
        counts = {status: sum(c["enrichment_status"] == status for c in found) for status in STATUSES}
        wanted = query.get("enrichment_status")
        answer = page([c for c in found if wanted in (None, c["enrichment_status"])])
        return answer | {"counts": None if "cursor" in query else counts}

    def _look(self, c: Row) -> Row:
        if c.pop("next", None):
            self._settle(c)
        return c

    def _document(self, c: Row, kind: str, query: dict[str, str]) -> Row:
        if "link" in query or (c["raw_bytes"] or 0) > 4_000_000:
            self.files[f"{kind}-{c['id']}.json"] = b"{}"
            return {"url": f"/_files/{kind}-{c['id']}.json", "expires_in": 300}
        if not c[f"has_{kind}"]:
            raise missing()
        return raw_document(c["external_id"]) if kind == "raw" else enriched_document(c["external_id"])

    # -- runs: each look settles one more conversation -----------------------

    def _run(self, ids: list[str]) -> Row:
        unknown = [one for one in ids if not any(c["id"] == one for c in self.conversations)]
        if unknown:
            raise Unknown(404, "conversations_not_found", f"One conversation does not exist: {unknown[0]}. Nothing was started.", [{"field": "conversationIds", "message": f"There is no conversation {unknown[0]}."}])  # fmt: skip
        run_id = f"r-{len(self.runs)}"
        self.runs[run_id] = {"ids": ids, "results": {}}
        for one in ids:
            c = find(self.conversations, one)
            if c["enrichment_status"] == "completed":
                self.runs[run_id]["results"][one] = {"conversationId": one, "status": "skipped", "enrichmentStatus": "completed"}  # fmt: skip
            else:
                c |= {"leased": True, "next": True}
        return self._told(run_id)

    def _told(self, run_id: str) -> Row:
        run = self.runs[run_id]
        results = list(run["results"].values())
        of = {name: sum(r["status"] == name for r in results) for name in ("enriched", "failed", "skipped")}
        pending = len(run["ids"]) - len(results)
        return {
            "success": not of["failed"], "summary": {"total": len(run["ids"]), "successful": of["enriched"], "failed": of["failed"], "skipped": of["skipped"], "pending": pending}, "results": results,
            "run_id": run_id, "status": "running" if pending else "completed", "status_url": "", "progress": {"done": len(results), "total": len(run["ids"]), "percent": 0}, "started_at": ago(0),
        }  # fmt: skip

    def _advance(self, run_id: str) -> Row:
        if run_id not in self.runs:
            raise missing()
        run = self.runs[run_id]
        step = max(1, len(run["ids"]) // 3)
        for one in [one for one in run["ids"] if one not in run["results"]][:step]:
            c = find(self.conversations, one)
            self._settle(c)
            run["results"][one] = {"conversationId": one, "status": "failed" if c["enrichment_status"] == "failed" else "enriched", "error": c["error_message"], "error_category": c["error_category"], "enrichmentStatus": c["enrichment_status"]}  # fmt: skip
        return self._told(run_id)

    def _settle(self, c: Row) -> None:
        why = self.fails.get(c["id"])
        c |= {"leased": False, "updated_at": ago(0), "failed_step": None, "error_category": why, "error_message": why and REASONS[why]}  # fmt: skip
        c.pop("next", None)
        c |= {"enrichment_status": "failed", "failed_step": "enrich"} if why else {"enrichment_status": "completed", "has_enriched": True, "topic": "delivery", "language": "en"}  # fmt: skip

    def _retry(self, run_id: str) -> Row:
        results = self.runs[run_id]["results"]
        for one in [one for one, result in results.items() if result["status"] == "failed"]:
            del results[one]
        return self._told(run_id)

    # -- batches, imports, exports --------------------------------------------

    def _batch(self, body: Row) -> Row:
        if not 1 <= body["count"] <= 500:
            raise Unknown(400, "invalid_request", "The request is not valid: count.", [{"field": "count", "message": "Input should be less than or equal to 500"}])  # fmt: skip
        made = self.batch("b-new", "running", completed=0) | {"total": body["count"], "topics": body["topics"], "auto_enrich": body["auto_enrich"]}  # fmt: skip
        self.batches.insert(0, made)
        return made

    def _advance_batch(self, batch: Row) -> Row:
        if batch["id"] == "b-new" and batch["status"] == "running":
            batch["completed"] += 1
            if batch["completed"] == batch["total"]:
                batch |= {"status": "completed", "finished_at": ago(0)}
        return batch

    def _items(self, batch: Row) -> list[Row]:
        rows = []
        for i in range(batch["total"]):
            status = "completed" if i < batch["completed"] else "failed" if i < batch["completed"] + batch["failed"] else "pending"  # fmt: skip
            own = f"{batch['id']}-{i}" if status == "completed" else None
            rows.append({"id": str(i), "conversation_id": own, "status": status, "topic": batch["topics"][i % len(batch["topics"])], "error": "The model refused this topic." if status == "failed" else None})  # fmt: skip
            if own and not any(c["id"] == own for c in self.conversations):
                self.conversations.append(self.conversation(own, "not_started", title=rows[-1]["topic"], source="generated"))  # fmt: skip
        return rows

    def _enrich_batch(self, batch: Row) -> Row:
        told = self._run([row["conversation_id"] for row in self._items(batch) if row["conversation_id"]])
        batch["enrich_run_id"] = told["run_id"]
        return told

    def _import(self, body: Row, integrations: list[Row]) -> Row:
        source = body.get("source")
        if source in ("chatwoot", "intercom") and not any(i["kind"] == source for i in integrations):
            raise Unknown(409, "not_connected", f"No {source.title()} is connected. Add it under Settings → Integrations first.")  # fmt: skip
        if source and source != "audit" and body["to"] < body["from"]:
            raise Unknown(400, "invalid_request", "The request is not valid: to.", [{"field": "to", "message": "Choose a day on or after the first one."}])  # fmt: skip
        name = self.uploads[body["upload_id"]]["filename"] if "upload_id" in body else None
        made = self.import_(f"i-{len(self.imports)}", "queued", kind=source or body["format"], wish={"filename": name} if name else {}, new=True)  # fmt: skip
        self.imports.insert(0, made)
        return made

    def _advance_import(self, one: Row) -> Row:
        if one.get("new") and one["status"] != "completed":
            one |= {"status": "running", "progress": min(1.0, one["progress"] + 0.5), "created": one["created"] + 2, "total": 4}  # fmt: skip
            if one["progress"] == 1:
                one |= {"status": "completed", "completed_at": ago(0)}
        return one

    def _export(self, query: dict[str, str]) -> Row:
        wish = {{"from": "start", "to": "end"}.get(k, k): v for k, v in query.items() if k != "format"}
        made = self.export(f"e-{len(self.exports)}", "queued", query["format"], wish=wish)
        self.exports.insert(0, made)
        return made

    def _written(self) -> list[Row]:
        for one in self.exports:
            if one["status"] == "running":
                one |= {"status": "completed", "written": 1, "skipped": 0, "size": 3000}
            elif one["status"] == "queued":
                one["status"] = "running"
        return self.exports

    def _upload(self, rest: list[str], body: Row) -> Row:
        if not rest:
            upload_id = str(uuid.uuid4())
            self.uploads[upload_id] = body
            return {"upload_id": upload_id, "url": f"/_files/{upload_id}", "method": "PUT", "headers": {"Content-Type": body["content_type"]}, "expires_in": 900}  # fmt: skip
        if len(self.files.get(rest[0], b"")) != self.uploads[rest[0]]["size"]:
            raise Unknown(409, "not_uploaded", "The file has not arrived yet. Put it at the address first.")
        return self.uploads[rest[0]] | {"id": rest[0], "status": "complete"}


def find(rows: list[Row], row_id: str) -> Row:
    for row in rows:
        if row["id"] == row_id:
            return row
    raise missing()
