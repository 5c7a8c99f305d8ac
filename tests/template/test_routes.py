"""Routes: what the gateway forwards is served, what is served is forwarded, and to the function that serves it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest

from tests.support.lambdas import Context, http_event, load_app
from tests.template.reading import Template, filled_in

SAMPLE = "0b6f2a52-7d0c-4a8e-9d59-4f2b4c5f3a11"


@dataclass(frozen=True)
class Route:
    """A route of the gateway."""

    function: str
    method: str
    path: str

    def takes(self, method: str, path: str) -> bool:
        parts = re.split(r"(\{\w+\+?\})", self.path)
        pattern = "".join(
            ".+" if part.endswith("+}") else "[^/]+" if part.startswith("{") else re.escape(part) for part in parts
        )
        return self.method in ("ANY", method) and re.fullmatch(pattern, path) is not None

    @property
    def rank(self) -> tuple[list[int], bool]:
        """The gateway prefers whole paths to variables to greedy ones, segment by segment, then a method to ANY."""
        weights = [2 if part.endswith("+}") else 1 if part.startswith("{") else 0 for part in self.path.split("/")]
        return weights, self.method == "ANY"


def routes(template: Template) -> list[Route]:
    return [
        Route(name, properties["Method"].upper(), properties["Path"])
        for name, _, properties in template.events("HttpApi")
    ]


@pytest.fixture
def apps(template: Template, monkeypatch: pytest.MonkeyPatch) -> dict[str, ModuleType]:
    """Every HTTP function, started under the variables it has."""
    for name in template.functions:
        for key, value in template.environment(name).items():
            monkeypatch.setenv(key, filled_in(value))
    found = {}
    for name in dict.fromkeys(route.function for route in routes(template)):
        found[name] = load_app(template.functions[name]["CodeUri"].rstrip("/").removeprefix("functions/"))
    return found


def served(apps: dict[str, ModuleType]) -> Iterator[tuple[str, str, str]]:
    """(function, method, concrete path) of every route an app declares."""
    for name, app in apps.items():
        if hasattr(app, "api"):
            for method, path in app.api.rules:
                yield name, method, re.sub(r"<[^>]+>", SAMPLE, path)


def test_every_route_of_the_code_reaches_its_function(template: Template, apps: dict[str, ModuleType]) -> None:
    wrong = []
    for name, method, path in served(apps):
        taking = sorted(
            (route for route in routes(template) if route.takes(method, path)), key=lambda route: route.rank
        )
        if not taking:
            wrong.append(f"{method} {path} of {name} has no route in the template")
        elif taking[0].function != name:
            wrong.append(
                f"{method} {path} of {name} goes to {taking[0].function} ({taking[0].method} {taking[0].path})"
            )
    assert wrong == []


def test_every_route_of_the_template_is_served(template: Template, apps: dict[str, ModuleType]) -> None:
    declared = list(served(apps))
    dead = []
    for route in routes(template):
        if hasattr(apps[route.function], "api"):
            if not any(name == route.function and route.takes(method, path) for name, method, path in declared):
                dead.append(f"{route.method} {route.path} → {route.function}")
        elif "{" not in route.path and route.method in ("GET", "HEAD"):
            answer = apps[route.function].lambda_handler(http_event(route.method, route.path), Context())
            if answer["statusCode"] >= 400:
                dead.append(f"{route.method} {route.path} → {route.function}: {answer['statusCode']}")
    assert dead == []


def test_no_two_functions_claim_the_same_route(template: Template) -> None:
    claimed = [(route.method, re.sub(r"\{\w+", "{", route.path)) for route in routes(template)]
    assert len(set(claimed)) == len(claimed)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Route("a", "GET", "/x/y"), Route("b", "GET", "/x/{id}")),
        (Route("a", "GET", "/x/{id}"), Route("b", "GET", "/x/{proxy+}")),
        (Route("a", "GET", "/x/{proxy+}"), Route("b", "ANY", "/x/{proxy+}")),
        (Route("a", "PATCH", "/x/{id}/y"), Route("b", "ANY", "/x/{proxy+}")),
    ],
)
def test_the_gateways_order_of_preference(first: Route, second: Route) -> None:
    assert first.rank < second.rank
