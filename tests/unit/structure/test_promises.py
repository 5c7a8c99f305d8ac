"""Promises that hold for every module: errors have a status, statements have a user, migrations have a place."""

from __future__ import annotations

import importlib
import pkgutil
import re
from http import HTTPStatus
from pathlib import Path

import pytest

import sidedesk
from sidedesk.platform.errors import DomainError
from sidedesk.platform.http_errors import STATUSES, status_of
from sidedesk.platform.migrate import FILE_NAME
from sidedesk.platform.queries import load_queries
from tests.unit.structure.sources import ROOT, SHARED

USED = re.compile(r"""(?:SQL|QUERIES|queries|sql)\[\s*"([a-z0-9_]+)"\s*\]""")
QUERY_FILES = sorted(path for path in SHARED.glob("*/*.sql") if path.parent.name != "migrations")
PACKAGES = sorted({path.parent for path in QUERY_FILES})


def every_error() -> list[type[DomainError]]:
    for module in pkgutil.walk_packages(sidedesk.__path__, "sidedesk."):
        importlib.import_module(module.name)

    def children(kind: type[DomainError]) -> list[type[DomainError]]:
        return [kind, *(one for child in kind.__subclasses__() for one in children(child))]

    return children(DomainError)


def test_every_error_has_a_status() -> None:
    own_fault = {"DomainError", "_Broken"}
    for kind in every_error():
        status = status_of(kind.__new__(kind))
        assert status is not HTTPStatus.INTERNAL_SERVER_ERROR or kind.__name__ in own_fault, f"{kind} has no status"
    assert all(issubclass(kind, DomainError) for kind in STATUSES)


def test_every_error_has_a_code_and_a_sentence() -> None:
    for kind in every_error():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", kind.code), kind
        assert kind.message[:1].isupper() and kind.message.rstrip().endswith((".", "!", "?")), kind


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: folder.name)
def test_every_statement_is_used_and_every_used_one_exists(folder: Path) -> None:
    names = [
        name
        for path in QUERY_FILES
        if path.parent == folder
        for name in load_queries(f"sidedesk.{folder.name}", path.name)
    ]
    defined = set(names)
    assert len(names) == len(defined), "two files define one name"
    text = "\n".join(source.read_text(encoding="utf-8") for source in folder.rglob("*.py"))
    used = set(USED.findall(text))
    # A name may also be chosen among a few at run time: then it stands there as a text.
    mentioned = {name for name in defined if re.search(rf'"{name}"', text)}
    assert used - defined == set(), "used but defined nowhere"
    assert defined - used - mentioned == set(), "defined but not used"


def test_migrations_have_one_order() -> None:
    names = sorted(path.name for path in (SHARED / "migrations").glob("*.sql"))
    assert all(FILE_NAME.match(name) for name in names)
    numbers = [int(name[:4]) for name in names]
    assert len(set(numbers)) == len(numbers), "two migrations share a number"
    assert numbers == list(range(1, len(numbers) + 1)), "a number is missing"


def test_every_make_target_is_written_down() -> None:
    targets = re.findall(r"^([a-z][a-z0-9-]*):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert [target for target in targets if not re.search(rf"\bmake {target}\b", text)] == []


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:", link) and not (page.parent / link).exists():
                broken.append(f"{page.relative_to(ROOT)} → {link}")
    assert broken == []
