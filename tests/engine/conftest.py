"""One stack of the fixture template for the whole session of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from local.engine.settings import venv_python
from tests.engine.stack import Stack


@pytest.fixture(autouse=True)
def environment() -> None:
    """The functions here run in processes of their own: nothing to prepare in this one."""


def _stack(factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not venv_python("local").exists():
        pytest.skip("needs the local environment: make setup-local")
    home = factory.mktemp("engine")
    stack = Stack(home)
    try:
        stack.start()
        yield stack
    finally:
        stack.stop()
        stack.command("clean")
        stack.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    yield from _stack(tmp_path_factory)


@pytest.fixture
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """For tests that kill it, break its template or stop it."""
    yield from _stack(tmp_path_factory)
