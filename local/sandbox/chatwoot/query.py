"""Finding conversations and messages, with Chatwoot's own idea of pages."""

import re
import time
from collections.abc import Mapping
from typing import Any

from local.sandbox import errors
from local.sandbox.chatwoot.desk import ACTIVITY, STATUSES, Desk, Doc
from local.sandbox.chatwoot.people import User

PAGE = 25
MESSAGES = 20
_SORTS = {
    "last_activity_at": "last_activity_at",
    "latest": "last_activity_at",
    "created_at": "created_at",
    "waiting_since": "waiting_since",
    "priority": "priority",
}
_RANK = {None: 0, "low": 1, "medium": 2, "high": 3, "urgent": 4}


def conversations(
    desk: Desk, account_id: int, user: User, ask: Mapping[str, str], labels: list[str]
) -> tuple[list[Doc], Doc]:
    """One page and the four counts. `updated_within` turns pages off."""
    found = [c for c in desk.conversations.values() if c["account_id"] == account_id]
    status = ask.get("status") or "open"
    if status != "all":
        if status not in STATUSES:
            raise errors.chatwoot(422, "Invalid status")
        found = [c for c in found if c["status"] == status]
    for name in ("inbox_id", "team_id"):
        if ask.get(name):
            found = [c for c in found if str(c[name]) == ask[name]]
    if ask.get("source_id"):
        found = [c for c in found if c["source_id"] == ask["source_id"]]
    if labels:
        found = [c for c in found if set(labels) & set(c["labels"])]
    if words := (ask.get("q") or "").casefold():
        found = [c for c in found if any(words in (m["content"] or "").casefold() for m in desk.thread(c))]
    counts = counted(found, user)
    found = [c for c in found if _assigned(c, ask.get("assignee_type"), user)]
    within = _whole(ask.get("updated_within"), None)
    if within is not None:
        return _sorted(
            [
                c
                for c in found
                if c["updated_at"] >= time.time() - within or c["last_activity_at"] >= time.time() - within
            ],
            ask,
        ), counts
    page = max(1, _whole(ask.get("page"), 1) or 1)
    return _sorted(found, ask)[(page - 1) * PAGE : page * PAGE], counts


def counted(found: list[Doc], user: User) -> Doc:
    assigned = sum(c["assignee_id"] is not None for c in found)
    return {
        "mine_count": sum(c["assignee_id"] == user.id for c in found),
        "assigned_count": assigned,
        "unassigned_count": len(found) - assigned,
        "all_count": len(found),
    }


def _assigned(c: Doc, kind: str | None, user: User) -> bool:
    if kind == "me":
        return bool(c["assignee_id"] == user.id)
    if kind == "unassigned":
        return c["assignee_id"] is None
    return kind != "assigned" or c["assignee_id"] is not None


def _sorted(found: list[Doc], ask: Mapping[str, str]) -> list[Doc]:
    wanted = ask.get("sort_by") or "last_activity_at_desc"
    name = re.sub(r"_(?:asc|desc)$", "", wanted)
    field = _SORTS.get(name, "last_activity_at")

    def key(c: Doc) -> Any:
        return _RANK[c["priority"]] if field == "priority" else (c[field] or 0)

    return sorted(found, key=lambda c: (key(c), c["display_id"]), reverse=not wanted.endswith("_asc"))


def filtered(desk: Desk, account_id: int, rules: Any, page: int) -> tuple[list[Doc], list[Doc]]:
    if not isinstance(rules, list) or not rules:
        raise errors.chatwoot(422, "Invalid filter payload")
    found = []
    for c in desk.conversations.values():
        if c["account_id"] != account_id:
            continue
        verdict, joiner = True, "AND"
        for rule in rules:
            fits = _fits(desk, c, rule)
            verdict = (verdict and fits) if joiner == "AND" else (verdict or fits)
            joiner = str(rule.get("query_operator") or "AND").upper()
        if verdict:
            found.append(c)
    found = _sorted(found, {})
    return found[(page - 1) * PAGE : page * PAGE], found


def _fits(desk: Desk, c: Doc, rule: Any) -> bool:
    if not isinstance(rule, dict):
        raise errors.chatwoot(422, "Invalid filter payload")
    name, operator = rule.get("attribute_key"), rule.get("filter_operator")
    values = [str(v).casefold() for v in rule.get("values") or []]
    person = desk.contacts[c["contact_id"]]
    known = {
        "status": c["status"], "priority": c["priority"], "assignee_id": c["assignee_id"], "inbox_id": c["inbox_id"],
        "team_id": c["team_id"], "display_id": c["display_id"], "labels": c["labels"], "created_at": c["created_at"],
        "last_activity_at": c["last_activity_at"], "email": person["email"], "name": person["name"], **c["custom_attributes"],
    }  # fmt: skip
    if name not in known:
        raise errors.chatwoot(
            422,
            f"Invalid attribute key - [{name}]. The key should be one of {sorted(known)} or a custom attribute defined in the account.",
        )
    have = known[name]
    texts = [str(v).casefold() for v in (have if isinstance(have, list) else [have]) if v is not None]
    match operator:
        case "equal_to":
            return "all" in values or bool(set(texts) & set(values))
        case "not_equal_to":
            return not set(texts) & set(values)
        case "contains":
            return any(v in t for v in values for t in texts)
        case "does_not_contain":
            return not any(v in t for v in values for t in texts)
        case "is_present":
            return bool(texts)
        case "is_not_present":
            return not texts
        case "is_greater_than" | "is_less_than" | "days_before":
            return _compared(have, operator, values)
    raise errors.chatwoot(
        422,
        f"Invalid operator. The allowed operators for {name} are [equal_to,not_equal_to,contains,does_not_contain,is_present,is_not_present].",
    )


def _compared(have: Any, operator: str, values: list[str]) -> bool:
    if not values or not isinstance(have, (int, float)):
        return False
    if operator == "days_before":
        return have < time.time() - float(values[0]) * 86_400
    edge = time.mktime(time.strptime(values[0][:10], "%Y-%m-%d")) if "-" in values[0] else float(values[0])
    return have > edge if operator == "is_greater_than" else have < edge


def messages(desk: Desk, conversation: Doc, ask: Mapping[str, str]) -> list[Doc]:
    thread = sorted(desk.thread(conversation), key=lambda m: (m["created_at"], m["id"]))
    if ask.get("filter_internal_messages"):
        thread = [m for m in thread if not m["private"] and m["message_type"] != ACTIVITY]
    before, after = _whole(ask.get("before"), None), _whole(ask.get("after"), None)
    if after is not None and before is not None:
        return [m for m in thread if after <= m["id"] < before][:1000]
    if after is not None:
        return [m for m in thread if m["id"] > after][:100]
    if before is not None:
        return [m for m in thread if m["id"] < before][-MESSAGES:]
    return thread[-MESSAGES:]


def _whole(given: str | None, fallback: int | None) -> int | None:
    return int(given) if given and given.lstrip("-").isdigit() else fallback
