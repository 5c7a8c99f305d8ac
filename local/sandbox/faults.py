"""Faults: rules that make a route answer wrongly, late or not at all."""

import fnmatch
import itertools
import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any

PROVIDERS = ("openai", "chatwoot", "intercom", "n8n")

EFFECTS: dict[str, dict[str, str]] = {
    "openai": {
        "no_usage": "the answer has no usage",
        "length": "cut at half with finish_reason length",
        "content_filter": "empty with finish_reason content_filter",
        "refusal": "a refusal instead of content",
        "broken_json": "content that is not JSON",
        "wrong_schema": "JSON that ignores the schema",
        "empty": "content is an empty text",
        "made_up_quotes": "quotes that nobody said",
    },
    "chatwoot": {
        "webhook_drop": "the delivery is lost",
        "webhook_double": "delivered twice with different delivery ids",
        "webhook_shuffle": "deliveries of a moment arrive in another order",
    },
    "n8n": {
        "hold": "the 200 is held for delay_ms, then the run starts",
        "hang_up_then_run": "the connection is cut, the run starts all the same",
        "double_run": "one POST becomes two executions",
        "html_404": "booting: 404 with a page",
        "starting_up": "booting: 200 with a text",
        "code_0": "500 with code 0, nothing runs",
        "silent_after_started": "reports running and is never heard of again",
        "callback_again": "after completion the callbacks come once more",
        "batch_twice": "every callback is sent twice",
        "shuffle": "conversations are reported in another order",
        "crash": "a node fails after Started; the error workflow reports it",
        "killed": "the process dies after half of the conversations; no report",
        "item_error": "a conversation cannot be judged and is reported as an error",
    },
    "intercom": {},
}


@dataclass
class Fault:
    provider: str
    route: str = "*"
    method: str = "*"
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    delay_ms: int = 0
    hang: bool = False
    malformed: bool = False
    drop_after_bytes: int | None = None
    drip_ms: int = 0
    after_running: bool = False  # do the work first, then answer with this status
    effect: str | None = None
    rate: float = 1.0
    seed: int = 1
    times: int | None = None
    skip: int = 0
    id: str = ""
    hits: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    @property
    def replaces(self) -> bool:
        return self.status is not None or self.body is not None

    def strikes(self) -> bool:
        if self.times is not None and self.hits >= self.times:
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.rate < 1 and self._dice.random() >= self.rate:
            return False
        self.hits += 1
        return True


def parse(raw: dict[str, Any]) -> Fault:
    """Refuses what it does not know, so that a typing error in a test is not a silent pass."""
    known = {f.name for f in fields(Fault)} - {"id", "hits"}
    if unknown := set(raw) - known:
        raise ValueError(f"unknown field {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
    if raw.get("provider") not in PROVIDERS:
        raise ValueError(f"provider must be one of {', '.join(PROVIDERS)}")
    effect = raw.get("effect")
    if effect is not None and effect not in EFFECTS[raw["provider"]]:
        names = ", ".join(EFFECTS[raw["provider"]]) or "none"
        raise ValueError(f"{raw['provider']} has no effect called {effect}; it has: {names}")
    fault = Fault(**raw)
    if not 0 <= fault.rate <= 1:
        raise ValueError("rate must be between 0 and 1")
    if fault.status is not None and not 200 <= fault.status <= 599:
        raise ValueError("status must be between 200 and 599")
    wrong = not (effect or fault.replaces or fault.hang or fault.malformed or fault.delay_ms or fault.drip_ms)
    if wrong and fault.drop_after_bytes is None:
        raise ValueError(
            "say what goes wrong: status, body, delay_ms, hang, malformed, drop_after_bytes, drip_ms or effect"
        )
    fault.method = fault.method.upper()
    return fault


class Faults:
    def __init__(self) -> None:
        self._all: dict[str, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, raw: dict[str, Any]) -> Fault:
        fault = parse(raw)
        fault.id = f"f{next(self._ids)}"
        self._all[fault.id] = fault
        return fault

    def remove(self, fault_id: str) -> bool:
        return self._all.pop(fault_id, None) is not None

    def clear(self) -> None:
        self._all.clear()

    def has(self, fault_id: str) -> bool:
        return fault_id in self._all

    def shown(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self._all.values()]

    def on_wire(self, provider: str, method: str, route: str) -> Fault | None:
        """The first fault that strikes this request, effects aside."""
        return self._first(provider, method, route, None)

    def effect(self, provider: str, effect: str, route: str = "*", method: str = "*") -> Fault | None:
        return self._first(provider, method, route, effect)

    def _first(self, provider: str, method: str, route: str, effect: str | None) -> Fault | None:
        for fault in list(self._all.values()):
            if fault.provider != provider or fault.effect != effect:
                continue
            if fault.method not in ("*", method) and method != "*":
                continue
            if route != "*" and not fnmatch.fnmatchcase(route, fault.route):
                continue
            if fault.strikes():
                return fault
        return None
