"""A real browser for the tests: the system's Chromium, one process for the session, one clean profile for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).resolve().parents[1] / "e2e/node_modules/axe-core/axe.min.js"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
SERIOUS = {"serious", "critical"}

Open = Callable[..., Page]


def find_chromium() -> str | None:
    found = (shutil.which(name) for name in (os.environ.get("CHROMIUM", ""), *NAMES) if name)
    return next((path for path in found if path), MAC if Path(MAC).exists() else None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None or not AXE.exists():
        if os.environ.get("CI"):
            pytest.fail("No browser, or no axe-core. Run tests/e2e/setup.sh first.")
        pytest.skip("no browser: run tests/e2e/setup.sh")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens pages and, at the end of the test, refuses any error the browser's console has seen."""
    contexts, problems = [], []

    def expected(text: str, allowed: tuple[int, ...]) -> bool:
        return any(f"status of {status}" in text for status in allowed)

    def open_one(
        url: str,
        *,
        theme: str = "light",
        width: int = 1440,
        height: int = 900,
        motion: str = "reduce",
        allow: tuple[int, ...] = (),
        **more: Any,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion=motion, **more
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: problems.append(f"exception: {error}"))
        page.on(
            "console", lambda m: problems.append(m.text) if m.type == "error" and not expected(m.text, allow) else None
        )
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert problems == []


def findings(page: Page) -> list[str]:
    """What axe finds that keeps somebody out: rule, and where."""
    page.wait_for_function(
        "document.getAnimations().every((a) => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)"
    )
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text())  # not a script tag: the page's policy allows none
    violations = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then((r) => r.violations)")
    return [
        f"{v['id']}: {v['nodes'][0]['target']} {v['nodes'][0]['html'][:120]}"
        for v in violations
        if v["impact"] in SERIOUS
    ]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def sign_in(page: Page, account: str) -> None:
    page.locator(f"[data-account={account}]").click()
    page.locator(".nav__me").wait_for(state="attached")
