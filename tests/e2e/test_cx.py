"""Replies on the running stack: a customer writes in Chatwoot, a reviewer decides by keyboard, one reply arrives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from local.demo import Api
from local.demo_cx import Desk, ask, drafted, learn_knowledge, switch_on, until
from tests.console.browser import Open, findings, overflow, sign_in

pytestmark = [pytest.mark.stack, pytest.mark.slow]

Console = Callable[..., Page]
PLACES = ["/approvals", "/approvals?status=decided", "/cx", "/cx/knowledge", "/cx/experiments", "/cx/calibration", "/cx/health", "/settings/replies"]  # fmt: skip
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def admin(stack: dict[str, Any]) -> Api:
    return Api(stack["api"], stack["tokens"]["admin"])


@pytest.fixture(scope="module")
def member(stack: dict[str, Any]) -> Api:
    return Api(stack["api"], stack["tokens"]["member"])


@pytest.fixture(scope="module")
def desk(stack: dict[str, Any], admin: Api) -> Desk:
    """Chatwoot, connected, with the shop's knowledge behind it and drafting switched on."""
    learn_knowledge(admin)
    switch_on(admin)
    admin.call("POST", "/api/cx/connect", {})
    return Desk(stack["sandbox"]["chatwoot"])


def write(desk: Desk, member: Api, *texts: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A customer writes; their conversation and the draft that came of it."""
    talk = desk.write(f"Dana {uuid4().hex[:6]}", "northwind-web", texts)
    return talk, drafted(member, talk)


def ready(page: Page) -> None:
    """The draft is on screen and may be decided about."""
    expect(page.locator("#reply")).to_be_editable(timeout=WAIT_MS)


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def settle_flags(page: Page) -> None:
    """Where a check stopped the reply, the reviewer says why it may go out."""
    dialog = page.get_by_role("dialog", name="Send a flagged reply?")
    expect(dialog.or_(page.locator("#said", has_text="Approved."))).to_be_attached(timeout=WAIT_MS)
    if dialog.count():
        page.keyboard.type("Read against the articles.")
        for key in ("Tab", "Tab", "Enter"):
            page.keyboard.press(key)


def test_a_reviewer_answers_a_customer_without_a_mouse(console: Console, desk: Desk, member: Api) -> None:
    before = member.call("GET", "/api/cx/metrics?days=7")
    page = console("/approvals", "member", allow=(409,))  # a check may object to the first try
    talk, draft = write(desk, member, "Hi!", "How long does delivery to Portugal take?")
    row = page.locator(f"#q-{draft['id']}")
    expect(row).to_be_visible(timeout=WAIT_MS)  # it came by itself
    page.goto(f"{page.url.split('#')[0]}#/approvals/{draft['id']}")
    ready(page)
    expect(page.locator(".msg.is-new")).to_have_count(2)
    assert draft["sources"], "the draft stands on the knowledge base"
    expect(page.locator(".source__title").first).to_be_visible()

    press(page, "e")
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\nI am here if anything is unclear.")
    page.keyboard.press("Escape")
    expect(page.locator("#edit-note")).to_contain_text("changed")
    press(page, "545a")
    settle_flags(page)
    expect(page.get_by_text(f"Sent to {draft['customer']}.")).to_be_visible(timeout=WAIT_MS)
    expect(row).to_have_count(0, timeout=WAIT_MS)

    until(lambda: desk.replies_to(talk), "the reply")
    replies = desk.replies_to(talk)
    assert len(replies) == 1
    assert replies[0].endswith("I am here if anything is unclear.")
    kept = member.call("GET", f"/api/cx/approvals/{draft['id']}")
    assert {k: kept["decision"][k] for k in ("tone", "accuracy", "policy")} == {"tone": 5, "accuracy": 4, "policy": 5}
    assert 0 < kept["decision"]["edit_ratio"] < 1
    after = member.call("GET", "/api/cx/metrics?days=7")
    assert after["volume"]["ai_drafted"]["value"] == before["volume"]["ai_drafted"]["value"] + 1
    assert after["quality"]["tone"]["basis"] == before["quality"]["tone"]["basis"] + 1

    page.goto(f"{page.url.split('#')[0]}#/approvals/{draft['id']}?status=decided")
    expect(page.locator(".outcome")).to_contain_text("Approved by member@northwind.example, sent")
    press(page, "gc")
    expect(page.get_by_role("row", name=re.compile("^Sent from a draft"))).to_contain_text(str(int(after["volume"]["ai_drafted"]["value"])))  # fmt: skip


def test_a_customer_who_writes_again_is_not_answered_with_old_words(console: Console, desk: Desk, member: Api) -> None:
    talk, draft = write(desk, member, "Until when can I send something back?")
    page = console(f"/approvals/{draft['id']}", "member", allow=(409,))
    ready(page)
    press(page, "e")
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\nMine.")
    page.keyboard.press("Escape")
    press(page, "555")
    ask("POST", talk["mine"], {"content": "And do I pay for the parcel?"})
    until(lambda: member.call("GET", f"/api/cx/approvals/{draft['id']}")["stale"] or None, "the newer message")
    press(page, "a")
    expect(page.locator("#desk")).to_contain_text("And do I pay for the parcel?", timeout=WAIT_MS)
    assert desk.replies_to(talk) == []
    second = until(lambda: (found := drafted(member, talk))["id"] != draft["id"] and found, "the second draft")
    page.goto(f"{page.url.split('#')[0]}#/approvals/{second['id']}")
    ready(page)
    page.get_by_role("button", name="Use my text").click()
    expect(page.locator("#reply")).to_have_value(re.compile("Mine\\.$"))


def test_a_new_draft_comes_on_request_and_a_rejected_one_goes_nowhere(
    console: Console, desk: Desk, member: Api
) -> None:
    talk, draft = write(desk, member, "My parcel arrived broken. What now?")
    page = console(f"/approvals/{draft['id']}", "member")
    ready(page)
    press(page, "n")
    page.keyboard.type("Keep it short.")
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_text("A new draft is being written").first).to_be_visible()
    expect(page.get_by_role("heading", name="Earlier drafts")).to_be_visible(timeout=WAIT_MS)
    ready(page)
    press(page, "312r")
    page.get_by_role("dialog", name="Reject this draft").wait_for()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rejected. Nothing was sent.")).to_be_visible()
    assert desk.replies_to(talk) == []


def test_knowledge_is_written_found_and_taken_away(console: Console, desk: Desk) -> None:
    page = console("/cx/knowledge", "admin")
    word = f"zanzibar{uuid4().hex[:6]}"
    page.get_by_role("button", name="New article").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Title").fill(f"Shipping to {word}")
    dialog.get_by_label("Text").fill(f"Parcels to {word} take nineteen days and cost 31 euros.")
    dialog.get_by_role("button", name="Add article").click()
    title = page.get_by_role("heading", level=2, name=re.compile(word))
    expect(title.locator(".badge")).to_have_text("Found", timeout=WAIT_MS)
    page.get_by_role("link", name="Knowledge").first.click()
    page.get_by_label("What would a draft find?").fill(f"how long to {word}")
    page.keyboard.press("Enter")
    expect(page.locator(".hit").first).to_contain_text("nineteen days")
    page.locator(".hit a").first.click()
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete article").click()
    page.get_by_label("What would a draft find?").fill(f"how long to {word}")
    page.keyboard.press("Enter")
    page.locator(".hit, #hits .meta").first.wait_for()
    assert word not in page.locator("#hits").inner_text()


def test_a_grader_is_calibrated_by_keyboard(console: Console, admin: Api) -> None:
    words = f"Is it in stock? {uuid4().hex[:6]}"
    admin.call("POST", "/api/cx/calibration/items", {"customer_message": words, "reply": "Yes.", "why": "Too short.", "grades": {"tone": 2, "accuracy": 4, "policy": 4}})  # fmt: skip
    page = console("/cx/calibration", "member")
    page.locator("#blind .grader, #blind .state").first.wait_for()
    for _ in range(20):
        press(page, "244a")
        page.get_by_role("table", name="Your marks beside the gold marks").wait_for()
        if page.get_by_text("Too short.").count():
            break
        press(page, "j")
    expect(page.locator("#agreement")).to_contain_text("member@northwind.example")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_nothing_keeps_anybody_out(
    stack: dict[str, Any], open_page: Open, desk: Desk, member: Api, theme: str, width: int
) -> None:
    waiting = member.call("GET", "/api/cx/approvals?limit=1")["data"]
    page = open_page(stack["console"], theme=theme, width=width, height=800)
    sign_in(page, "admin")
    found, wide = {}, {}
    for path in [*PLACES, *(f"/approvals/{one['id']}" for one in waiting)]:
        page.goto(f"{stack['console']}#{path}")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(400)  # moving between pages loads no document that could be waited for
        expect(page.locator(".dim, .skel")).to_have_count(0, timeout=WAIT_MS)
        found[path], wide[path] = findings(page), overflow(page)
    assert {k: v for k, v in found.items() if v} == {}
    assert {k: v for k, v in wide.items() if v > 0} == {}
