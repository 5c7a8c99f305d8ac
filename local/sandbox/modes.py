"""Switches that change how a provider behaves as long as they are set. Kept in memory only."""

from typing import Any

DEFAULTS: dict[str, Any] = {
    "gullible": False,  # the model obeys instructions found in what it reads
    "openai_latency_ms": 0,
    "intercom_day_truncation": False,  # date filters compare calendar days of the workspace's zone
    "intercom_limit_per_10s": 1666,
    "n8n_published": True,
    "n8n_listening": False,  # someone pressed "Listen for test event"; one call only
    "n8n_limit": -1,  # concurrency limit: above it the 200 is held
    "n8n_workers": 4,  # executions that really run at a time while there is no limit
    "n8n_pause_ms": 0,  # wait after each conversation
    "n8n_retry_wait_ms": 1000,
    "n8n_max_tries": 5,
}

LIMITS = {"n8n_workers": (1, 64), "n8n_max_tries": (2, 5), "n8n_retry_wait_ms": (0, 5000), "n8n_limit": (-1, 1000)}


class Modes:
    def __init__(self) -> None:
        self.values = dict(DEFAULTS)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def update(self, wanted: dict[str, Any]) -> None:
        for name, value in wanted.items():
            self._check(name, value)
        self.values.update(wanted)

    def reset(self) -> None:
        self.values = dict(DEFAULTS)

    @staticmethod
    def _check(name: str, value: Any) -> None:
        if name not in DEFAULTS:
            raise ValueError(f"there is no switch called {name}; the switches are {', '.join(DEFAULTS)}")
        kind = type(DEFAULTS[name])
        if type(value) is not kind:
            raise ValueError(f"{name} takes a {kind.__name__}")
        low, high = LIMITS.get(name, (0, 10**9))
        if kind is int and not low <= value <= high:
            raise ValueError(f"{name} must be between {low} and {high}")
