"""Dependencies point down: function → service → repository, clients and ai → platform. Each foreign library has one door."""

from __future__ import annotations

import ast

from tests.unit.structure.sources import CAPABILITIES, ROOT, SHARED, Source, functions, shared

# The registry that the workers which visit every capability read.
REGISTRY = "sidedesk.capabilities"


def test_platform_knows_no_business() -> None:
    above = [f"sidedesk.{name}" for name in CAPABILITIES | {"ai", "clients"}] + [REGISTRY]
    assert {
        source.name: used for source in shared() if source.package == "platform" and (used := source.uses(*above))
    } == {}


def test_clients_and_ai_know_no_business() -> None:
    above = [f"sidedesk.{name}" for name in CAPABILITIES] + [REGISTRY]
    wrong = {
        source.name: used
        for source in shared()
        if source.package in ("clients", "ai") and (used := source.uses(*above))
    }
    assert wrong == {}


# Where a capability has more than one door.
DOORS = {"knowledge": {"service", "retrieval"}}


def test_capabilities_meet_only_through_their_services() -> None:
    wrong = []
    for source in shared():
        others = CAPABILITIES - {source.package}
        if source.package in CAPABILITIES:
            for used in source.uses(*(f"sidedesk.{name}" for name in others), REGISTRY):
                parts = used.split(".")
                if not set(parts[2:3]) & DOORS.get(parts[1], {"service"}):
                    wrong.append(f"{source.name} imports {used}")
    assert wrong == []


def test_the_registry_reads_lifecycles_only() -> None:
    used = Source(SHARED / "capabilities.py").uses(*(f"sidedesk.{name}" for name in CAPABILITIES))
    assert {name.split(".")[2] for name in used} <= {"lifecycle"}


def test_functions_leave_the_database_to_others() -> None:
    """They translate: no statements, no drivers, no SDK, no model client."""
    wrong = {}
    for source in functions():
        found = source.uses("psycopg", "boto3", "botocore", "openai", "sidedesk.platform.db")
        found |= {name for name in source.imports if name.startswith("sidedesk.") and ".repository" in name}
        if found:
            wrong[source.name] = found
    assert wrong == {}


def test_functions_do_not_import_each_other() -> None:
    assert {source.name: used for source in functions() if (used := source.uses("functions", "app"))} == {}


def test_nothing_shared_knows_functions_tests_or_the_laptop() -> None:
    assert {
        source.name: used for source in shared() if (used := source.uses("functions", "tests", "local", "bench"))
    } == {}


def only(package: str, *places: str) -> None:
    """A library that has one door, and everybody who goes past it."""
    past = [
        source.name
        for source in [*shared(), *functions()]
        if source.uses(package) and not source.name.startswith(tuple(f"shared/sidedesk/{place}" for place in places))
    ]
    assert past == [], f"{package} has one door: {', '.join(places)}"


def test_one_door_to_models() -> None:
    only("openai", "ai/")


def test_one_door_to_aws() -> None:
    only("boto3", "platform/aws.py")
    only("botocore", "platform/", "clients/")  # its exceptions, to be translated


def test_one_door_to_postgres() -> None:
    """Capabilities may wrap JSON and tell violated constraints apart; connections are made by the platform."""
    for source in [*shared(), *functions()]:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in ("connect", "AsyncConnection", "ConnectionPool"):
                assert source.package == "platform", f"{source.name} opens a connection"
    allowed = {"psycopg", "psycopg.types.json.Jsonb", "psycopg.types.json.Json", "psycopg.sql"}
    used = {
        name for source in shared() if source.package in CAPABILITIES for name in source.uses("psycopg", "psycopg_pool")
    }
    assert used - {name for name in used if name.startswith("psycopg.errors")} <= allowed


def test_powertools_events_stay_at_the_edge() -> None:
    """Services do not see events; the platform's HTTP edge is where they are translated."""
    events = "aws_lambda_powertools.event_handler", "aws_lambda_powertools.utilities.batch"
    wrong = {}
    for source in shared():
        used = source.uses(*events)
        if (
            used
            and source.package != "platform"
            and not all(name.split(".")[-1] in ("Response", "content_types") for name in used)
        ):
            wrong[source.name] = used
    assert wrong == {}


def test_one_place_reads_the_environment() -> None:
    wrong = []
    for source in [*shared(), *functions()]:
        if source.name == "shared/sidedesk/platform/settings.py":
            continue
        if source.name == "functions/platform/console/app.py":
            continue  # carries no layer, so that a page needs no second of start: three variables, read by itself
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                wrong.append(f"{source.name}:{node.lineno}")
    assert wrong == []


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    """At the top of a module they would be paid for at every cold start."""
    wrong = []
    for source in [*shared(), *functions()]:
        for node in source.tree.body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [str(node.module)]
            wrong += [
                f"{source.name}: {name}"
                for name in names
                if name.split(".")[0] in ("boto3", "botocore", "openai", "typst")
            ]
    assert wrong == []


def test_shared_holds_the_package_and_its_build() -> None:
    there = {path.name for path in (ROOT / "shared").iterdir() if path.name != "__pycache__"}
    assert there == {"sidedesk", "Makefile"}


def test_a_function_is_one_module() -> None:
    for source in functions():
        assert source.path.name == "app.py", f"{source.name}: put it into shared/sidedesk"
        assert ast.get_docstring(source.tree), f"{source.name} does not say what it is"
