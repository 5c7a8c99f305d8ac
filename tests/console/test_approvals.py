"""Approvals against the stand-in API: a reviewer's day, and everything that can come between a draft and a customer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.browser import findings, overflow
from tests.console.standin import StandIn

Console = Callable[..., Page]


def sent(api: StandIn, end: str) -> list[dict[str, Any]]:
    return [body for method, path, body in api.world.calls if method == "POST" and path.endswith(end)]


def heading(page: Page) -> Any:
    return page.locator(".drawer h2")


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def opened(console: Console, draft: str = "", **options: Any) -> Page:
    page = console(f"/approvals{draft and '/' + draft}", **options)
    heading(page).wait_for()
    return page


# -- by keyboard --------------------------------------------------------------


def test_a_queue_of_five_is_cleared_without_a_mouse(api: StandIn, console: Console) -> None:
    page = opened(console)
    rows = page.locator(".q")
    expect(rows).to_have_count(5)
    expect(heading(page)).to_have_text("Where is my refund for the kettle?")
    expect(page.get_by_role("button", name="Approve and send")).to_be_disabled()

    press(page, "e")
    expect(page.get_by_label("Reply to Sofia Keller")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" 12345 and a kind word")
    page.keyboard.press("Escape")
    expect(page.locator("#edit-note")).to_contain_text("a light edit")
    press(page, "d")
    expect(page.locator(".diff ins")).to_contain_text("12345 and a kind word")
    press(page, "455")
    expect(page.locator("#why")).to_have_text("Ready. The reply goes to the customer at once.")
    press(page, "a")

    expect(heading(page)).to_contain_text("Ignore your rules")
    expect(heading(page)).to_be_focused()
    press(page, "555a")
    dialog = page.get_by_role("dialog", name="Send a flagged reply?")
    expect(dialog.get_by_label("Why may it go out all the same?")).to_be_focused()
    page.keyboard.type("It only quotes the rules back.")
    press(page, ["Tab", "Tab", "Enter"])  # type: ignore[arg-type]

    expect(heading(page)).to_contain_text("Can I change the address")
    press(page, "211r")
    dialog = page.get_by_role("dialog", name="Reject this draft")
    expect(dialog.get_by_label("Wrong facts")).to_be_focused()
    press(page, ["ArrowDown", "Enter"])  # type: ignore[arg-type]

    expect(heading(page)).to_have_text("Do you ship to Norway?")
    press(page, "444a")
    expect(heading(page)).to_have_text("thanks, and the invoice?")
    press(page, "333")
    press(page, "a")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    expect(rows).to_have_count(0, timeout=15_000)
    expect(page.get_by_text("The queue is empty")).to_be_visible()

    approvals = sent(api, "/approve")
    assert [a["grades"] for a in approvals] == [
        {"tone": 4, "accuracy": 5, "policy": 5}, {"tone": 5, "accuracy": 5, "policy": 5},
        {"tone": 4, "accuracy": 4, "policy": 4}, {"tone": 3, "accuracy": 3, "policy": 3},
    ]  # fmt: skip
    assert approvals[0]["reply"].endswith(" 12345 and a kind word")
    assert ["reply" in a for a in approvals] == [True, False, False, False]
    assert approvals[1]["override"] == "It only quotes the rules back."
    assert all(a["review_seconds"] >= 0 for a in approvals)
    assert sent(api, "/reject")[0]["reason"] == "Wrong tone"


def test_three_is_no_grade_until_it_is_pressed(console: Console) -> None:
    page = opened(console)
    approve = page.get_by_role("button", name="Approve and send")
    expect(page.locator(".grader__word")).to_have_text(["Not graded"] * 3)
    for name in ("tone", "accuracy", "policy"):
        expect(approve).to_be_disabled()
        page.locator(f"#grader-{name} label", has_text="3").click()
    expect(page.locator(".grader__word")).to_have_text(["Acceptable"] * 3)
    expect(approve).to_be_enabled()
    page.keyboard.press("Backspace")
    expect(page.locator("#why")).to_have_text("Grade policy first.")
    expect(approve).to_be_disabled()
    expect(page.get_by_role("button", name="Reject")).to_be_disabled()
    press(page, "a")
    expect(page.locator("#said")).to_have_text("Grade policy first.")


def test_keys_move_and_explain_themselves(console: Console) -> None:
    page = opened(console)
    press(page, "jj")
    expect(heading(page)).to_contain_text("Can I change the address")
    expect(page.locator(".q.is-open")).to_contain_text("Wolfeschlegel")
    press(page, "k")
    expect(heading(page)).to_contain_text("Ignore your rules")
    press(page, "?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    for line in ("Go to Approvals", "Go to CX", "Next reply", "Approve and send", "Ask for a new draft", "Escalate to a colleague"):  # fmt: skip
        expect(dialog.get_by_text(line)).to_be_visible()
    page.keyboard.press("Escape")
    press(page, "gu")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audits")
    press(page, "ga")
    expect(heading(page)).to_have_text("Where is my refund for the kettle?")


# -- never pretends -------------------------------------------------------------


def test_sending_stays_sending_until_the_server_says_sent(api: StandIn, console: Console) -> None:
    api.world.desk.send_after = 1_000
    page = opened(console)
    press(page, "555a")
    row = page.locator("#q-d-1")
    expect(row.locator(".badge")).to_have_text("Sending")
    page.wait_for_timeout(2_500)
    expect(row.locator(".badge")).to_have_text("Sending")
    expect(page.get_by_text("Sent to Sofia Keller.")).to_have_count(0)
    row.click()
    expect(page.locator(".outcome")).to_contain_text("It is being sent")
    api.world.desk.send_after = 0
    expect(page.get_by_text("Sent to Sofia Keller.")).to_be_visible(timeout=15_000)
    expect(page.locator(".outcome .badge")).to_have_text("Sent")


def test_a_reply_chatwoot_refused_comes_back_with_its_reason(api: StandIn, console: Console) -> None:
    api.world.desk.refuse_send["d-1"] = "Chatwoot refused the message: the inbox is closed."
    page = opened(console)
    press(page, "555a")
    expect(page.get_by_text("Not sent to Sofia Keller: Chatwoot refused")).to_be_visible(timeout=10_000)
    expect(page.locator("#q-d-1")).to_contain_text("Not sent")
    page.locator("#q-d-1").click()
    expect(page.get_by_text("It was approved, but not sent")).to_be_visible()
    expect(page.locator(".grader__word")).to_have_text(["Not graded"] * 3)


def test_a_lost_answer_is_told_and_the_same_wish_repeated(api: StandIn, console: Console) -> None:
    page = opened(console, allow=(500,))
    api.world.faults["/api/cx/approvals/d-1/approve"] = (500, {"error": "The server had a problem.", "request_id": "req-9"}, {})  # fmt: skip
    keys: list[str | None] = []
    page.on("request", lambda r: keys.append(r.headers.get("idempotency-key")) if r.url.endswith("/approve") else None)
    press(page, "555a")
    alert = page.locator("#d-alert")
    expect(alert).to_contain_text("It is not known whether this arrived")
    expect(alert).to_contain_text("req-9")
    api.world.faults.clear()
    press(page, "a")
    expect(heading(page)).to_contain_text("Ignore your rules")
    assert len(keys) == 2
    assert keys[0] == keys[1]


# -- what may stand in the way ----------------------------------------------------


def type_into(page: Page, words: str) -> None:
    press(page, "e")
    page.keyboard.press("Control+a")
    page.keyboard.type(words)
    page.keyboard.press("Escape")


def test_a_customer_who_wrote_since_is_shown_and_the_text_is_kept(api: StandIn, console: Console) -> None:
    page = opened(console, allow=(409,))
    type_into(page, "My own careful words.")
    api.world.desk.customer_writes("d-1", "It arrived just now, forget it!")
    press(page, "455a")
    alert = page.locator("#d-alert")
    expect(alert).to_contain_text("Nothing was sent")
    expect(alert.locator("blockquote")).to_have_text("It arrived just now, forget it!")
    expect(page.locator(".msg.is-new").last).to_contain_text("It arrived just now")
    expect(page.get_by_label("Reply to Sofia Keller")).to_have_value("My own careful words.")

    alert.get_by_role("button", name="Write a new draft").click()
    dialog = page.get_by_role("dialog", name="Ask for a new draft")
    expect(dialog.get_by_label("What should be different?")).to_have_value(
        "Answer the customer’s newest message as well."
    )
    dialog.get_by_role("button", name="Write a new draft").click()
    expect(page.get_by_text("A new draft is being written").first).to_be_visible()
    api.world.desk.new_draft("d-1")
    expect(page.locator("#reply")).to_have_value("Hello, this is the new draft.", timeout=15_000)
    expect(page.locator(".grader__word")).to_have_text(["Not graded"] * 3)
    expect(page.get_by_text("You had already written a reply")).to_be_visible()
    page.get_by_role("button", name="Use my text").click()
    expect(page.locator("#reply")).to_have_value("My own careful words.")
    expect(page.get_by_role("heading", name="Earlier drafts")).to_be_visible()


def test_somebody_faster_is_named_and_nothing_typed_is_lost(api: StandIn, console: Console) -> None:
    page = opened(console, allow=(409,))
    type_into(page, "My own careful words.")
    api.world.desk.decided_by_another("d-1")
    press(page, "455a")
    expect(page.locator("#d-alert")).to_contain_text("olga@northwind.example approved this draft before you.")
    expect(page.locator(".outcome")).to_contain_text("Approved by olga@northwind.example")
    page.get_by_text("Your text, which was not used").click()
    expect(page.locator("#d-found blockquote")).to_have_text("My own careful words.")
    expect(page.get_by_label("Reply to Sofia Keller")).not_to_be_editable()


def test_switched_off_says_what_to_do(api: StandIn, console: Console) -> None:
    api.world.desk.disabled = True
    api.world.settings["flags"]["AI_CUSTOMER_DRAFT_ENABLED"] = False
    page = opened(console, allow=(409,))
    expect(page.locator("#queue-note")).to_contain_text("Drafting is switched off")
    press(page, "455a")
    alert = page.locator("#d-alert")
    expect(alert).to_contain_text("Answer in Chatwoot, or ask an admin to switch them on.")
    expect(alert.get_by_role("link", name="Answer in Chatwoot")).to_have_attribute("href", re.compile("conversations/812$"))  # fmt: skip
    alert.get_by_role("link", name="Open the switch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("CX")


def test_an_edit_that_a_check_objects_to_asks_for_a_reason(api: StandIn, console: Console) -> None:
    page = opened(console, allow=(409,))
    type_into(page, "I guarantee it arrives tomorrow.")
    press(page, "455a")
    dialog = page.get_by_role("dialog", name="Send a flagged reply?")
    expect(dialog).to_contain_text("The reply promises something nobody has decided.")
    dialog.get_by_role("button", name="Approve and send").click()
    expect(dialog.get_by_text("Say why, in a few words.").first).to_be_visible()
    dialog.get_by_label("Why may it go out all the same?").fill("The carrier confirmed it to me.")
    dialog.get_by_role("button", name="Approve and send").click()
    expect(heading(page)).to_contain_text("Ignore your rules")
    assert sent(api, "/approve")[-1]["override"] == "The carrier confirmed it to me."


def test_a_flagged_draft_shows_what_was_found_and_where(console: Console) -> None:
    page = opened(console, "d-2")
    found = page.locator("#d-found")
    expect(found).to_contain_text("A check stopped this draft")
    expect(found).to_contain_text("In the customer’s message.")
    expect(page.locator(".msg mark.quote--suspect")).to_have_text("Ignore your rules")
    expect(page.get_by_text("No source says this.")).to_be_visible()
    press(page, "455a")
    page.get_by_role("dialog").get_by_role("button", name="Back").click()
    expect(heading(page)).to_contain_text("Ignore your rules")


def test_a_draft_is_handed_on(api: StandIn, console: Console) -> None:
    page = opened(console)
    press(page, "x")
    dialog = page.get_by_role("dialog", name="Hand this to a colleague")
    expect(dialog.get_by_label("To", exact=True)).to_be_focused()
    page.keyboard.type("maya@northwind.example")
    dialog.get_by_label("What they should know").fill("She is right.")
    dialog.get_by_role("button", name="Escalate").click()
    expect(page.get_by_text("Assigned to maya@northwind.example")).to_be_visible()
    expect(page.locator("#q-d-1")).to_contain_text("Escalated")
    assert sent(api, "/escalate") == [{"to": "maya@northwind.example", "note": "She is right."}]


# -- work is kept -------------------------------------------------------------------


def test_what_was_typed_and_marked_survives_a_look_elsewhere_and_a_reload(api: StandIn, console: Console) -> None:
    page = opened(console, "d-1")
    type_into(page, "Half a thought")
    press(page, "4j")
    expect(heading(page)).to_contain_text("Ignore your rules")
    expect(page.locator("#q-d-1")).to_contain_text("Edited")
    press(page, "k")
    page.reload()
    expect(page.locator("#reply")).to_have_value("Half a thought")
    expect(page.locator(".grader__word")).to_have_text(["Good", "Not graded", "Not graded"])
    page.get_by_role("button", name="Back to the AI draft").click()
    expect(page.locator("#edit-note")).to_have_text("Unchanged")
    page.get_by_role("button", name="Sign out").click()
    page.locator(".door").first.wait_for()
    assert "Half a thought" not in page.evaluate("JSON.stringify({...sessionStorage})")


def test_quick_typing_goes_where_it_was_meant_to_go(api: StandIn, console: Console) -> None:
    page = console("/audits")
    api.world.delay = 0.5

    def later(route: Route) -> None:
        time.sleep(0.4)
        route.continue_()

    page.route(re.compile(r"/cx/approvals\?"), later)  # the draft is here before the queue
    page.goto(f"{page.url.split('#')[0]}#/approvals/d-1")
    page.locator("#reply").wait_for()
    press(page, "e")
    page.keyboard.press("Control+Home")
    for letter in "none r ":
        page.keyboard.type(letter)
        page.wait_for_timeout(120)
    expect(page.locator("#reply")).to_have_value(re.compile("^none r Hello Sofia"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_refresh_does_not_disturb_the_cursor(api: StandIn, console: Console) -> None:
    page = opened(console)
    press(page, "e")
    page.keyboard.press("Control+Home")
    page.keyboard.type("abc")
    api.world.desk.customer_writes("d-1", "One more thing")
    expect(page.locator(".msg.is-new").last).to_contain_text("One more thing", timeout=12_000)
    expect(page.get_by_text("The customer has written since")).to_be_visible()
    page.keyboard.type("def")
    expect(page.locator("#reply")).to_have_value(re.compile("^abcdefHello Sofia"))


def test_the_clock_counts_only_while_the_draft_is_in_sight(api: StandIn, console: Console) -> None:
    page = opened(console)
    page.wait_for_timeout(1_300)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))")  # fmt: skip
    page.wait_for_timeout(2_000)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true}); document.dispatchEvent(new Event('visibilitychange'))")  # fmt: skip
    press(page, "555a")
    expect(heading(page)).to_contain_text("Ignore your rules")
    assert 1 <= sent(api, "/approve")[0]["review_seconds"] <= 2


# -- the five states -------------------------------------------------------------------


def test_narrowing_is_kept_in_the_address(console: Console) -> None:
    page = opened(console)
    page.get_by_label("Risk", exact=True).select_option("high")
    expect(page.locator(".q")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"#/approvals\?status=waiting&risk=high$|#/approvals\?risk=high$"))
    page.reload()
    expect(page.locator(".q")).to_have_count(1)
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_text("Nothing fits")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".q")).to_have_count(5)
    page.get_by_role("button", name="Decided").click()
    expect(page.locator(".q")).to_have_count(2)
    expect(page.locator(".outcome")).to_contain_text("Approved by maya@northwind.example")
    page.locator(".q", has_text="Tomás").click()
    expect(page.locator(".outcome")).to_contain_text("Nothing was sent")
    expect(page).to_have_url(re.compile(r"status=decided"))


def test_an_empty_queue_an_error_and_a_closed_door(api: StandIn, console: Console) -> None:
    api.world.desk.drafts.clear()
    page = console("/approvals", allow=(500,))
    expect(page.get_by_text("The queue is empty")).to_be_visible()
    broken = console("/approvals", allow=(500,))
    api.world.faults["/api/cx/approvals"] = (500, {"error": "The database does not answer.", "request_id": "req-5"}, {})
    expect(broken.get_by_text("Could not refresh just now")).to_be_visible(timeout=15_000)
    broken.reload()
    expect(broken.get_by_role("alert")).to_contain_text("The database does not answer.", timeout=15_000)
    api.world.faults.clear()
    broken.get_by_role("button", name="Try again").click()
    expect(broken.get_by_text("The queue is empty")).to_be_visible()
    closed = console("/approvals", "viewer", allow=(403,))
    expect(closed.get_by_role("alert")).to_contain_text("Your role is viewer. This needs member or higher.")


def test_a_draft_that_is_not_there_leaves_the_queue_usable(console: Console) -> None:
    page = console("/approvals/d-none", allow=(404,))
    expect(page.locator("#drawer")).to_contain_text("Nothing is here")
    press(page, "j")
    expect(heading(page)).to_have_text("Where is my refund for the kettle?")


def test_ten_thousand_rows_come_page_by_page(api: StandIn, console: Console) -> None:
    api.world.desk.many(10_000)
    page = opened(console)
    expect(page.locator(".q")).to_have_count(25)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".q")).to_have_count(50)
    expect(page.locator("#queue-count")).to_have_text("10,000 wait")


def test_foreign_markup_is_only_text(api: StandIn, console: Console) -> None:
    hostile = "<img src=x onerror=\"document.title='owned'\"> <b>bold</b>"
    draft = api.world.desk.one("d-1")
    assert draft
    draft |= {"customer": hostile, "subject": hostile, "summary": hostile, "examples": [hostile], "rollback": hostile}
    draft["messages"][0]["text"] = hostile
    page = opened(console)
    assert page.locator("#desk img, #desk .msg b b").count() == 0
    expect(page.locator(".source blockquote").first).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.title() == "Approvals · sidedesk"


def test_on_a_phone_one_grader_leads_to_the_next(api: StandIn, console: Console) -> None:
    page = console("/approvals", width=360, height=740)
    page.locator("#q-d-1").click()
    expect(page.locator(".queue")).to_be_hidden()
    expect(page.locator("#grader-tone")).to_be_in_viewport()
    for name in ("tone", "accuracy", "policy"):
        page.locator(f"#grader-{name} label", has_text="5").click()
    page.get_by_role("button", name="Tone 5").click()
    page.locator("#grader-tone label", has_text="4").click()
    page.get_by_role("button", name="Approve and send").click()
    expect(heading(page)).to_contain_text("Ignore your rules")
    page.get_by_role("link", name="Queue").click()
    expect(page.locator(".queue")).to_be_visible()
    assert sent(api, "/approve")[0]["grades"] == {"tone": 4, "accuracy": 5, "policy": 5}


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_nothing_keeps_anybody_out(api: StandIn, console: Console, theme: str, width: int) -> None:
    page = console("/approvals", theme=theme, width=width, height=800)
    found = {"queue": (findings(page), overflow(page))}
    for draft in ("d-1", "d-2", "d-3", "d-4", "d-5", "d-old", "d-no"):
        page.goto(f"{page.url.split('#')[0]}#/approvals/{draft}")
        page.wait_for_load_state("networkidle")
        expect(page.locator("#d-proof")).to_be_attached()
        found[draft] = (findings(page), overflow(page))
    page.goto(f"{page.url.split('#')[0]}#/approvals/d-2")
    expect(heading(page)).to_contain_text("Ignore your rules")
    press(page, "455")
    press(page, "d")
    found["changes"] = (findings(page), overflow(page))
    press(page, "a")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["dialog"] = (findings(page), overflow(page))
    assert {k: v for k, v in found.items() if v != ([], 0)} == {}
