"""The audits of the made-up organisation: one chat judged well, one badly, one held, one without a transcript."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]


def ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


CRITERIA: list[Row] = [
    {"id": "greeting", "label": "Greets the customer", "guidance": "The first message greets by name.", "type": "yes_no", "weight": 1, "max": 5, "critical": False, "options": [], "quotes_from": ["agent"]},
    {"id": "empathy", "label": "Shows empathy", "guidance": "Names what the customer went through.", "type": "score", "weight": 2, "max": 5, "critical": False, "options": [], "quotes_from": ["agent"]},
    {"id": "accuracy", "label": "Answers the question", "guidance": "Correct and complete, or a next step with a time.", "type": "score", "weight": 3, "max": 5, "critical": True, "options": [], "quotes_from": ["agent"]},
    {"id": "closing", "label": "Closes well", "guidance": "", "type": "choice", "weight": 1, "max": 5, "critical": False, "quotes_from": ["agent"],
     "options": [{"value": "offered_help", "label": "Offers further help", "points": 2}, {"value": "plain", "label": "Ends politely", "points": 1}, {"value": "abrupt", "label": "Ends abruptly", "points": 0}]},
]  # fmt: skip

TURNS: list[tuple[str, str, str]] = [
    ("client", "Sofia Keller", "Hi 👋 my order NW-28310 was promised for last week and nobody told me anything. Where is it?"),
    ("agent", "Ana Petrović", "Hello Sofia 🙂, thank you for waiting. I am sorry about this, I understand how annoying it is."),
    ("note", "Ana Petrović", "Carrier says the parcel sits in Leipzig since Tuesday."),
    ("agent", "Ana Petrović", "It will arrive tomorrow, I guarantee it. You do not need to do anything."),
    ("client", "Sofia Keller", "You said that on Monday as well. Can I have my money back?"),
    ("agent", "Ana Petrović", "That is not something I can do. Bye."),
]  # fmt: skip


def transcript() -> list[Row]:
    return [
        {"part_id": f"9{i}", "role": role, "author": author, "author_id": None, "text": text, "at": ago(3000 - 4 * i)}
        for i, (role, author, text) in enumerate(TURNS)
    ]


def quote(part: int, text: str) -> Row:
    """A place in the transcript, counted in characters as the API does."""
    start = TURNS[part][2].index(text)
    return {"part_id": f"9{part}", "start": start, "end": start + len(text), "text": text, "role": TURNS[part][0]}


GIVEN: dict[str, tuple[Any, str, list[Row]]] = {
    "greeting": ("yes", "The agent opens with a greeting and the name.", [quote(1, "Hello Sofia 🙂, thank you for waiting.")]),
    "empathy": (4, "The agent acknowledges what the customer went through.", [quote(1, "I am sorry about this, I understand how annoying it is.")]),
    "accuracy": (1, "A date is guaranteed that was missed before, and the refund question gets no answer.", [quote(3, "It will arrive tomorrow, I guarantee it."), quote(5, "That is not something I can do.")]),
    "closing": ("abrupt", "The chat ends without an offer of help.", [quote(5, "Bye.")]),
}  # fmt: skip


def share(criterion: Row, value: Any) -> float | None:
    if value in (None, "n/a"):
        return None
    if criterion["type"] == "yes_no":
        return 1.0 if value == "yes" else 0.0
    if criterion["type"] == "choice":
        return next(o["points"] for o in criterion["options"] if o["value"] == value) / 2
    return value / criterion["max"]


def score(values: dict[str, Any]) -> tuple[float, str]:
    parts = [(c, share(c, values[c["id"]])) for c in CRITERIA]
    counted = [(c, part) for c, part in parts if part is not None]
    total = round(100 * sum(c["weight"] * p for c, p in counted) / sum(c["weight"] for c, _ in counted), 2)
    critical = any(c["critical"] and p < 0.5 for c, p in counted)
    return total, "passed" if total >= 75 and not critical else "failed"


class Audits:
    """Audits with their disputes and reviews, answered with the API's shapes."""

    def __init__(self) -> None:
        good = {"greeting": "yes", "empathy": 5, "accuracy": 4, "closing": "offered_help"}
        self.audits: list[Row] = [
            self._audit("a-bad", "Ana Petrović", "ana@northwind.example", {k: v for k, (v, _, _) in GIVEN.items()}),
            self._audit("a-good", "Jun Watanabe", "jun@northwind.example", good),
            self._audit("a-held", "Maya Lindqvist", "maya@northwind.example", good),
            self._audit("a-bare", "Ana Petrović", "ana@northwind.example", good),
        ]
        held = self.audits[2]
        line = "You do not need to do anything."
        held |= {"verdict": "held", "ai_verdict": "held", "ai_confidence_score": 0.41, "held_reason": f"A line in this chat tries to steer whoever rates it: “{line}” (message 93). The score changes when the line is taken out. Please judge this chat yourself."}  # fmt: skip
        held["provenance"]["guard"] = {"hostile": True, "suspects": [quote(3, line) | {"kind": "score_demand", "disguise": "plain", "in_name": False}]}  # fmt: skip
        held["criteria"][1] |= {"status": "unsupported", "quotes": []}
        bare = self.audits[3]
        bare |= {"transcript": None, "provenance": {"engine": "n8n", "n8n_execution_id": "1001"}}
        bare["criteria"] = [c | {"status": "unverified", "quotes": []} for c in bare["criteria"]]

    def _audit(self, audit_id: str, name: str, email: str, values: dict[str, Any]) -> Row:
        total, verdict = score(values)
        return {
            "id": audit_id, "conversation_id": str(21540000 + len(audit_id)), "intercom_admin_id": "5000", "employee_email": email, "employee_name": name, "outcome": "completed",
            "score": total, "verdict": verdict, "held_reason": None, "ai_confidence_score": 0.86, "ai_notes": "Well done: Shows empathy. Answers the question: a date is guaranteed that was missed before.",
            "skipped_reason": None, "late": False, "audited_at": ago(60), "link": f"https://desk.example/console#/audits/{audit_id}", "job_id": "j-done", "scorecard_id": "s-1", "scorecard_name": "Support quality",
            "scorecard_version": 3, "pass_threshold": 75, "audit_date": ago(60), "ai_score": total, "ai_verdict": verdict, "transcript": transcript(),
            "provenance": {"provider": "openai", "model": "gpt-4.1-mini", "prompt_version": "audit.judge.v1", "windows": 1}, "dispute": None, "reviews": [],
            "criteria": [{
                **{k: c[k] for k in ("id", "label", "type", "max", "weight", "critical")}, "value": values[c["id"]], "ai_value": values[c["id"]], "earned": share(c, values[c["id"]]),
                "reason": GIVEN[c["id"]][1], "status": "supported", "quotes": GIVEN[c["id"]][2], "override": None,
            } for c in CRITERIA],
        }  # fmt: skip

    def seen_by(self, audit: Row, email: str, reads_all: bool, reviews: bool) -> Row:
        mine = audit["employee_email"] == email
        disputable = audit["verdict"] != "held" and (audit["dispute"] or {}).get("status") != "open"
        return audit | {
            "mine": mine,
            "may_dispute": mine and disputable,
            "may_review": reviews,
            "reviews": audit["reviews"] if reads_all else [],
        }

    def listed(self, query: dict[str, str], own: str | None) -> list[Row]:
        return [
            a for a in self.audits
            if (own is None or (a["employee_email"] == own and a["verdict"] != "held"))
            and query.get("person", a["employee_email"]) == a["employee_email"]
            and query.get("verdict", a["verdict"]) == a["verdict"]
            and (query.get("disputed") != "true" or (a["dispute"] or {}).get("status") == "open")
        ]  # fmt: skip

    @staticmethod
    def dispute(audit: Row, email: str, body: Row) -> Row:
        audit["dispute"] = {
            "id": str(uuid.uuid4()), "assignment_id": audit["id"], "opened_by": email, "criteria": body["criteria"], "reason": body["reason"], "status": "open", "resolution": "", "changes": {},
            "created_at": ago(0), "resolved_at": None, "resolved_by": None,
        }  # fmt: skip
        return audit["dispute"]

    def resolve(self, dispute_id: str, email: str, body: Row) -> Row | None:
        audit = next((a for a in self.audits if (a["dispute"] or {}).get("id") == dispute_id), None)
        if audit is None:
            return None
        changes = body.get("changes", {})
        for c in audit["criteria"]:
            if c["id"] in changes:
                known = next(one for one in CRITERIA if one["id"] == c["id"])
                c |= {"value": changes[c["id"]], "earned": share(known, changes[c["id"]]), "override": {"value": changes[c["id"]], "by": email, "at": ago(0), "reason": body["resolution"]}}  # fmt: skip
        audit["score"], audit["verdict"] = score({c["id"]: c["value"] for c in audit["criteria"]})
        audit["dispute"] |= {
            "status": body["decision"],
            "resolution": body["resolution"],
            "changes": changes,
            "resolved_at": ago(0),
            "resolved_by": email,
        }
        return audit["dispute"]

    @staticmethod
    def review(audit: Row, email: str, body: Row) -> Row:
        audit["reviews"] = [r for r in audit["reviews"] if r["reviewer"] != email]
        audit["reviews"].append({"reviewer": email, "marks": body["marks"], "note": body["note"], "created_at": ago(0)})
        return audit["reviews"][-1]

    def calibration(self) -> Row:
        """Made up, but only once somebody has reviewed."""
        if not any(a["reviews"] for a in self.audits):
            return {"pairs": 0, "audits": 0, "criteria": [], "drift": []}
        figures = [(96.0, None, 0.0), (71.4, 0.78, 0.04), (62.5, 0.55, -0.11), (80.0, 0.69, 0.06)]
        steps = [{"ai": a, "human": h, "count": n} for a, h, n in ((0.2, 0.2, 9), (0.2, 0.4, 3), (0.8, 0.6, 4), (0.8, 0.8, 21), (1.0, 0.8, 5), (1.0, 1.0, 30))]  # fmt: skip
        weeks = [("2026-10-19", 40, 66.0, -0.08), ("2026-10-26", 52, 71.2, -0.03), ("2026-11-02", 48, 74.5, 0.01), ("2026-11-09", 61, 79.0, 0.02), ("2026-11-16", 37, 82.1, 0.01)]  # fmt: skip
        return {
            "pairs": 238, "audits": 61,
            "criteria": [{"criterion": c["id"], "label": c["label"], "pairs": 60, "exact_percent": exact, "weighted_kappa": kappa, "bias": bias, "confusion": steps} for c, (exact, kappa, bias) in zip(CRITERIA, figures, strict=True)],
            "drift": [dict(zip(("week", "pairs", "exact_percent", "bias"), week, strict=True)) for week in weeks],
        }  # fmt: skip
