"""One made-up organisation, in memory, with the API's shapes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from sidedesk.platform.cx_options import CxChange, CxOptions
from sidedesk.platform.permissions import allow, least_role, permissions_of
from tests.console.audits_world import CRITERIA, Audits, ago
from tests.console.conversations_world import Library, Unknown
from tests.console.cx_desk import Desk
from tests.console.cx_world import Cx

ROLES = {"owner": "owner", "admin": "admin", "member": "member", "viewer": "viewer", "audited": "viewer"}
NAMES = ["Ana Petrović", "Jun Watanabe", "Maya Lindqvist", "Tomás Oliveira", "Priya Raman", "Lukas Brandt"]
LONG = "Wolfeschlegelsteinhausenbergerdorff, Isabella Konstantinopoulou-Fitzgerald of the night shift"


class Refusal(Exception):
    def __init__(self, status: int, code: str, sentence: str, details: list[dict[str, str]] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.code, self.sentence, self.details = status, code, sentence, details or []


class World:
    """One organisation, in memory."""

    def __init__(self) -> None:
        self.faults: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {}
        self.delay = 0.0
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.tokens: dict[str, str] = {}
        self.started: dict[str, str] = {}
        self.decided: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, Any] = {
            "name": "Northwind", "timezone": "Europe/Berlin", "locale": "en-GB", "audit_engine": "n8n",
            "limits": {"agents_per_run": 500, "range_days": 90, "pacing_seconds": 2, "agent_timeout_minutes": 60}, "attribution": "assignee", "models": {},
            "spend": {"month_cap_usd": 250.0, "month_spent_usd": 41.8},
            "flags": {"AI_CUSTOMER_DRAFT_ENABLED": True}, "version": 7,
            "cx": {**CxOptions().model_dump(mode="json"), "signature": "Your Northwind team"},
        }  # fmt: skip
        self.integrations: list[dict[str, Any]] = [
            self._integration("intercom", "Intercom", "https://api.intercom.io", {}, True, (True, "Signed in as Support Desk.")),
            self._integration("n8n", "Audit workflows", "https://n8n.northwind.example", {"webhook_path": "/webhook/massive-ai-audit"}, True, (False, "The webhook answered 404. Is the workflow active?")),
            self._integration("chatwoot", "Chatwoot", "https://chat.northwind.example", {"account_id": "3"}, False, None),
        ]  # fmt: skip
        self.keys = [
            {"id": "k-1", "name": "n8n production", "scopes": ["audits.callback", "audits.progress", "scorecards.read"], "created_at": ago(90_000), "last_used_at": ago(3), "expires_at": None, "revoked_at": None},
            {"id": "k-2", "name": "n8n before the move", "scopes": ["audits.callback"], "created_at": ago(400_000), "last_used_at": ago(91_000), "expires_at": None, "revoked_at": ago(89_000)},
        ]  # fmt: skip
        self.members = [
            {"id": f"m-{role}", "email": "ana@northwind.example" if role == "audited" else f"{role}@northwind.example", "name": name, "role": ROLES[role], "status": "active", "created_at": ago(200_000)}
            for role, name in zip(ROLES, ["Olga Weiss", "Nora Weiss", "Maya Lindqvist", "Victor Hale", "Ana Petrović"], strict=True)
        ]  # fmt: skip
        self.notices = [
            {"id": f"n-{i}", "kind": kind, "title": title, "body": body, "link": link, "created_at": ago(at), "read_at": read}
            for i, (kind, title, body, link, at, read) in enumerate([
                ("audit_completed", "Audit run finished: Support quality", "10 of 10 people, 412 chats. Mean score 84.", "#/audits/jobs/j-done", 12, None),
                ("audit_failed", "Audit run stopped: Refund calls", "Intercom refused the token (401). Nothing was spent.", "#/audits/jobs/j-failed", 190, None),
                ("spend", "80% of this month’s money is spent", "At the cap, runs pause until an admin raises it.", "#/settings/usage", 1500, ago(1400)),
                ("system", LONG + " was added as a member", "", "https://elsewhere.example/", 4400, ago(4300)),
            ])
        ]  # fmt: skip
        self.people = [
            {"id": f"p-{i}", "name": name, "email": f"{name.split()[0].lower()}@northwind.example", "team": ["Tier 1", "Tier 2", "Billing"][i % 3], "intercom_admin_id": str(5000 + i), "active": True}
            for i, name in enumerate([*NAMES, LONG])
        ]  # fmt: skip
        self.scorecards: list[dict[str, Any]] = [
            {"id": f"s-{i}", "name": name, "version": version, "criteria": CRITERIA, "pass_threshold": 75, "created_at": ago(90_000), "updated_at": ago(9_000 * i)}
            for i, (name, version) in enumerate([("Support quality", 3), ("Refund calls", 1)], 1)
        ]  # fmt: skip
        self.reviewed = Audits()
        self.desk = Desk()
        self.cx = Cx()
        self.library = Library()
        self.jobs = [
            self._job("j-run", "running"),
            self._job("j-done", "completed"),
            self._job("j-failed", "failed"),
            self._job("j-wait", "queued"),
        ]

    def _integration(
        self, kind: str, name: str, url: str, config: dict[str, Any], secret: bool, test: tuple[bool, str] | None
    ) -> dict[str, Any]:
        last = {"ok": test[0], "message": test[1], "at": ago(50)} if test else None
        return {
            "id": f"i-{kind}",
            "kind": kind,
            "name": name,
            "base_url": url,
            "config": config,
            "has_secret": secret,
            "last_test": last,
        }

    def _job(self, job_id: str, status: str) -> dict[str, Any]:
        share = {"running": 0.4, "completed": 1, "failed": 0, "queued": 0}[status]
        states = {
            "running": ["completed", "failed", "processing", "processing", "pending", "pending", "pending"],
            "completed": ["completed"] * 7, "failed": ["failed"] * 7, "queued": ["pending"] * 7,
        }[status]  # fmt: skip
        done_at = ago(20) if status in ("completed", "failed") else None
        agents = []
        for i, (person, state) in enumerate(zip([*NAMES, LONG], states, strict=True)):
            total = None if state == "pending" else 40 + 7 * i
            done = {"completed": total, "processing": 12, "failed": 0}.get(state, 0)
            agents.append({
                "intercom_admin_id": str(5000 + i), "name": person, "email": f"agent{i}@northwind.example", "status": state, "total_conversations": total,
                "completed": done, "failed": 2 if state == "processing" else 0, "skipped": 3 if state == "completed" else 0,
                "error_message": "Silent for 60 minutes. Retry this person." if state == "failed" else None,
            })  # fmt: skip
        known = status == "completed"
        total = sum(a["total_conversations"] for a in agents) if known else None
        completed = sum(a["completed"] for a in agents)
        ended = states.count("completed")
        percentage = 100 if known else round(share * 100 * 0.36, 1)
        counts = {"completed": completed, "failed": 0, "skipped": 0, "total": total}
        return {
            "id": job_id, "created_at": ago(80), "created_by": "admin@northwind.example", "scorecard_id": "s", "scorecard_name": "Support quality", "start_date": "2026-10-22", "end_date": "2026-11-20",
            "status": status, "run_no": 1, "paused_reason": None, "max_cost_usd": 25.0 if status == "running" else None, "notify_me_when_done": True, "notify_results_to_audited_people": False, "outcome": None, "total_agents": 7, "total_conversations": total, "completed_agents": ended, "completed_conversations": completed,
            "error_message": "Intercom refused the token (401). Nothing was spent." if status == "failed" else None, "completed_at": done_at,
            "progress": {
                "percentage": percentage, "basis": "conversations" if known else "agents", "agents": {"completed": ended, "failed": states.count("failed"), "skipped": 0, "total": 7}, "conversations": counts,
                "text": [f"{ended} of 7 agents completed", *([f"{completed} of {total} chats completed"] if known else []), f"{percentage}% ({status})"], "eta_seconds": 340 if status == "running" else None,
            },
            "agents": agents,
        }  # fmt: skip

    def advance(self, job: dict[str, Any]) -> None:
        """Each look at a running job brings it one person further, so that a test can follow it to its end."""
        for agent in job["agents"]:
            if agent["status"] in ("pending", "processing"):
                agent |= {"status": "completed", "total_conversations": 50, "completed": 50}
                break
        ended = sum(a["status"] in ("completed", "failed") for a in job["agents"])
        done, total = sum(a["completed"] for a in job["agents"]), len(job["agents"])
        if ended == total:
            job |= {"status": "completed", "completed_at": ago(0)}
        percentage = round(ended / total * 100, 1) if ended < total else 100
        job["progress"] |= {
            "percentage": percentage,
            "text": [f"{ended} of {total} agents completed", f"{percentage}% ({job['status']})"],
            "eta_seconds": None,
        }
        job["progress"]["agents"] |= {"completed": ended}
        job["progress"]["conversations"] |= {"completed": done}

    # -- the routes ---------------------------------------------------------

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any], role: str, key: str) -> Any:
        def need(permission: str) -> None:
            if not allow(ROLES[role], permission):
                raise Refusal(
                    403, "forbidden", f"Your role is {ROLES[role]}. This needs {least_role(permission)} or higher."
                )

        me = next(m for m in self.members if m["id"] == f"m-{role}")
        match method, path.removeprefix("/api").strip("/").split("/"):
            case "GET", ["me"]:
                unread = sum(n["read_at"] is None for n in self.notices)
                return {"user_id": me["id"], "email": me["email"], "name": me["name"], "role": me["role"], "permissions": permissions_of(me["role"]), "unread_notifications": unread,
                        "tenant": {"id": "t-1", "name": self.settings["name"], "timezone": self.settings["timezone"]}}  # fmt: skip
            case "GET", ["notifications"]:
                wanted = [n for n in self.notices if query.get("unread") != "true" or n["read_at"] is None]
                return self._page(wanted, query)
            case "POST", ["notifications", "read-all"]:
                for n in self.notices:
                    n["read_at"] = n["read_at"] or ago(0)
                return {"success": True}
            case "POST", ["notifications", notice, "read"]:
                self._find(self.notices, notice)["read_at"] = ago(0)
                return {"success": True}
            case "GET", ["settings"]:
                need("settings.read")
                return self.settings
            case "PUT", ["settings"]:
                need("settings.write")
                return self._save_settings(body)
            case "GET", ["integrations"]:
                need("integrations.read")
                return {"data": self.integrations, "next_cursor": None}
            case "POST", ["integrations"]:
                need("integrations.write")
                self._required(body, "name", "base_url")
                item = self._integration(
                    body["kind"], body["name"], body["base_url"], body["config"], "secret" in body, None
                ) | {"id": f"i-{len(self.integrations)}"}
                self.integrations.append(item)
                return item
            case "PUT", ["integrations", item_id]:
                need("integrations.write")
                self._required(body, "name", "base_url")
                item = self._find(self.integrations, item_id)
                item |= {k: v for k, v in body.items() if k != "secret"}
                item["has_secret"] |= "secret" in body
                return item
            case "DELETE", ["integrations", item_id]:
                need("integrations.write")
                self.integrations.remove(self._find(self.integrations, item_id))
                return None
            case "POST", ["integrations", item_id, "test"]:
                need("integrations.write")
                ok = self._find(self.integrations, item_id)["kind"] != "chatwoot"
                return {
                    "ok": ok,
                    "message": "It answered and knows the token."
                    if ok
                    else "No secret is stored. Edit the integration and add one.",
                    "latency_ms": 84 if ok else None,
                }
            case "GET", ["service-keys"]:
                need("service_keys.read")
                scopes = {
                    "audits.callback": "Send results",
                    "audits.progress": "Send progress",
                    "scorecards.read": "Read scorecards",
                    "metrics.read": "Read metrics",
                }
                return self._page(self.keys, query) | {
                    "available_scopes": [{"name": n, "description": d} for n, d in scopes.items()]
                }
            case "POST", ["service-keys"]:
                need("service_keys.write")
                self._required(body, "name")
                made = {
                    "id": f"k-{len(self.keys) + 1}",
                    "name": body["name"],
                    "scopes": body["scopes"],
                    "created_at": ago(0),
                    "last_used_at": None,
                    "expires_at": body.get("expires_at"),
                    "revoked_at": None,
                }
                self.keys.insert(0, made)
                return made | {"key": "sd_" + uuid.uuid4().hex + uuid.uuid4().hex}
            case "DELETE", ["service-keys", key_id]:
                need("service_keys.write")
                self._find(self.keys, key_id)["revoked_at"] = ago(0)
                return None
            case "GET", ["members"]:
                need("members.read")
                return self._page(self.members, query)
            case "POST", ["members"]:
                need("members.write")
                if any(m["email"] == body["email"] for m in self.members):
                    raise Refusal(
                        409,
                        "conflict",
                        "A member with this address exists already.",
                        [{"field": "email", "message": "This address is taken."}],
                    )
                made = {"id": f"m-{len(self.members)}", "status": "invited", "created_at": ago(0), **body}
                self.members.append(made)
                return made
            case "PUT", ["members", member_id]:
                need("members.write")
                member = self._find(self.members, member_id)
                if member["role"] == "owner" and body["role"] != "owner":
                    raise Refusal(409, "last_owner", "An organisation needs an owner. Make somebody else owner first.")
                return member.update(body) or member
            case "DELETE", ["members", member_id]:
                need("members.write")
                self.members.remove(self._find(self.members, member_id))
                return None
            case "GET", ["usage"]:
                need("usage.read")
                purposes = [
                    ("judge", "gpt-4.1-mini", "tokens", 9_612_000, 38.4),
                    ("draft_reply", "gpt-4.1-mini", "tokens", 801_000, 3.21),
                    ("embedding", "text-embedding-3-small", "tokens", 9400, 0.19),
                ]
                rows = [
                    dict(zip(("purpose", "model", "unit", "quantity", "cost_usd"), p, strict=True)) for p in purposes
                ]
                return {
                    "month": "2026-11",
                    "cap_usd": self.settings["spend"]["month_cap_usd"],
                    "spent_usd": 41.8,
                    "reserved_usd": 2.4,
                    "by_purpose": rows,
                }
            case "GET", ["people"]:
                need("people.read")
                return self._page(
                    [p for p in self.people if p["intercom_admin_id"] or "has_intercom" not in query], query
                )
            case "POST", ["people"]:
                need("people.write")
                self._required(body, "name")
                known = next(
                    (p for p in self.people if p["intercom_admin_id"] == body.get("intercom_admin_id", "")), None
                )
                if known is None:
                    known = {"id": f"p-{len(self.people)}", "intercom_admin_id": None, "active": True}
                    self.people.append(known)
                return known.update(body) or known
            case "POST", ["people", "sync"]:
                need("people.write")
                self.people.append(
                    {
                        "id": "p-sync",
                        "name": "Grace Okafor",
                        "email": "grace@northwind.example",
                        "team": "",
                        "intercom_admin_id": "5099",
                        "active": True,
                    }
                )
                return {"added": 1, "updated": 7, "total": 8}
            case "GET", ["scorecards"]:
                need("scorecards.read")
                return self._page(self.scorecards, query)
            case "GET", ["scorecards", card_id]:
                need("scorecards.read")
                return self._find(self.scorecards, card_id) | (
                    {"version": int(query["version"])} if "version" in query else {}
                )
            case "POST", ["scorecards"]:
                need("scorecards.write")
                return self._save_card(
                    {"id": f"s-{len(self.scorecards) + 1}", "version": 0, "created_at": ago(0)}, body
                )
            case "PUT", ["scorecards", card_id]:
                need("scorecards.write")
                card = self._find(self.scorecards, card_id)
                if body["version"] != card["version"]:
                    raise Refusal(
                        409,
                        "scorecard_changed",
                        "Somebody else changed this scorecard. Reload it and apply your change again.",
                    )
                return self._save_card(card, body)
            case "GET", ["audits"]:
                need("audits.read_own")
                own = None if allow(ROLES[role], "audits.read") else me["email"]
                return self._page(self.reviewed.listed(query, own), query)
            case "GET", ["audits", "calibration"]:
                need("audits.read")
                return self.reviewed.calibration()
            case "GET", ["audits", audit_id]:
                return self._audit(audit_id, role, me)
            case "POST", ["audits", audit_id, "dispute"]:
                self._audit(audit_id, role, me)
                return self.reviewed.dispute(self._find(self.reviewed.audits, audit_id), me["email"], body)
            case "POST", ["audits", audit_id, "review"]:
                need("audits.review")
                return self.reviewed.review(self._find(self.reviewed.audits, audit_id), me["email"], body)
            case "POST", ["disputes", dispute_id, "resolve"]:
                need("audits.review")
                return self.reviewed.resolve(dispute_id, me["email"], body)
            case "POST", ["massive-ai-audit", "estimate"]:
                need("audits.run")
                return self._estimate(body)
            case "POST", ["massive-ai-audit", "jobs", job_id, ("cancel" | "retry") as what]:
                need("audits.stop")
                return self._turn(self._find(self.jobs, job_id), what)
            case "GET", ["massive-ai-audit", "jobs", job_id, "errors"]:
                need("audits.read")
                failed = [a for a in self._find(self.jobs, job_id)["agents"] if a["status"] == "failed"]
                rows = [{"intercom_admin_id": a["intercom_admin_id"], "employee_name": a["name"], "conversation_id": None, "error_message": a["error_message"], "run_no": 1, "created_at": ago(15)} for a in failed]  # fmt: skip
                return self._page(rows, query)
            case "GET", ["massive-ai-audit", "jobs"]:
                need("audits.read")
                return self._page([j for j in self.jobs if query.get("status", "") in ("", j["status"])], query)
            case "GET", ["massive-ai-audit", "jobs", job_id]:
                need("audits.read")
                job = self._find(self.jobs, job_id)
                if job_id.startswith("j-new"):
                    self.advance(job)
                return job
            case "GET", ["massive-ai-audit", "jobs", job_id, "assignments"]:
                need("audits.read")
                done = [
                    a
                    for a in self._find(self.jobs, job_id)["agents"]
                    if a["completed"] and query.get("agent", a["intercom_admin_id"]) == a["intercom_admin_id"]
                ]
                rows = [{"id": f"a-{i}-{k}", "employee_name": a["name"], "employee_email": a["email"], "conversation_id": str(21540000 + 97 * i + k), "score": 91 - 7 * k - i, "verdict": "failed" if k == 3 else "passed", "outcome": "completed", "skipped_reason": None, "late": k == 5, "ai_confidence_score": 0.84, "audited_at": ago(30 - k)} for i, a in enumerate(done) for k in range(6)]  # fmt: skip
                rows = [r for r in rows if query.get("verdict", r["verdict"]) == r["verdict"]]
                if job_id == "j-done" and not {"verdict", "agent"} & set(query):
                    rows[0]["id"] = "a-bad"
                    rows[:0] = [
                        rows[0]
                        | {
                            "id": "a-skip",
                            "outcome": "skipped",
                            "score": None,
                            "verdict": None,
                            "skipped_reason": "Fewer than ten words",
                        },
                        rows[1] | {"id": "a-bad", "outcome": "failed", "score": None, "verdict": None},
                    ]
                return self._page(rows, query)
            case "POST", ["massive-ai-audit", "start"]:
                need("audits.run")
                return self._start(body, key)
            case "GET", ["cx", "approvals"]:
                need("cx.read")
                return self._page(self.desk.listed(query), query) | {"counts": self.desk.counts()}
            case "GET", ["cx", "approvals", draft_id]:
                need("cx.read")
                return self.desk.look(self._find(self.desk.drafts, draft_id))
            case "POST", ["cx", "approvals", draft_id, action]:
                need("cx.decide")
                return self._decide(self._find(self.desk.drafts, draft_id), action, body, me["email"], key)
            case _, [("cx" | "kb") as area, *rest]:
                return self._cx(method, area, rest, query, body, role, me["email"], need)
            case _, [("conversations" | "uploads") as area, *rest]:
                try:
                    needed, found = self.library.answer(method, area, rest, query, body, self.integrations)
                    need(needed)
                    return found(lambda rows: self._page(rows, query))
                except Unknown as unknown:
                    raise Refusal(unknown.status, unknown.code, unknown.sentence, unknown.details) from None
        raise Refusal(404, "not_found", "There is nothing at this address.")

    def _cx(
        self, method: str, area: str, rest: list[str], query: dict[str, str], body: dict[str, Any], role: str, who: str, need: Callable[[str], None]
    ) -> Any:  # fmt: skip
        cx = self.cx
        match method, [area, *rest]:
            case "GET", ["cx", ("tile" | "metrics" | "health" | "missed") as what]:
                need("cx.read")
                if what == "missed":
                    return self._page(cx.missed, query)
                waiting = len(self.desk.listed({}))
                return {"tile": lambda: cx.tile(waiting), "metrics": lambda: cx.metrics(int(query.get("days", 30))), "health": cx.health}[what]()  # fmt: skip
            case "POST", ["cx", "connect"]:
                need("cx.administer")
                return {"success": True, "integration_id": body["integration_id"], "webhook_url": "https://desk.example/webhooks/chatwoot/i-chatwoot", "events": ["message_created"], "connected_at": ago(0)}  # fmt: skip
            case "GET", ["cx", "signals", "export"]:
                need("cx.export")
                return {"messages": []}
            case "GET", ["cx", "calibration"]:
                need("cx.calibrate")
                return cx.calibration(who, allow(ROLES[role], "cx.administer"))
            case "GET", ["cx", "calibration", "items"]:
                need("cx.administer")
                return self._page(cx.gold, query)
            case "POST", ["cx", "calibration", "items"]:
                need("cx.administer")
                self._required(body, "customer_message", "reply")
                cx.gold.insert(0, {"id": f"g-{len(cx.gold)}", **body["grades"], **{k: body[k] for k in ("customer_message", "reply", "why")}, "created_by": who, "created_at": ago(0), "retired_at": None})  # fmt: skip
                return cx.gold[0]
            case "DELETE", ["cx", "calibration", "items", item_id]:
                need("cx.administer")
                self._find(cx.gold, item_id)["retired_at"] = ago(0)
                return {"success": True}
            case "POST", ["cx", "calibration", item_id, "grades"]:
                need("cx.calibrate")
                answer = cx.grade(item_id, who, body)
                if answer is None:
                    raise Refusal(409, "already_graded", "You have graded this reply before. There is one try.")
                return answer
            case "GET", ["cx", "experiments"]:
                need("cx.read")
                return self._page(cx.experiments, query) | {"prompt_versions": cx.versions}
            case "POST", ["cx", "experiments"]:
                need("cx.administer")
                self._required(body, "name")
                if sum(v["share"] for v in body["variants"]) != 1:
                    raise Refusal(400, "invalid_request", "The request has an invalid field.", [{"field": "variants", "message": "The shares have to add up to 1."}])  # fmt: skip
                return cx.start(body, who)
            case "POST", ["cx", "experiments", experiment_id, "stop"]:
                need("cx.administer")
                found = self._find(cx.experiments, experiment_id)
                found |= {"running": False, "stopped_by": who, "stopped_at": ago(0), "winner": body["winner"]}
                return found
            case "GET", ["kb", "search"]:
                need("knowledge.read")
                return cx.found(query["q"])
            case "POST", ["kb", "import"]:
                need("knowledge.write")
                return cx.bring_in(body, who)
            case "GET", ["kb", "articles"]:
                need("knowledge.read")
                return self._page([a for a in cx.articles if query.get("q", "").lower() in a["title"].lower()], query)
            case "POST", ["kb", "articles"]:
                need("knowledge.write")
                self._required(body, "title", "body")
                return cx.take(body, who)
            case "GET", ["kb", "articles", article_id]:
                need("knowledge.read")
                article = self._find(cx.articles, article_id)
                if article["index_status"] == "waiting" and article_id != "k-2":
                    article |= {"index_status": "indexed", "chunks": 2}
                return article
            case "GET", ["kb", "articles", article_id, "versions"]:
                need("knowledge.read")
                article = self._find(cx.articles, article_id)
                keep = {k: article[k] for k in ("title", "body", "url", "language", "created_by", "created_at")}
                return self._page([keep | {"version": v} for v in range(article["version"], 0, -1)], query)
            case "PUT", ["kb", "articles", article_id]:
                need("knowledge.write")
                article = self._find(cx.articles, article_id)
                if body["version"] != article["version"]:
                    raise Refusal(409, "article_changed", "Somebody else changed this article. Reload it and apply your change again.")  # fmt: skip
                return article.update(body | {"version": body["version"] + 1, "index_status": "waiting"}) or article
            case "POST", ["kb", "articles", article_id, "index"]:
                need("knowledge.write")
                return self._find(cx.articles, article_id) | {"index_status": "waiting"}
            case "DELETE", ["kb", "articles", article_id]:
                need("knowledge.write")
                cx.articles.remove(self._find(cx.articles, article_id))
                return {"success": True}
        raise Refusal(404, "not_found", "There is nothing at this address.")

    def _decide(self, draft: dict[str, Any], action: str, body: dict[str, Any], email: str, key: str) -> dict[str, Any]:
        if key in self.decided:
            return self.decided[key]
        if refusal := self.desk.refusal(draft, body, action):
            raise Refusal(409, *refusal)
        self.decided[key] = self.desk.decide(draft, action, body, email)
        return self.decided[key]

    def _audit(self, audit_id: str, role: str, me: dict[str, Any]) -> dict[str, Any]:
        audit = self._find(self.reviewed.audits, audit_id)
        reads_all = allow(ROLES[role], "audits.read")
        if not reads_all and (audit["employee_email"] != me["email"] or audit["verdict"] == "held"):
            raise Refusal(404, "audit_not_found", "There is no audit with this id.")
        return self.reviewed.seen_by(audit, me["email"], reads_all, allow(ROLES[role], "audits.review"))

    def _save_card(self, card: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        problems = [
            {"field": f"criteria.{i}.label", "message": "String should have at least 1 character"}
            for i, c in enumerate(body["criteria"])
            if not c["label"]
        ]
        if any(s["name"] == body["name"] and s["id"] != card["id"] for s in self.scorecards):
            raise Refusal(
                409, "name_taken", f"There is already a scorecard called {body['name']}. Choose another name."
            )
        if problems:
            raise Refusal(400, "invalid_request", "The request is not valid.", problems)
        card |= {k: v for k, v in body.items() if k != "version"} | {
            "version": card["version"] + 1,
            "updated_at": ago(0),
        }
        if card not in self.scorecards:
            self.scorecards.append(card)
        return card

    def _turn(self, job: dict[str, Any], what: str) -> dict[str, Any]:
        if what == "cancel":
            job |= {"status": "cancelled", "completed_at": ago(0)}
            return {"success": True, "status": "cancelled", "agents": 0}
        failed = [a for a in job["agents"] if a["status"] == "failed"]
        for agent in failed:
            agent |= {"status": "pending", "error_message": None}
        job |= {"status": "running", "completed_at": None, "run_no": job["run_no"] + 1, "error_message": None}
        job["progress"]["agents"]["failed"] = 0
        return {"success": True, "status": "running", "agents": len(failed)}

    def _estimate(self, body: dict[str, Any]) -> dict[str, Any]:
        if date.fromisoformat(body["end_date"]) - date.fromisoformat(body["start_date"]) > timedelta(days=90):
            raise Refusal(
                400,
                "run_too_large",
                "The request has an invalid field.",
                [{"field": "start_date", "message": "A run covers at most 90 days."}],
            )
        people = len(body["intercom_admin_ids"])
        cost = round(people * 3.1, 2)
        limit = body.get("max_cost_usd")
        return {
            "agents": people, "days": (date.fromisoformat(body["end_date"]) - date.fromisoformat(body["start_date"])).days + 1, "trigger_seconds": 2.0 * people, "conversations": 31 * people,
            "conversations_basis": "counted by Intercom, noise included", "tokens": 131_000 * people, "tokens_basis": "measured on your last 200 audits", "model": "gpt-4.1-mini", "cost_usd": cost,
            "cost_high_usd": cost * 1.5, "spent_usd": 44.2, "cap_usd": 250.0,
            "refusals": [f"This run may cost about ${cost:.2f}; its own limit is ${limit:.2f}. It would pause there."] if limit and cost > limit else [],
        }  # fmt: skip

    def _start(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if date.fromisoformat(body["end_date"]) - date.fromisoformat(body["start_date"]) > timedelta(days=90):
            raise Refusal(
                400,
                "invalid",
                "The request has an invalid field.",
                [{"field": "start_date", "message": "A run covers at most 90 days."}],
            )
        if key not in self.started:
            job_id = f"j-new{len(self.started)}"
            job = self._job(job_id, "queued") | {"status": "running", "created_at": ago(0)}
            job["agents"] = job["agents"][: len(body["intercom_admin_ids"])]
            self.jobs.insert(0, job)
            self.started[key] = job_id
        return {"success": True, "job_id": self.started[key], "status": "queued"}

    def _save_settings(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["version"] != self.settings["version"]:
            raise Refusal(409, "conflict", "Somebody else changed the settings while you had them open.")
        if "name" in body and not body["name"]:
            raise Refusal(
                400,
                "invalid",
                "The request has an invalid field.",
                [{"field": "name", "message": "Give the organisation a name."}],
            )
        try:
            CxChange.model_validate_json(json.dumps(body.get("cx", {})))
        except ValidationError as error:
            raise Refusal(400, "invalid_request", "The request has an invalid field.", [{"field": ".".join(map(str, ("cx", *e["loc"]))), "message": e["msg"]} for e in error.errors()]) from error  # fmt: skip
        for name, value in body.items():
            if isinstance(value, dict):
                self.settings[name] |= value
            elif name != "version":
                self.settings[name] = value
        self.settings["version"] += 1
        return self.settings

    @staticmethod
    def _required(body: dict[str, Any], *names: str) -> None:
        missing = [{"field": n, "message": "Fill this in."} for n in names if not body.get(n)]
        if missing:
            raise Refusal(400, "invalid", "The request has an invalid field.", missing)

    @staticmethod
    def _find(rows: list[dict[str, Any]], row_id: str) -> dict[str, Any]:
        for row in rows:
            if row["id"] == row_id:
                return row
        raise Refusal(404, "not_found", "There is nothing with this id.")

    @staticmethod
    def _page(rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        start, limit = int(query.get("cursor", 0)), int(query.get("limit", 25))
        return {
            "data": rows[start : start + limit],
            "next_cursor": str(start + limit) if start + limit < len(rows) else None,
        }
