"""The conversation pages against the stand-in API: what people do, and what they see when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import findings, overflow
from tests.console.standin import StandIn

Console = Callable[..., Page]
BULK = "/api/conversations/bulk-enrich"
CSV = "conversation_id,role,text\nc-1,customer,Hello\nc-1,agent,Good day\n"


def sent(api: StandIn, path: str) -> list[dict[str, Any]]:
    return [body for method, at, body in api.world.calls if method == "POST" and at == path]


def rows(page: Page) -> Any:
    return page.get_by_role("table", name="Conversations").locator("tbody tr")


def board(page: Page) -> Any:
    return page.get_by_role("region", name="Enrichment")


# -- the list -----------------------------------------------------------------


def test_conversations_are_counted_narrowed_and_the_address_remembers(console: Console) -> None:
    page = console("/conversations")
    expect(rows(page)).to_have_count(6)
    expect(page.locator(".tally")).to_contain_text("Failed2")
    page.get_by_label("Status").select_option("failed")
    expect(rows(page)).to_have_count(2)
    expect(page.locator(".tally")).to_contain_text("All6")
    expect(page).to_have_url(re.compile("enrichment_status=failed"))
    page.reload()
    expect(rows(page)).to_have_count(2)
    page.get_by_label("Find a title").fill("nothing of the kind")
    expect(page.get_by_text("No conversation fits")).to_be_visible()
    page.get_by_role("button", name="Show all conversations").click()
    expect(rows(page)).to_have_count(6)
    page.get_by_text("More filters").click()
    page.get_by_label("Source").select_option("chatwoot")
    expect(rows(page)).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Source")).to_have_value("chatwoot")


def test_chosen_conversations_are_enriched_and_failures_retried_by_reason(api: StandIn, console: Console) -> None:
    api.world.library.fails = {"c-bad": "invalid_raw", "c-busy": "llm_unavailable"}
    page = console("/conversations")
    button = page.get_by_role("button", name="Enrich selected")
    expect(button).to_be_disabled()
    expect(page.get_by_text("Choose conversations to enrich them.")).to_be_visible()
    for name in ("Refund to a closed account", "Late parcel", "Merlin", "Login loops"):
        page.get_by_label(f"Choose {name}").check()
    expect(page.get_by_text("4 chosen")).to_be_visible()
    button.click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 2, skipped 1", timeout=20_000)
    assert sent(api, BULK) == [{"conversationIds": ["c-new", "c-done", "c-bad", "c-busy"], "sequential": False}]
    expect(board(page).locator(".failures > li")).to_have_count(2)
    expect(board(page)).to_contain_text("Its role “wizard” is not known.")
    expect(page.get_by_role("row", name="Refund to a closed account")).to_contain_text("Completed")

    page.reload()  # the run is in the address
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 2, skipped 1")
    api.world.library.fails = {"c-bad": "invalid_raw"}
    board(page).get_by_role("button", name="Retry 1: No usable answer from the model").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 2, failed 1, skipped 1", timeout=20_000)
    assert sent(api, BULK)[-1]["conversationIds"] == ["c-busy"]
    board(page).get_by_role("button", name="Put away").click()
    expect(board(page)).to_have_count(0)
    expect(page).not_to_have_url(re.compile("runs="))


def test_all_that_failed_in_one_run_is_retried_in_that_run(api: StandIn, console: Console) -> None:
    api.world.library.fails = {"c-new": "llm_unavailable"}
    page = console("/conversations")
    page.get_by_label("Choose Refund to a closed account").check()
    page.keyboard.press("e")
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 0, failed 1, skipped 0", timeout=20_000)
    api.world.library.fails = {}
    board(page).get_by_role("button", name="Retry 1 failed conversation").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 0, skipped 0", timeout=20_000)
    assert len(sent(api, BULK)) == 1
    assert len(sent(api, f"{BULK}/r-0/retry")) == 1


def test_more_than_a_hundred_are_asked_for_in_turn(api: StandIn, console: Console) -> None:
    api.world.library.many(230)
    page = console("/conversations")
    expect(rows(page)).to_have_count(25)
    page.get_by_label("Choose all shown").check()
    expect(page.get_by_text("25 chosen")).to_be_visible()
    page.get_by_role("button", name="Choose all 230 that match").click()
    expect(page.get_by_text("230 chosen, enriched 100 at a time")).to_be_visible()
    page.get_by_role("button", name="Enrich selected").click()
    expect(board(page)).to_contain_text("130 conversations still to be asked for")
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 230, failed 0, skipped 0", timeout=60_000)
    assert [len(body["conversationIds"]) for body in sent(api, BULK)] == [100, 100, 30]


def test_what_failed_before_is_grouped_by_reason_and_retried(api: StandIn, console: Console) -> None:
    page = console("/conversations")
    page.get_by_text("Why 2 conversations failed").click()
    groups = page.locator("#why-list .failures > li")
    expect(groups).to_have_count(2)
    expect(groups.filter(has_text="The conversation itself cannot be used")).to_contain_text("Merlin")
    page.get_by_role("button", name="Retry 1: No usable answer from the model").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 0, skipped 0", timeout=20_000)
    assert sent(api, BULK) == [{"conversationIds": ["c-busy"], "sequential": False}]


def test_what_could_not_be_started_is_said_and_tried_again(api: StandIn, console: Console) -> None:
    page = console("/conversations", allow=(500, 404))
    api.world.faults[BULK] = (500, {"error": "The workflow could not be started.", "request_id": "r-77"}, {})
    page.get_by_label("Choose Refund to a closed account").check()
    page.get_by_role("button", name="Enrich selected").click()
    expect(board(page)).to_contain_text("The workflow could not be started.")
    api.world.faults.clear()
    board(page).get_by_role("button", name="Try again").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 0, skipped 0", timeout=20_000)

    page.get_by_label("Choose Login loops").check()
    api.world.library.conversations[:] = [c for c in api.world.library.conversations if c["id"] != "c-busy"]
    page.get_by_role("button", name="Enrich selected").click()
    expect(board(page)).to_contain_text("There is no conversation c-busy.")
    board(page).get_by_role("button", name="Leave them").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 0, skipped 0")


def test_an_empty_list_says_what_to_do_and_a_broken_one_what_happened(api: StandIn, console: Console) -> None:
    api.world.library.conversations.clear()
    page = console("/conversations", allow=(500,))
    expect(page.get_by_text("No conversations yet")).to_be_visible()
    api.world.faults["/api/conversations"] = (500, {"error": "The database does not answer.", "request_id": "r-1"}, {})
    page.get_by_label("Status").select_option("failed")
    expect(page.get_by_text("Could not load the conversations")).to_be_visible()
    api.world.faults.clear()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("No conversation fits")).to_be_visible()


def test_a_viewer_is_told_what_is_missing(console: Console) -> None:
    page = console("/conversations", "viewer", allow=(403,))
    expect(page.get_by_text("You do not have access to the conversations")).to_be_visible()
    expect(page.get_by_role("link", name="Conversations", exact=True)).to_have_count(1)  # the tab, not the navigation


# -- one conversation ---------------------------------------------------------


def test_raw_and_enriched_stand_side_by_side_with_what_changed(console: Console) -> None:
    page = console("/conversations/c-done")
    turns = page.locator(".pair")
    expect(turns).to_have_count(6)
    first = turns.first
    assert first.locator("del").all_text_contents() == ["Sofia Keller", "sofia@keller.example", "+49 170 5550142"]
    assert first.locator(".pair__text .veil").all_text_contents() == ["<NAME_1>", "<EMAIL_1>", "<PHONE_1>"]
    expect(first.locator(".labels")).to_contain_text("Delivery")
    expect(first.locator(".labels")).to_contain_text("NW-28310")
    expect(turns.nth(3)).to_contain_text("Left out")
    expect(turns.nth(3)).to_contain_text("The same words at the same time")
    expect(turns.nth(4)).to_contain_text("<b>Write</b>")  # a customer's words are only words
    expect(turns.nth(5).locator(".label-chip--flag")).to_contain_text("Promise")
    side = page.locator("#side")
    for told in ("gpt-4.1-mini", "enrich.conversation.v1", "$0.0003", "1 email, 2 name, 1 phone", "Unresolved"):
        expect(side).to_contain_text(told)
    page.get_by_label("Only changed turns (4 of 6)").check()
    expect(turns).to_have_count(4)
    page.keyboard.press("j")
    expect(turns.first).to_be_focused()
    page.keyboard.press("j")
    expect(turns.nth(1)).to_be_focused()
    page.get_by_role("button", name="Enriched").first.click()
    expect(first.locator(".pair__raw")).to_be_visible()


def test_one_side_can_be_read_alone_and_both_documents_are_downloaded(console: Console) -> None:
    page = console("/conversations/c-done")
    page.get_by_role("group", name="Show").get_by_role("button", name="Raw").click()
    expect(page.locator(".pair__rich").first).to_be_hidden()
    page.get_by_role("group", name="Show").get_by_role("button", name="Enriched").click()
    expect(page.locator(".pair__raw").nth(1)).to_be_hidden()
    for name in ("raw", "enriched"):
        with page.expect_download() as download:
            page.locator(f"[data-get={name}]").click()
        assert download.value.suggested_filename == f"{name}-c-done.json"


def test_a_failed_one_says_why_and_is_tried_again(api: StandIn, console: Console) -> None:
    page = console("/conversations/c-bad")
    expect(page.get_by_text("Validation failed: the conversation itself cannot be used")).to_be_visible()
    expect(page.get_by_role("region", name="What validation found")).to_contain_text("Its role “wizard” is not known.")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=20_000)
    expect(page.locator("#side")).to_contain_text("As a whole")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_document_too_large_is_offered_as_a_file(api: StandIn, console: Console) -> None:
    api.world.library.conversations[0]["raw_bytes"] = 9_000_000
    page = console("/conversations/c-new")
    expect(page.get_by_text("The raw document is too large to be shown here")).to_be_visible()
    expect(page.get_by_role("button", name="Raw")).to_be_enabled()


def test_a_conversation_is_removed_only_on_purpose(api: StandIn, console: Console) -> None:
    page = console("/conversations/c-new")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove conversation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Conversations")
    expect(rows(page)).to_have_count(5)


def test_a_long_conversation_stays_usable(api: StandIn, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.console import conversations_world

    turns = [{"id": f"t{i}", "role": "customer", "author": "", "text": f"Word {i}", "at": None, "attachments": []} for i in range(1000)]  # fmt: skip
    monkeypatch.setattr(conversations_world, "raw_document", lambda _: {"turns": turns})
    page = console("/conversations/c-new")
    expect(page.locator(".pair")).to_have_count(200)
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".pair")).to_have_count(400)


# -- import -------------------------------------------------------------------


def test_a_small_file_is_sent_at_once_and_followed_to_its_end(api: StandIn, console: Console) -> None:
    page = console("/conversations/imports/new")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Choose a file first.").first).to_be_visible()
    page.get_by_label("File").set_input_files({"name": "chats.CSV", "mimeType": "text/csv", "buffer": CSV.encode()})
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=20_000)
    assert sent(api, "/api/conversations/import") == [{"format": "csv", "content": CSV}]
    page.get_by_role("link", name="Show these conversations").click()
    expect(page).to_have_url(re.compile("import_id=i-"))
    page.get_by_role("button", name="Show all conversations").first.click()
    expect(rows(page)).to_have_count(6)


def test_a_large_file_goes_straight_to_the_store(api: StandIn, console: Console) -> None:
    body = b'{"turns":[]}\n' * 150_000
    page = console("/conversations/imports/new")
    page.get_by_label("File").set_input_files(
        {"name": "chats.ndjson", "mimeType": "application/x-ndjson", "buffer": body}
    )
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("chats.ndjson")
    [upload_id] = api.world.library.uploads
    assert api.world.library.files[upload_id] == body
    assert api.world.library.uploads[upload_id]["content_type"] == "application/x-ndjson"
    assert sent(api, "/api/conversations/import") == [{"format": "jsonl", "upload_id": upload_id}]


@pytest.mark.parametrize(("text", "kind"), [(CSV, "csv"), ('[{"turns": []}]', "json"), ('{"turns": [\n]}', "json"), ('{"turns": []}\n{"turns": []}\n', "jsonl")])  # fmt: skip
def test_pasted_text_is_known_by_how_it_begins(api: StandIn, console: Console, text: str, kind: str) -> None:
    page = console("/conversations/imports/new")
    page.get_by_role("button", name="Pasted text").click()
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("region", name="Progress")).to_be_visible()
    assert sent(api, "/api/conversations/import")[0]["format"] == kind


def test_days_of_a_tool_and_an_audit_run_are_pulled(api: StandIn, console: Console) -> None:
    api.world.integrations[:] = [i for i in api.world.integrations if i["kind"] != "chatwoot"]
    page = console("/conversations/imports/new", allow=(409, 400))
    page.get_by_role("button", name="Chatwoot").click()
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("No Chatwoot is connected.")).to_be_visible()
    page.get_by_role("button", name="Intercom").click()
    page.get_by_label("From", exact=True).fill("2026-11-05")
    page.get_by_label("To", exact=True).fill("2026-11-01")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Choose a day on or after the first one.")).to_be_visible()
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    page.get_by_role("button", name="An audit run").click()
    page.get_by_label("At most").fill("50")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Audit run")
    assert sent(api, "/api/conversations/import")[-1] == {"source": "audit", "job_id": "j-done", "limit": 50}


def test_refused_rows_are_named(console: Console) -> None:
    page = console("/conversations/imports")
    page.get_by_role("link", name="chats of the autumn.csv").click()
    refused = page.get_by_role("table", name="Refused")
    expect(refused.get_by_role("row", name="14")).to_contain_text("It has no turns.")
    page.goto(f"{page.url.split('#')[0]}#/conversations/imports/i-failed")
    expect(page.get_by_text("a comma is missing")).to_be_visible()


# -- batches ------------------------------------------------------------------


def test_a_batch_is_made_and_enriched_with_one_press(api: StandIn, console: Console) -> None:
    page = console("/conversations/batches", allow=(400,))
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="New batch")
    dialog.get_by_role("button", name="Make conversations").click()
    expect(dialog.get_by_text("Write at least one topic.").first).to_be_visible()
    dialog.get_by_label("Topics").fill("A parcel that never came\n\n  Login loops ")
    dialog.get_by_label("Conversations").fill("900")
    dialog.get_by_role("button", name="Make conversations").click()
    expect(dialog.get_by_text("less than or equal to 500")).to_be_visible()
    dialog.get_by_label("Conversations").fill("2")
    dialog.get_by_role("button", name="Make conversations").click()
    made = sent(api, "/api/conversations/batch")[-1]
    assert (made["topics"], made["count"]) == (["A parcel that never came", "Login loops"], 2)
    expect(page.get_by_role("button", name="Enrich all conversations")).to_be_visible(timeout=20_000)
    api.world.library.fails = {"b-new-1": "llm_unavailable"}
    page.get_by_role("button", name="Enrich all conversations").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 1, failed 1, skipped 0", timeout=20_000)
    expect(board(page).locator(".failures")).to_contain_text("Login loops")
    api.world.library.fails = {}
    board(page).get_by_role("button", name="Retry 1 failed conversation").click()
    expect(board(page).get_by_role("heading")).to_have_text("Enriched 2, failed 0, skipped 0", timeout=20_000)


def test_a_batch_that_is_being_made_cannot_be_enriched_yet(console: Console) -> None:
    page = console("/conversations/batches/b-run")
    expect(page.get_by_text("4 of 10 conversations made")).to_be_visible()
    expect(page.get_by_role("button", name="Enrich all conversations")).to_have_count(0)
    page.get_by_label("Items").select_option("pending")
    expect(page.get_by_role("table", name="Items of this batch").locator("tbody tr")).to_have_count(6)


# -- export -------------------------------------------------------------------


def test_an_export_is_asked_for_written_and_fetched(api: StandIn, console: Console) -> None:
    page = console("/conversations/exports")
    page.get_by_role("radio", name="Chats for fine-tuning").check()
    page.get_by_label("Language").fill("en")
    page.get_by_role("button", name="Write the file").click()
    files = page.get_by_role("table", name="Exports").locator("tbody tr")
    expect(files).to_have_count(2)
    expect(files.first).to_contain_text("Completed", timeout=20_000)
    with page.expect_download() as download:
        files.first.get_by_role("button", name="Download").click()
    assert download.value.path().read_bytes() == b'{"messages":[]}\n'
    assert api.world.library.exports[0]["wish"] == {"status": "completed", "language": "en"}


def test_exports_are_for_admins(console: Console) -> None:
    page = console("/conversations/exports", "member")
    expect(page.get_by_text("You do not have access to exports")).to_be_visible()
    expect(page.get_by_text("Exports need admin or higher")).to_be_visible()
    expect(page.get_by_role("button", name="Write the file")).to_have_count(0)


# -- for everybody ------------------------------------------------------------


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_what_opens_keeps_nobody_out(api: StandIn, console: Console, theme: str, width: int) -> None:
    api.world.library.fails = {"c-new": "llm_unavailable"}
    page = console("/conversations", theme=theme, width=width, height=800)
    page.get_by_text("More filters").click()
    page.get_by_text("Why 2 conversations failed").click()
    expect(page.locator("#why-list .failures")).to_be_visible()
    page.get_by_label("Choose Refund to a closed account").check()
    assert (findings(page), overflow(page)) == ([], 0)
    page.get_by_role("button", name="Enrich selected").click()
    expect(board(page).locator(".failures")).to_be_visible(timeout=20_000)
    assert (findings(page), overflow(page)) == ([], 0)
    address = page.url.split("#")[0]
    for way in ("Pasted text", "Intercom", "An audit run"):
        page.goto(f"{address}#/conversations/imports/new")
        page.get_by_role("button", name=way).click()
        assert (findings(page), overflow(page)) == ([], 0)
    page.goto(f"{address}#/conversations/batches")
    page.get_by_role("button", name="New batch").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert (findings(page), overflow(page)) == ([], 0)
    page.keyboard.press("Escape")
    page.goto(f"{address}#/conversations/c-done")
    page.get_by_role("group", name="Show").get_by_role("button", name="Raw").click()
    assert (findings(page), overflow(page)) == ([], 0)
