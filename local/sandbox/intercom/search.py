"""Conversation search: filters, their types, and pages by a cursor in the body."""

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from local.sandbox import errors
from local.sandbox.intercom.generate import Doc
from local.sandbox.intercom.people import WORKSPACE
from local.sandbox.text import plain, words

_DATES = {
    "created_at",
    "updated_at",
    "waiting_since",
    "snoozed_until",
    "statistics.last_admin_reply_at",
    "statistics.last_close_at",
}
_NUMBERS = {"admin_assignee_id", "team_assignee_id", "conversation_rating.score", "statistics.count_conversation_parts"}
_TRUTHS = {"open", "read", "ai_agent_participated"}
_LISTS = {"teammate_ids", "contact_ids", "tag_ids"}
_TEXTS = {
    "id",
    "state",
    "priority",
    "source.type",
    "source.author.type",
    "source.author.id",
    "source.author.email",
    "source.body",
    "source.subject",
    "statistics.last_closed_by_id",
}
_OPERATORS = {"=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$"}
_Test = Callable[[Doc], bool]


def compile_query(query: Any, truncate: bool) -> _Test:
    if not isinstance(query, dict):
        raise errors.intercom(400, "parameter_not_found", "query is required", "query")
    return _node(query, truncate, 1)


def _node(node: dict[str, Any], truncate: bool, depth: int) -> _Test:
    operator = node.get("operator")
    if operator in ("AND", "OR"):
        children = node.get("value")
        if not isinstance(children, list) or not children:
            raise _invalid("value of a group must be a list of filters")
        if len(children) > 15:
            raise _invalid("a group may hold at most 15 filters")
        if depth > 2:
            raise _invalid("filters may be nested at most 2 deep")
        tests = [_node(c, truncate, depth + 1) for c in children if isinstance(c, dict)]
        joined: Callable[[Iterable[bool]], bool] = all if operator == "AND" else any
        return lambda chat: joined(t(chat) for t in tests)
    return _leaf(node, truncate)


def _leaf(node: dict[str, Any], truncate: bool) -> _Test:
    field, operator, value = node.get("field"), node.get("operator"), node.get("value")
    if field not in _DATES | _NUMBERS | _TRUTHS | _LISTS | _TEXTS:
        raise _invalid(f"{field} is not a searchable field")
    if operator not in _OPERATORS:
        raise _invalid(f"{operator} is not a valid operator")
    if operator in ("IN", "NIN"):
        if not isinstance(value, list):
            raise _invalid(f"{operator} takes a list")
        inner = [_leaf({"field": field, "operator": "=", "value": v}, truncate) for v in value]
        hit: _Test = lambda chat: any(t(chat) for t in inner)  # noqa: E731
        return hit if operator == "IN" else lambda chat: not hit(chat)
    if field in _DATES:
        return _date(str(field), str(operator), value, truncate)
    if field in _NUMBERS:
        wanted = _integer(field, value)
        return lambda chat: _compare(_number(chat, str(field)), str(operator), wanted)
    if field in _TRUTHS:
        if not isinstance(value, bool):
            raise _invalid(f"{field} takes true or false")
        known: dict[str, _Test] = {
            "open": lambda c: c["state"] == "open",
            "read": lambda c: True,
            "ai_agent_participated": lambda c: False,
        }
        return lambda chat: (known[str(field)](chat) == value) == (operator == "=")
    if not isinstance(value, (str, int)) or isinstance(value, bool):
        raise _invalid(f"{field} takes a text")
    if field in _LISTS:
        return lambda chat: (str(value) in _many(chat, str(field))) == (operator in ("=", "~"))
    return lambda chat: _text(_one(chat, str(field)), str(operator), str(value), str(field))


def _date(field: str, operator: str, value: Any, truncate: bool) -> _Test:
    if operator not in (">", "<", "="):
        raise _invalid(f"{operator} is not supported for the date field {field}; use > or <")
    edge = _integer(field, value)
    if truncate:
        zone = ZoneInfo(str(WORKSPACE["timezone"]))
        midnight = datetime.combine(datetime.fromtimestamp(edge, zone).date(), time(), zone)
        edge = int((midnight + timedelta(days=1) if operator == ">" else midnight).timestamp())
        if operator == ">":
            return lambda chat: (_when(chat, field) or 0) >= edge
    return lambda chat: _compare(_when(chat, field), operator, edge)


