"""The CX page against the stand-in API: figures, the switch, knowledge, experiments, calibration, health."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import findings, overflow
from tests.console.standin import StandIn

Console = Callable[..., Page]
PARTS = ["/cx", "/cx/knowledge", "/cx/knowledge/k-1", "/cx/knowledge/k-3", "/cx/experiments", "/cx/calibration", "/cx/health"]  # fmt: skip
TWO = [{"name": "a", "prompt_version": 1, "share": 0.5}, {"name": "b", "prompt_version": 2, "share": 0.5}]


def asked(api: StandIn, method: str, end: str) -> list[dict[str, Any]]:
    return [body for m, path, body in api.world.calls if m == method and path.endswith(end)]


# -- figures --------------------------------------------------------------------


def test_figures_stand_beside_their_targets(console: Console) -> None:
    page = console("/cx")
    tiles = page.locator("#tile .tile")
    expect(tiles).to_have_count(8)
    expect(tiles.nth(1)).to_contain_text("92.6%")
    expect(tiles.nth(1)).to_contain_text("at least 95%")
    expect(tiles.nth(1).locator(".badge")).to_have_text("Near")
    row = page.get_by_role("row", name=re.compile("^Draft to decision"))
    expect(row).to_contain_text("9 min")
    expect(row).to_contain_text("at most 15 min")
    expect(page.get_by_role("row", name=re.compile("^Accuracy 4"))).to_contain_text("Good, below target")
    expect(page.locator(".fig .chart")).to_have_count(6)
    page.get_by_text("Show the numbers").first.click()
    expect(page.locator(".fig__data[open] tbody tr")).to_have_count(30)
    expect(page.locator(".fig__data[open] td", has_text="–").first).to_be_visible()


def test_the_period_and_the_channel_narrow_the_figures(api: StandIn, console: Console) -> None:
    page = console("/cx")
    expect(page.locator(".fig .chart")).to_have_count(6)
    queries: list[str] = []
    page.on("request", lambda r: queries.append(r.url.split("?")[1]) if "/cx/metrics" in r.url else None)
    page.get_by_role("button", name="7 days").click()
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Channel", exact=True).select_option("email")
    page.get_by_text("Show the numbers").first.click()
    expect(page.locator(".fig__data[open] tbody tr")).to_have_count(7)
    assert queries == ["days=7", "days=7&channel=email"]


def test_a_quiet_period_shows_no_zeros_for_what_is_not_known(api: StandIn, console: Console) -> None:
    api.world.cx.quiet = True
    page = console("/cx")
    expect(page.get_by_text("No replies in this period")).to_be_visible()
    expect(page.locator("#tile .tile").nth(4)).to_contain_text("–")
    expect(page.locator("#tile .tile").nth(4).locator(".badge")).to_have_text("No data yet")


def test_a_part_that_fails_leaves_the_others(api: StandIn, console: Console) -> None:
    api.world.faults["/api/cx/tile"] = (500, {"error": "Down.", "request_id": "req-3"}, {})
    page = console("/cx", allow=(500,))
    expect(page.locator("#tile").get_by_role("alert")).to_contain_text("Down.", timeout=15_000)
    expect(page.locator(".fig .chart")).to_have_count(6)
    api.world.faults.clear()
    page.locator("#tile").get_by_role("button", name="Try again").click()
    expect(page.locator("#tile .tile")).to_have_count(8)


# -- the switch --------------------------------------------------------------------


def test_an_admin_turns_drafting_off_on_purpose_and_others_are_told_who_may(api: StandIn, console: Console) -> None:
    page = console("/cx", allow=(409,))
    expect(page.locator("#switch")).to_contain_text("Drafting is on")
    page.get_by_role("button", name="Switch drafting off").click()
    api.world.settings["version"] += 1  # somebody saves something else meanwhile
    page.get_by_role("dialog").get_by_role("button", name="Switch off").click()
    expect(page.locator("#switch")).to_contain_text("Drafting is off")
    assert api.world.settings["flags"] == {"AI_CUSTOMER_DRAFT_ENABLED": False}
    member = console("/cx", "member")
    expect(member.locator("#switch")).to_contain_text("An admin of your organisation can switch it.")
    expect(member.get_by_role("button", name=re.compile("Switch"))).to_have_count(0)


# -- knowledge -----------------------------------------------------------------------


def test_a_search_shows_what_a_draft_would_find(console: Console) -> None:
    page = console("/cx/knowledge")
    page.get_by_label("What would a draft find?").fill("how many days to return")
    page.keyboard.press("Enter")
    hit = page.locator(".hit")
    expect(hit).to_have_count(1)
    expect(hit).to_contain_text("near 71.0%")
    page.get_by_label("What would a draft find?").fill("xyzzy")
    page.keyboard.press("Enter")
    expect(page.get_by_text("A draft would say that it does not know.")).to_be_visible()


def test_articles_are_written_changed_shelved_and_deleted(api: StandIn, console: Console) -> None:
    page = console("/cx/knowledge", allow=(400,))
    page.get_by_role("button", name="New article").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add article").click()
    expect(dialog.get_by_text("Fill this in.").first).to_be_visible()
    dialog.get_by_label("Title").fill("Warranty")
    dialog.get_by_label("Text").fill("24 months on everything.")
    dialog.get_by_role("button", name="Add article").click()
    title = page.get_by_role("heading", level=2, name=re.compile("^Warranty"))
    expect(title.locator(".badge")).to_have_text("Found", timeout=10_000)

    page.get_by_role("button", name="Change").click()
    dialog.get_by_label("Text").fill("36 months on everything.")
    dialog.get_by_role("button", name="Save new version").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    expect(page.locator("#versions li")).to_have_count(2)
    expect(page.locator("#article .article__text")).to_have_text("36 months on everything.")
    page.get_by_role("button", name="Archive").click()
    expect(title.locator(".badge")).to_have_text("Archived")
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete article").click()
    expect(page.get_by_role("table", name="Articles").locator("tbody tr")).to_have_count(4)


def test_an_article_changed_by_somebody_else_keeps_what_was_typed(api: StandIn, console: Console) -> None:
    page = console("/cx/knowledge/k-1", allow=(409,))
    page.get_by_role("button", name="Change").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Text").fill("My words")
    api.world.cx.articles[0]["version"] = 9
    dialog.get_by_role("button", name="Save new version").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("Somebody else changed this article.")
    expect(dialog.get_by_label("Text")).to_have_value("My words")


def test_a_file_is_imported_and_each_refused_row_says_why(api: StandIn, console: Console) -> None:
    page = console("/cx/knowledge")
    page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("Choose a file or paste a text.").first).to_be_visible()
    table = "title,body\nPayment,We take cards.\nEmpty,\nInvoices,They come by e-mail."
    dialog.get_by_label("File").set_input_files({"name": "faq.csv", "mimeType": "text/csv", "buffer": table.encode()})
    expect(dialog.get_by_label("It is")).to_have_value("csv")
    expect(dialog.get_by_label("Came from")).to_have_value("faq.csv")
    dialog.get_by_role("button", name="Import", exact=True).click()
    expect(dialog.get_by_text("2 articles added")).to_be_visible()
    expect(dialog.get_by_role("row", name=re.compile("Empty"))).to_contain_text("The body is empty.")
    dialog.get_by_role("button", name="Close").last.click()
    expect(page.get_by_role("link", name="Payment")).to_be_visible()
    assert asked(api, "POST", "/kb/import")[0]["format"] == "csv"


def test_a_file_that_is_too_large_is_not_sent(api: StandIn, console: Console) -> None:
    page = console("/cx/knowledge")
    page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("File").set_input_files({"name": "all.md", "mimeType": "text/markdown", "buffer": b"x" * 3_600_000})  # fmt: skip
    expect(dialog.get_by_text("Split it, or send it with the API.").first).to_be_visible()
    assert asked(api, "POST", "/kb/import") == []


def test_a_failed_index_says_why_and_is_tried_again(api: StandIn, console: Console) -> None:
    page = console("/cx/knowledge/k-3")
    expect(page.get_by_text("Drafts do not find this version")).to_be_visible()
    page.get_by_role("button", name="Index again").click()
    expect(page.get_by_text("It is indexed again.")).to_be_visible()


# -- experiments -----------------------------------------------------------------------


def test_an_experiment_is_started_watched_and_stopped(api: StandIn, console: Console) -> None:
    page = console("/cx/experiments", allow=(400,))
    expect(page.get_by_text("No experiments yet")).to_be_visible()
    page.get_by_role("button", name="Start an experiment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Answer first")
    dialog.get_by_label("Share, %").first.fill("60")
    dialog.get_by_role("button", name="Start experiment").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("The shares have to add up to 1.")
    dialog.get_by_label("Share, %").last.fill("40")
    dialog.get_by_role("button", name="Start experiment").click()
    outcomes = page.get_by_role("table", name="Outcomes of Answer first")
    expect(outcomes.locator("tbody tr")).to_have_count(2)
    expect(outcomes).to_contain_text("71.2% to 90.4%")
    expect(page.get_by_text("Not enough replies yet")).to_be_visible()
    expect(page.get_by_text("Stop the running one before you start another.")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    dialog.get_by_label("Decide for").select_option("b")
    dialog.get_by_role("button", name="Stop experiment").click()
    expect(outcomes.get_by_text("Chosen")).to_be_visible()
    assert asked(api, "POST", "/stop") == [{"winner": "b"}]


def test_who_may_not_start_is_told_who_may(api: StandIn, console: Console) -> None:
    api.world.cx.start({"name": "Answer first", "hypothesis": "", "variants": TWO}, "admin@northwind.example")
    page = console("/cx/experiments", "member")
    expect(page.get_by_text("An admin of your organisation can start one.")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Start|Stop"))).to_have_count(0)


# -- calibration -------------------------------------------------------------------------


def test_replies_are_graded_blind_by_keyboard(api: StandIn, console: Console) -> None:
    page = console("/cx/calibration", "member")
    expect(page.get_by_text("Tomorrow, I guarantee it.")).to_be_visible()
    assert "promises a day" not in page.content()
    hand_in = page.get_by_role("button", name="Hand in")
    expect(hand_in).to_be_disabled()
    for i, left in enumerate(("2 replies left", "1 reply left", "That was the last one.")):
        for key in "453":
            page.keyboard.press(key)
        expect(hand_in).to_be_enabled()
        page.keyboard.press("a")
        expect(page.get_by_role("table", name="Your marks beside the gold marks")).to_be_visible()
        expect(page.get_by_text("It answers, but promises a day.")).to_be_visible()
        expect(page.locator("#blind")).to_contain_text(left)
        if i < 2:
            page.keyboard.press("j")
    page.get_by_role("button", name="See agreement").click()
    expect(page.get_by_text("You have graded everything")).to_be_visible()
    expect(page.get_by_role("table", name="Agreement with the gold marks")).to_contain_text("member@northwind.example, 3 replies")  # fmt: skip
    expect(page.get_by_role("heading", name="Gold set")).to_have_count(0)


def test_a_reply_graded_elsewhere_is_not_asked_twice(api: StandIn, console: Console) -> None:
    page = console("/cx/calibration", allow=(409,))
    expect(page.get_by_text("Tomorrow, I guarantee it.").first).to_be_visible()
    for key in "444":
        page.keyboard.press(key)
    api.world.cx.grade("g-0", "admin@northwind.example", {"tone": 1, "accuracy": 1, "policy": 1})
    page.keyboard.press("a")
    expect(page.get_by_text("There is one try.").last).to_be_visible()
    expect(page.get_by_text("May I return it?").first).to_be_visible()


def test_an_admin_keeps_the_gold_set(api: StandIn, console: Console) -> None:
    page = console("/cx/calibration")
    page.get_by_role("button", name="Add a reply").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("The customer wrote").fill("Is it safe?")
    dialog.get_by_label("The reply").fill("Yes.")
    dialog.get_by_label("Tone").select_option("2")
    dialog.get_by_role("button", name="Add reply").click()
    gold = page.get_by_role("table", name="Gold set")
    expect(gold.locator("tbody tr").first).to_contain_text("2 · 5 · 5")
    gold.get_by_role("button", name="Retire Is it safe?").click()
    expect(gold.locator("tbody tr").first).to_contain_text("Retired")


# -- health ---------------------------------------------------------------------------------


def test_health_says_what_was_asked_and_what_was_lost(api: StandIn, console: Console) -> None:
    page = console("/cx/health")
    expect(page.locator(".health")).to_contain_text("99.7%")
    page.get_by_text("3 addresses asked").click()
    expect(page.get_by_role("row", name=re.compile("Health of old versions"))).to_contain_text("404")
    expect(page.get_by_role("row", name=re.compile("Grace Okafor"))).to_contain_text("Answered")
    page.get_by_role("button", name="Connect the webhook").click()
    expect(page.get_by_text("Connected. Chatwoot delivers to https://desk.example/webhooks")).to_be_visible()
    api.world.cx.chatwoots.clear()
    api.world.cx.missed.clear()
    page.reload()
    expect(page.get_by_text("No Chatwoot is connected")).to_be_visible()
    expect(page.get_by_text("No message was lost")).to_be_visible()


# -- settings of replies ------------------------------------------------------------------------


def test_hours_and_phrases_are_saved_whole_and_only_what_changed(api: StandIn, console: Console) -> None:
    page = console("/settings/replies", allow=(400, 409))
    expect(page.get_by_label("Monday")).to_have_value("09:00–17:00")
    expect(page.get_by_label("Sunday")).to_have_value("")
    page.get_by_label("Monday").fill("9:00-12:30, 13:30-17:00")
    page.get_by_label("Phrases to avoid").fill("Dear customer\n\nunfortunately")
    expect(page.locator("#unsaved")).to_have_text("2 changes not saved")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    [body] = asked(api, "PUT", "/settings")
    assert set(body["cx"]) == {"business_hours", "brand_phrases"}
    assert body["cx"]["business_hours"]["week"]["mon"] == [{"start": "09:00", "end": "12:30"}, {"start": "13:30", "end": "17:00"}]  # fmt: skip
    assert body["cx"]["brand_phrases"] == {"use": [], "avoid": ["Dear customer", "unfortunately"]}

    page.get_by_label("Tuesday").fill("nine to five")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_label("Tuesday")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Tuesday").fill("")
    api.world.settings["version"] += 1
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("#conflict")).to_contain_text("nothing you typed is lost")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Settings saved.").last).to_be_visible()
    assert api.world.settings["cx"]["business_hours"]["week"]["tue"] == []


def test_members_read_how_replies_are_made(console: Console) -> None:
    page = console("/settings/replies", "member")
    expect(page.get_by_text("Only an admin may change these settings.")).to_be_visible()
    expect(page.get_by_label("Minutes to a reply")).not_to_be_editable()


# -- for everybody, everywhere -----------------------------------------------------------------


@pytest.mark.parametrize("path", ["/cx", "/cx/knowledge", "/cx/experiments", "/cx/calibration", "/cx/health"])
def test_a_viewer_is_told_what_is_missing(console: Console, path: str) -> None:
    page = console(path, "viewer", allow=(403,))
    expect(page.get_by_role("alert").first).to_contain_text("Your role is viewer.")


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_nothing_keeps_anybody_out(api: StandIn, console: Console, theme: str, width: int) -> None:
    api.world.cx.start({"name": "Answer first, " * 12, "hypothesis": "Fewer edits.", "variants": TWO}, "admin@northwind.example")  # fmt: skip
    api.world.cx.grade("g-0", "maya@northwind.example", {"tone": 4, "accuracy": 4, "policy": 5})
    page = console("/cx", theme=theme, width=width, height=800)
    found = {}
    for path in PARTS:
        page.goto(f"{page.url.split('#')[0]}#{path}")
        page.wait_for_load_state("networkidle")
        found[path] = (findings(page), overflow(page))
    page.goto(f"{page.url.split('#')[0]}#/cx/knowledge")
    page.get_by_role("button", name="Import").click()
    found["import"] = (findings(page), overflow(page))
    assert {k: v for k, v in found.items() if v != ([], 0)} == {}
