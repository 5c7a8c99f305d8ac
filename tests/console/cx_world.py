"""Figures, knowledge, experiments, calibration and health of the made-up organisation, with the API's shapes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.console.cx_desk import RETURNS, Row, at


def figure(value: float | None, unit: str, badge: str = "grey", target: float | None = None, *, basis: int = 214, at_most: bool = False, good: bool | None = None) -> Row:  # fmt: skip
    return {"value": value, "unit": unit, "basis": basis if value is not None else 0, "target": target, "target_is": (("at_most" if at_most else "at_least") if target else None), "on_target": good, "badge": badge}  # fmt: skip


class Cx:
    """What the CX page asks for beside the queue."""

    def __init__(self) -> None:
        self.quiet = False
        self.articles: list[Row] = [
            self._article("k-1", "Returns and refunds", RETURNS, source="Help centre", version=3, url="https://northwind.example/returns"),
            self._article("k-2", "Shipping to Norway, Switzerland and the islands: what it costs, how long it takes and who pays the customs duties that may be due", "We ship to Norway for 12 euros.", state="waiting"),
            self._article("k-3", "Gift cards", "Gift cards are valid for three years.", state="failed", error="The spending cap of this month is reached. It is tried again by itself."),
            self._article("k-4", "Opening hours 2024", "Closed.", status="archived"),
        ]  # fmt: skip
        self.gold: list[Row] = [
            {"id": f"g-{i}", "customer_message": q, "reply": a, "tone": 4, "accuracy": 5 - i, "policy": 4, "why": "It answers, but promises a day.", "created_by": "admin@northwind.example", "created_at": at(-9000 - i), "retired_at": None}
            for i, (q, a) in enumerate([("When does it arrive?", "Tomorrow, I guarantee it."), ("May I return it?", "Yes, within 30 days."), ("You are useless!", "I am sorry. Let me look at it.")])
        ]  # fmt: skip
        self.graded: dict[str, dict[str, Row]] = {}
        self.versions = [1, 2]
        self.experiments: list[Row] = []
        self.chatwoots: list[Row] = [{
            "integration_id": "i-chatwoot", "name": "Chatwoot", "base_url": "https://chat.northwind.example",
            "probe": {"ok": True, "message": "Chatwoot 4.6.0 answers and knows the token.", "probed_at": at(-3), "version": "4.6.0", "queue_services": "ok", "data_services": "ok", "checks": [
                {"name": "API", "path": "/api", "ok": True, "status": 200, "latency_ms": 41, "note": "Version 4.6.0"}, {"name": "Account", "path": "/api/v1/accounts/3", "ok": True, "status": 200, "latency_ms": 66, "note": ""},
                {"name": "Health of old versions", "path": "/rails/health", "ok": False, "status": 404, "latency_ms": 12, "note": "Not there in today's versions."}]},
            "visits_24h": 288, "up_percent_24h": 99.7, "sweep": {"since": at(-15), "started_at": at(-4), "finished_at": at(-3.9), "conversations": 38, "messages": 141, "missed": 1, "problem": ""},
        }]  # fmt: skip
        self.missed: list[Row] = [{"integration_id": "i-chatwoot", "message_id": 5, "conversation_id": "c-9", "chatwoot_conversation": 809, "author": "Grace Okafor", "text": "Hello? Is anybody there?", "written_at": at(-190), "received_at": at(-186), "found_by": "sweep", "answered": True}]  # fmt: skip

    @staticmethod
    def _article(article_id: str, title: str, body: str, *, source: str = "", version: int = 1, url: str = "", state: str = "indexed", error: str | None = None, status: str = "active") -> Row:  # fmt: skip
        return {
            "id": article_id, "title": title, "source": source, "url": url, "format": "markdown", "language": "en", "status": status, "version": version, "index_status": state, "index_error": error,
            "indexed_version": version, "indexed_at": at(-800), "created_by": "admin@northwind.example", "created_at": at(-90_000), "updated_at": at(-17_000), "checked_at": at(-17_000), "body": body, "chunks": 0 if state != "indexed" else 4,
        }  # fmt: skip

    # -- figures ---------------------------------------------------------------

    def tile(self, waiting: int) -> Row:
        m = self.metrics(7)
        return {"queue_size": waiting + 2, "drafts_pending": waiting, "days": 7, "sla_minutes": 15, "response_mean": m["efficiency"]["response_mean"], "sla_percent": m["efficiency"]["sla_percent"], **m["quality"], "ai_drafted_percent": m["volume"]["ai_drafted_percent"]}  # fmt: skip

    def metrics(self, days: int) -> Row:
        def f(value: float, unit: str, *more: Any, **kw: Any) -> Row:
            return figure(None, unit, target=more[1] if len(more) > 1 else None, **{k: v for k, v in kw.items() if k == "at_most"}) if self.quiet else figure(value, unit, *more, **kw)  # fmt: skip

        n = 0 if self.quiet else 1
        today = datetime.now(UTC).date()
        daily = []
        for i in range(days):
            closed = self.quiet or i % 7 == 3
            daily.append({
                "date": (today - timedelta(days=days - 1 - i)).isoformat(), "drafted": 0 if closed else 30 + (i * 7) % 12, "manual": 0 if closed else 2 + i % 4, "tone": None if closed else 4.4 + (i % 5) / 20,
                "accuracy": None if closed else 4.6 + (i % 4) / 20, "policy": None if closed else 4.7 + (i % 3) / 20, "overall": None if closed else 4.6, "response_minutes": None if closed else 9 + i % 4, "approval_minutes": None if closed else 8 + (i * 3) % 9, "sla_percent": None if closed else 93.0,
            })  # fmt: skip
        return {
            "days": days, "channel": None, "timezone": "Europe/Berlin", "sla_minutes": 15, "daily": daily, "edits": [n * v for v in (141, 32, 14, 9, 6, 4, 3, 2, 2, 1)],
            "volume": {"total": figure(n * 236, "replies"), "ai_drafted": figure(n * 214, "replies"), "manual": figure(n * 22, "replies"), "ai_drafted_percent": f(90.7, "percent", "green", 90, good=True)},
            "quality": {"tone": f(4.62, "mark", "green", 4.5, good=True), "accuracy": f(4.61, "mark", "green", 4.7, good=False), "policy": f(3.9, "mark", "red", 4.8, good=False), "overall": f(4.38, "mark", "yellow")},
            "efficiency": {
                **{k: f(v, "seconds") for k, v in (("response_mean", 760), ("response_median", 610), ("response_p90", 1410), ("latency_mean", 14), ("latency_median", 11), ("latency_p90", 26), ("approval_mean", 640))},
                "approval_median": f(540, "seconds", "green", 900, at_most=True, good=True), "sla_percent": f(92.6, "percent", "yellow", 95, good=False),
            },
            "learning": {"edit_distance": f(31, "characters"), "edit_ratio": f(0.094, "ratio"), "approval_rate": f(88.2, "percent"), "light_edit_rate": f(81.0, "percent", "yellow", 85, good=False)},
        }  # fmt: skip

    # -- knowledge ---------------------------------------------------------------

    def take(self, body: Row, who: str) -> Row:
        made = self._article(f"k-{uuid.uuid4().hex[:6]}", body["title"], body["body"], url=body.get("url", ""), state="waiting") | {"created_by": who, "updated_at": at(0)}  # fmt: skip
        self.articles.insert(0, made)
        return made

    def bring_in(self, body: Row, who: str) -> Row:
        rows = [line.split(",", 1) for line in body["content"].splitlines()[1:]] if body["format"] == "csv" else [[body["content"].splitlines()[0].lstrip("# "), body["content"]]]  # fmt: skip
        good = [r for r in rows if len(r) == 2 and r[1].strip()]
        made = [self.take({"title": r[0], "body": r[1]}, who)["id"] for r in good]
        refused = [{"row": i + 2, "title": r[0], "reason": "The body is empty."} for i, r in enumerate(rows) if r not in good]  # fmt: skip
        return {"created": len(made), "changed": 0, "unchanged": 0, "refused": refused, "articles": made}

    def found(self, q: str) -> Row:
        hits = [a for a in self.articles if a["index_status"] == "indexed" and a["status"] == "active" and any(w in a["body"].lower() for w in q.lower().split())]  # fmt: skip
        return {"mode": "hybrid", "note": "", "data": [{"id": f"p-{a['id']}", "article_id": a["id"], "title": a["title"], "text": a["body"], "url": a["url"], "version": a["version"], "updated_at": a["updated_at"], "score": 0.0325, "similarity": 0.71, "text_rank": 1} for a in hits]}  # fmt: skip

    # -- calibration ---------------------------------------------------------------

    def calibration(self, who: str, everybody: bool) -> Row:
        live = [g for g in self.gold if g["retired_at"] is None]
        mine = self.graded.get(who, {})

        def part(graded: dict[str, Row], name: str) -> Row:
            pairs = [
                (marks[name], next(g for g in self.gold if g["id"] == item)[name]) for item, marks in graded.items()
            ]
            same = sum(a == b for a, b in pairs)
            return {"items": len(pairs), "exact_percent": round(100 * same / len(pairs), 1), "within_one_percent": 100.0, "mean_difference": round(sum(a - b for a, b in pairs) / len(pairs), 2), "weighted_kappa": None if same == len(pairs) else 0.61}  # fmt: skip

        shown = {r: g for r, g in self.graded.items() if g and (everybody or r == who)}
        return {
            "items": len(live), "graded": len([g for g in live if g["id"] in mine]), "next": [{k: g[k] for k in ("id", "customer_message", "reply")} for g in live if g["id"] not in mine],
            "agreement": [{"reviewer": r, "items": len(g), **{name: part(g, name) for name in ("tone", "accuracy", "policy")}} for r, g in shown.items()], "straight_lining": [],
        }  # fmt: skip

    def grade(self, item_id: str, who: str, marks: Row) -> Row | None:
        if item_id in self.graded.setdefault(who, {}):
            return None
        self.graded[who][item_id] = marks
        item = next(g for g in self.gold if g["id"] == item_id)
        return {"item": item, "yours": marks, "difference": {k: marks[k] - item[k] for k in marks}}

    # -- experiments -----------------------------------------------------------------

    def start(self, body: Row, who: str) -> Row:
        def rate(hits: int, of: int) -> Row:
            return {"percent": round(100 * hits / of, 1), "low": 71.2, "high": 90.4, "hits": hits, "of": of}

        outcomes = [{"variant": v["name"], "prompt_version": v["prompt_version"], "share": v["share"], "drafts": 61, "sent": 48, "approved": 50, "rejected": 6, "regenerated": 3, "answered_manually": 2, "approval_rate": rate(50, 56), "used_rate": rate(44 + i, 61), "edit_ratio": {"mean": 0.11 - i / 50, "low": 0.07, "high": 0.15, "of": 48}, "graded": 56, "tone": 4.6, "accuracy": 4.5, "policy": 4.8} for i, v in enumerate(body["variants"])]  # fmt: skip
        made = {"id": f"e-{len(self.experiments)}", "name": body["name"], "hypothesis": body["hypothesis"], "running": True, "started_by": who, "started_at": at(-4000), "stopped_by": None, "stopped_at": None, "winner": None, "outcomes": outcomes, "verdict": "Not enough replies yet: a difference this small may be chance."}  # fmt: skip
        self.experiments.insert(0, made)
        return made

    def health(self) -> Row:
        if not self.chatwoots:
            return {"ok": None, "message": "No Chatwoot is connected. Connect one under Settings, Integrations.", "chatwoots": []}  # fmt: skip
        return {"ok": True, "message": "Chatwoot answers.", "chatwoots": self.chatwoots}
