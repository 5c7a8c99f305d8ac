"""The page with its stand-in API."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from tests.console.browser import Open, browser, open_page, sign_in  # noqa: F401
from tests.console.standin import StandIn


@pytest.fixture
def api() -> Iterator[StandIn]:
    with StandIn() as server:
        yield server


@pytest.fixture
def console(api: StandIn, open_page: Open) -> Callable[..., Page]:  # noqa: F811
    """console('/audits', 'admin'): signed in and on the page."""

    def at(path: str, account: str = "admin", **options: object) -> Page:
        page = open_page(f"{api.url}/console#{path}", **options)
        sign_in(page, account)
        page.locator("main h1").first.wait_for()
        return page

    return at
