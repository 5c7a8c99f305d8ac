"""A picture of every page in both themes, wide and on a phone: `.local/screenshots/<page>-<theme>-<width>.png`.

`python -m tests.e2e.screenshots` takes them from the running stack, `--standin` from the stand-in API.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.console.browser import FLAGS, find_chromium, sign_in
from tests.console.standin import StandIn
from tests.e2e.conftest import read_stack

FOLDER = Path(__file__).resolve().parents[2] / ".local/screenshots"
PLACES = {
    "approvals": "/approvals", "decided": "/approvals?status=decided", "cx": "/cx", "knowledge": "/cx/knowledge", "experiments": "/cx/experiments", "graders": "/cx/calibration", "health": "/cx/health",
    "audits": "/audits", "new-run": "/audits/new", "results": "/audits/results", "people": "/audits/people", "scorecards": "/audits/scorecards",
    "notifications": "/notifications", "settings": "/settings", "replies": "/settings/replies", "integrations": "/settings/integrations",
    "new-scorecard": "/audits/scorecards/new", "calibration": "/audits/calibration", "conversations": "/conversations", "imports": "/conversations/imports", "new-import": "/conversations/imports/new", "batches": "/conversations/batches", "exports": "/conversations/exports",
    "members": "/settings/members", "keys": "/settings/keys", "usage": "/settings/usage", "guide": "/guide",
}  # fmt: skip


def shoot(page: Page, name: str, *, full_page: bool = True) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(400)  # moving between pages loads no document that could be waited for
    page.screenshot(path=FOLDER / f"{name}.png", full_page=full_page, style=".save { position: static }")


def take(page: Page, address: str, tail: str) -> None:
    page.goto(address)
    page.locator(".door").first.wait_for()
    shoot(page, f"sign-in-{tail}")
    sign_in(page, "admin")
    for name, path in PLACES.items():
        page.goto(f"{address}#{path}")
        shoot(page, f"{name}-{tail}")
    page.goto(f"{address}#/audits")
    page.locator("#runs > *").first.wait_for()
    run = page.locator("tbody tr a").first
    if run.count():
        run.click()
        shoot(page, f"run-{tail}")
    first(page, address, "/audits/scorecards", "#cards", f"scorecard-{tail}")
    first(page, address, "/audits/results", "#results", f"audit-{tail}", full_page=False)
    first(page, address, "/conversations?enrichment_status=completed", "#list", f"conversation-{tail}")
    first(page, address, "/conversations/batches", "#batches", f"batch-{tail}")


def first(page: Page, address: str, path: str, region: str, name: str, *, full_page: bool = True) -> None:
    """The first thing of a list, opened."""
    page.goto(f"{address}#{path}")
    page.locator(f"{region} tbody tr, {region} .state__title").first.wait_for()
    link = page.locator(f"{region} tbody tr a").first
    if link.count():
        link.click()
        shoot(page, name, full_page=full_page)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        address = (
            f"{stack.enter_context(StandIn()).url}/console" if "--standin" in sys.argv else read_stack()["console"]
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for theme in ("light", "dark"):
            for width in (1440, 360):
                context = browser.new_context(
                    viewport={"width": width, "height": 900},
                    color_scheme=theme,
                    reduced_motion="reduce",
                    bypass_csp=True,
                )
                take(context.new_page(), address, f"{theme}-{width}")
                context.close()
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


if __name__ == "__main__":
    main()
