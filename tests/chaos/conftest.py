"""One stack for all faults: what they leave behind together must heal too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engine.settings import venv_python
from tests.chaos.stack import Person, WholeStack


@pytest.fixture(autouse=True)
def environment() -> None:
    """The functions here run in processes of their own: nothing to prepare in this one."""


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeStack]:
    if not venv_python("local").exists():
        pytest.skip("needs the local environment: make setup-local")
    made = WholeStack(tmp_path_factory.mktemp("chaos"))
    try:
        made.start()
        yield made
    finally:
        made.stop()
        made.command("clean")
        made.close()


@pytest.fixture(scope="session")
def person(stack: WholeStack) -> Person:
    return Person(stack)
