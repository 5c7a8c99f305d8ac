"""The scorecard inside a prompt, and what kind of conduct each criterion is about."""

import re
from dataclasses import dataclass
from typing import Any

from local.sandbox.openai.prompt import Prompt, walk
from local.sandbox.text import flat

_KINDS: tuple[tuple[str, str], ...] = (
    ("promise", r"promis|guarantee|forbidden|prohibit|complian|over-?commit|false claim|misleading|unauthori[sz]ed"),
    ("greeting", r"greet|welcom|opening|introduc|salut|hello"),
    ("closing", r"clos(?:e|ing)|farewell|goodbye|wrap|sign-?off|ending|anything else"),
    ("verification", r"verif|identity|authenticat|security check|gdpr|privacy|personal data"),
    ("empathy", r"empath|acknowledg|feeling|understanding|compassion|apolog"),
    ("tone", r"tone|polite|rude|profession|courte|respect|friendly|manner|insult|language used"),
    ("speed", r"speed|prompt(?:ly|ness)|response time|wait|timel|fast|delay"),
    ("ownership", r"owner|follow|proactiv|responsib|escalat|next step|initiative"),
    ("discovery", r"prob|discover|question|clarif|diagnos|understand(?:s|ing)? the (?:issue|problem|need)"),
    ("grammar", r"gramm|spell|clear|clarity|readab|writing|concise|typo"),
    ("personal", r"personal|by name|customer'?s name|uses (?:the )?name"),
    ("notes", r"note|document|internal|log(?:ged|ging)|tag"),
    ("language", r"same language|language of the customer|customer'?s language"),
    ("resolution", r"resol|solv|solution|answer|accura|correct|help|knowledge|complete|effective|fix|outcome|inform"),
)


@dataclass(frozen=True)
class Criterion:
    id: str
    label: str
    guidance: str
    type: str  # score, yes_no or choice
    max: float
    min: float
    weight: float
    critical: bool
    choices: tuple[str, ...]
    points: tuple[float, ...] = ()  # what each choice is worth, when the scorecard says

    @property
    def kind(self) -> str:
        """The label decides; the guidance only when the label says nothing known."""
        for text in (f"{self.id} {self.label}", self.guidance):
            plain = flat(text.replace("_", " "))
            for kind, pattern in _KINDS:
                if re.search(pattern, plain):
                    return kind
        return "other"


def find(prompt: Prompt) -> list[Criterion]:
    """The longest list of objects that look like criteria, else the ids the schema asks for."""
    best: list[Criterion] = []
    for value in prompt.embedded:
        for part in walk(value):
            if isinstance(part, list) and len(part) > len(best) and all(map(_looks_right, part)):
                best = [_criterion(c) for c in part]
    return best or _from_lines(prompt) or _from_schema(prompt.schema)


def _looks_right(value: Any) -> bool:
    if not isinstance(value, dict) or not any(k in value for k in ("id", "field_id", "key", "criterion_id")):
        return False
    return (
        any(k in value for k in ("label", "guidance", "weight", "critical", "max", "criterion"))
        and "text" not in value
        and "role" not in value
    )


def _criterion(raw: dict[str, Any]) -> Criterion:
    ident = next(raw[k] for k in ("id", "field_id", "key", "criterion_id") if k in raw)
    choices = raw.get("choices") or raw.get("options") or raw.get("values") or []
    names = tuple(
        str(c.get("value") or c.get("label") or c.get("id")) if isinstance(c, dict) else str(c) for c in choices
    )
    worth = tuple(_number(c.get("points"), -1.0) for c in choices if isinstance(c, dict))
    kind = str(raw.get("type") or ("choice" if names else "score")).casefold()
    kind = "yes_no" if kind in ("yes_no", "boolean", "bool", "yesno", "pass_fail") else "choice" if names else "score"
    return Criterion(
        id=str(ident),
        label=str(raw.get("label") or raw.get("name") or raw.get("title") or raw.get("criterion") or ident),
        guidance=str(raw.get("guidance") or raw.get("description") or raw.get("prompt") or ""),
        type=kind,
        max=_number(raw.get("max", raw.get("max_score")), 5.0),
        min=_number(raw.get("min", raw.get("min_score")), 0.0),
        weight=_number(raw.get("weight"), 1.0),
        critical=bool(raw.get("critical")),
        choices=names,
        points=worth if len(worth) == len(names) and min(worth, default=-1.0) >= 0 else (),
    )


def _number(value: Any, fallback: float) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else fallback


_LINE = re.compile(
    r"^\s*[-*•\d.]*\s*(?:id\s*[:=]\s*)?[`\"\[(]?(?P<id>[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*|[0-9a-f-]{36})[`\"\])]?\s*(?P<rest>(?:[(|:—–-]).*)$"
)


def _from_lines(prompt: Prompt) -> list[Criterion]:
    """`- greeting (score 0-5, weight 2, critical): Greets the customer` and its cousins."""
    found: list[Criterion] = []
    for line in prompt.everything.splitlines():
        match = _LINE.match(line)
        if not match or not re.search(
            r"\b(?:score|yes[_/ ]?no|choice|weight|critical|\d\s*(?:-|to|–|\.\.)\s*\d+|max)\b", match.group("rest")
        ):
            continue
        rest = match.group("rest")
        scale = re.search(r"(\d+)\s*(?:-|to|–|\.\.)\s*(\d+)", rest)
        top = re.search(r"max\w*\s*[:=]?\s*(\d+)", rest)
        found.append(
            Criterion(
                id=match.group("id"),
                label=match.group("id").replace("_", " "),
                guidance=rest.lstrip("(|:—–- "),
                type="yes_no" if re.search(r"yes[_/ ]?no|boolean", rest) else "score",
                max=float(scale.group(2)) if scale else float(top.group(1)) if top else 5.0,
                min=float(scale.group(1)) if scale else 0.0,
                weight=1.0,
                critical="critical" in rest,
                choices=(),
            )
        )
    return found


_ID_KEYS = ("id", "field_id", "criterion_id", "criterion", "key", "field")


def _from_schema(schema: dict[str, Any] | None) -> list[Criterion]:
    for part in walk(schema or {}):
        if not isinstance(part, dict):
            continue
        props = part.get("properties")
        if not isinstance(props, dict):
            continue
        for key in _ID_KEYS:
            allowed = props.get(key, {}).get("enum") if isinstance(props.get(key), dict) else None
            if allowed:
                return [
                    _criterion({"id": name, "label": str(name).replace("_", " "), **_range(props)}) for name in allowed
                ]
        scored = {
            n: p
            for n, p in props.items()
            if isinstance(p, dict) and {"value", "score", "quotes"} & set(p.get("properties", {}))
        }
        if scored:
            return [
                _criterion(
                    {"id": n, "label": n.replace("_", " "), "guidance": p.get("description"), **_range(p["properties"])}
                )
                for n, p in scored.items()
            ]
    return []


def _range(props: dict[str, Any]) -> dict[str, Any]:
    value: dict[str, Any] = next((props[k] for k in ("value", "score", "rating") if isinstance(props.get(k), dict)), {})
    if value.get("type") == "boolean":
        return {"type": "yes_no"}
    return {"max": value.get("maximum"), "min": value.get("minimum")}
