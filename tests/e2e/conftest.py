"""The browser on the running stack: the one that `.sidedesk/stack.json` describes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.console.browser import Open, browser, open_page, sign_in  # noqa: F401

STACK = Path(os.environ.get("SIDEDESK_STACK") or Path(__file__).resolve().parents[2] / ".sidedesk/stack.json")


def read_stack() -> dict[str, Any]:
    return json.loads(STACK.read_text())


@pytest.fixture(scope="session")
def stack() -> dict[str, Any]:
    if not STACK.exists():
        pytest.fail("The stack is not running. Start it with: make up DETACH=1")
    return read_stack()


@pytest.fixture
def console(stack: dict[str, Any], open_page: Open) -> Callable[..., Page]:  # noqa: F811
    """console('/settings', 'admin'): signed in and on the page."""

    def at(path: str, account: str = "admin", **options: Any) -> Page:
        page = open_page(f"{stack['console']}#{path}", **options)
        sign_in(page, account)
        page.locator("main h1").first.wait_for()
        return page

    return at