def _compare(have: int | None, operator: str, wanted: int) -> bool:
    if have is None:
        return operator == "!="
    table = {
        "=": have == wanted,
        "!=": have != wanted,
        ">": have > wanted,
        "<": have < wanted,
        ">=": have >= wanted,
        "<=": have <= wanted,
    }
    if operator not in table:
        raise _invalid(f"{operator} is not supported for numbers")
    return table[operator]


def _text(have: str, operator: str, wanted: str, field: str) -> bool:
    have, wanted = have.casefold(), wanted.casefold()
    if field == "source.body":  # matches single words only
        found = wanted in words(plain(have))
        return found if operator in ("=", "~") else not found
    table = {
        "=": have == wanted,
        "!=": have != wanted,
        "~": wanted in have,
        "!~": wanted not in have,
        "^": have.startswith(wanted),
        "$": have.endswith(wanted),
    }
    if operator not in table:
        raise _invalid(f"{operator} is not supported for the text field {field}")
    return table[operator]


def _integer(field: Any, value: Any) -> int:
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, str) and value.isdigit())):
        raise _invalid(f"{field} takes an integer")
    return int(value)


def _when(chat: Doc, field: str) -> int | None:
    if field in ("created_at", "updated_at"):
        return int(chat[field])
    if field == "statistics.last_close_at":
        return int(chat["updated_at"]) if chat["state"] == "closed" else None
    if field == "statistics.last_admin_reply_at":
        spoken = [
            p["created_at"] for p in chat["parts"] if p["author"]["type"] == "admin" and p["part_type"] == "comment"
        ]
        return spoken[-1] if spoken else None
    return None


def _number(chat: Doc, field: str) -> int | None:
    known: dict[str, int | None] = {
        "admin_assignee_id": chat["assignee"],
        "team_assignee_id": 55,
        "conversation_rating.score": chat["rating"],
        "statistics.count_conversation_parts": len(chat["parts"]),
    }
    return known[field]


def _many(chat: Doc, field: str) -> list[str]:
    if field == "teammate_ids":
        return list(chat["teammates"])
    return [chat["customer"]["id"]] if field == "contact_ids" else [str(len(chat["tag"] or ""))]


def _one(chat: Doc, field: str) -> str:
    author = chat["source"]["author"]
    known = {
        "id": chat["id"],
        "state": chat["state"],
        "priority": "none",
        "source.type": chat["source"]["type"],
        "source.author.type": author["type"],
        "source.author.id": author["id"],
        "source.author.email": author.get("email"),
        "source.body": chat["source"]["body"],
        "source.subject": chat["source"]["subject"],
        "statistics.last_closed_by_id": chat["teammates"][-1] if chat["teammates"] else "",
    }
    return str(known[field] or "")


def page(found: list[Doc], pagination: Any) -> tuple[list[Doc], Doc]:
    """Newest first; the cursor names the last one seen, so rows that move while paging may repeat or slip, as in life."""
    asked = pagination if isinstance(pagination, dict) else {}
    size = asked.get("per_page", 20)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 150:
        raise errors.intercom(400, "parameter_invalid", "per_page must be between 1 and 150", "per_page")
    ordered = sorted(found, key=lambda c: (-c["updated_at"], -int(c["id"])))
    number, rest = 1, ordered
    if asked.get("starting_after"):
        updated, ident, number = _cursor(asked["starting_after"])
        rest = [c for c in ordered if (-c["updated_at"], -int(c["id"])) > (-updated, -int(ident))]
    shown = rest[:size]
    pages: Doc = {"type": "pages", "page": number, "per_page": size, "total_pages": max(1, -(-len(ordered) // size))}
    if len(rest) > size:
        raw = json.dumps([shown[-1]["updated_at"], shown[-1]["id"], number + 1]).encode()
        pages["next"] = {"per_page": size, "starting_after": base64.b64encode(raw).decode()}
    return shown, pages


def _cursor(text: Any) -> tuple[int, str, int]:
    try:
        updated, ident, number = json.loads(base64.b64decode(str(text), validate=True))
        return int(updated), str(int(ident)), int(number)
    except (binascii.Error, ValueError, TypeError):
        raise errors.intercom(
            400, "parameter_invalid", "starting_after is not a cursor of this search", "starting_after"
        ) from None


def _invalid(message: str) -> errors.Refusal:
    return errors.intercom(400, "parameter_invalid", message)
