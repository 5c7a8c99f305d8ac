"""Conversations on the running stack: imported, enriched, one retried, compared, exported; made up in a batch; sent as a large file."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.browser import Open, findings, overflow, sign_in

pytestmark = [pytest.mark.stack, pytest.mark.slow]

Console = Callable[..., Page]
MAIL = "sofia.keller@mail.example"


def csv_of(tag: str) -> str:
    """Three that can be enriched, and one whose speaker nobody knows."""
    rows = [("conversation_id", "title", "role", "author", "text", "at", "customer_name", "customer_email")]
    for n, text in enumerate((f"Hi, I am Sofia Keller. Write to {MAIL}. Where is order NW-28310?", "I was charged twice, please refund me.", "How do I change my password?")):  # fmt: skip
        at = f"2026-11-0{n + 1}T09:0"
        rows.append((f"{tag}-{n}", f"{tag} no. {n}", "customer", "Sofia Keller", text, f"{at}0:00Z", "Sofia Keller", MAIL))  # fmt: skip
        rows.append((f"{tag}-{n}", "", "agent", "Ana Petrovic", "Hello Sofia, I am sorry. It is on its way.", f"{at}4:00Z", "", ""))  # fmt: skip
    rows.append((f"{tag}-bad", f"{tag} the wizard", "wizard", "Merlin", "Abracadabra", "", "", ""))
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)


def fault(stack: dict[str, Any], **what: Any) -> None:
    request = urllib.request.Request(f"{stack['sandbox']['base']}/_sandbox/faults", json.dumps(what).encode(), {"Content-Type": "application/json"})  # fmt: skip
    urllib.request.urlopen(request, timeout=10).close()


def lift(stack: dict[str, Any]) -> None:
    request = urllib.request.Request(f"{stack['sandbox']['base']}/_sandbox/faults", method="DELETE")
    urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture(scope="module")
def tag(stack: dict[str, Any], browser: Browser) -> Iterator[str]:
    """A file imported and enriched in the browser: one conversation is invalid, one is refused by the model and retried."""
    tag = f"chat-{uuid4().hex[:6]}"
    page = browser.new_page()
    page.goto(f"{stack['console']}#/conversations/imports/new")
    sign_in(page, "admin")
    page.get_by_label("File").set_input_files({"name": f"{tag}.csv", "mimeType": "text/csv", "buffer": csv_of(tag).encode()})  # fmt: skip
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=60_000)
    expect(page.locator(".facts")).to_contain_text("New4")
    page.get_by_role("link", name="Show these conversations").click()

    fault(stack, provider="openai", route="/chat/*", effect="refusal", times=1)
    page.get_by_label("Choose all shown").check()
    expect(page.get_by_text("4 chosen")).to_be_visible()
    page.get_by_role("button", name="Enrich selected").click()
    board = page.get_by_role("region", name="Enrichment")
    expect(board.get_by_role("heading")).to_have_text("Enriched 2, failed 2, skipped 0", timeout=120_000)
    expect(board.locator(".failures")).to_contain_text("Its role “wizard” is not known.")
    lift(stack)
    board.get_by_role("button", name="Retry 1: The model refused").click()
    expect(board.get_by_role("heading")).to_have_text("Enriched 3, failed 1, skipped 0", timeout=120_000)
    expect(page.locator(".tally")).to_contain_text("Completed3")
    page.reload()
    expect(board.get_by_role("heading")).to_have_text("Enriched 3, failed 1, skipped 0")
    page.close()
    yield tag
    lift(stack)


def opened(page: Page, search: str) -> None:
    page.get_by_label("Find a title").fill(search)
    page.get_by_role("link", name=search).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(search)


@pytest.mark.timeout(420)
def test_raw_and_enriched_are_compared_and_downloaded(console: Console, tag: str) -> None:
    page = console("/conversations")
    opened(page, f"{tag} no. 0")
    first = page.locator(".pair").first
    expect(first.locator(".pair__raw")).to_contain_text(MAIL)
    assert MAIL in first.locator("del").all_text_contents()
    expect(first.locator(".pair__rich .pair__text")).not_to_contain_text(MAIL)
    assert "<EMAIL_1>" in first.locator(".pair__text .veil").all_text_contents()
    expect(first.locator(".labels")).to_be_visible()
    expect(page.locator("#side")).to_contain_text("enrich.conversation")
    expect(page.locator("#side")).to_contain_text("1 email")
    page.keyboard.press("j")
    expect(first).to_be_focused()
    texts = {}
    for kind in ("raw", "enriched"):
        with page.expect_download() as download:
            page.locator(f"[data-get={kind}]").click()
        texts[kind] = download.value.path().read_text()
    assert MAIL in texts["raw"]
    assert MAIL not in texts["enriched"]
    assert json.loads(texts["enriched"])["format"] == "sidedesk.enriched/1"


@pytest.mark.timeout(420)
def test_an_invalid_one_says_why_and_can_be_tried_again(console: Console, tag: str) -> None:
    page = console("/conversations?enrichment_status=failed")
    opened(page, f"{tag} the wizard")
    expect(page.get_by_text("Validation failed")).to_be_visible()
    expect(page.get_by_role("region", name="What validation found")).to_contain_text("wizard")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#state")).to_contain_text("A run works on it now", timeout=30_000)
    expect(page.get_by_text("Validation failed")).to_be_visible(timeout=60_000)


@pytest.mark.timeout(420)
def test_the_enriched_corpus_is_exported_and_read(console: Console, tag: str) -> None:
    page = console("/conversations/exports")
    page.locator("#exports tbody tr, #exports .state__title").first.wait_for()
    earlier = page.locator("#exports [data-get]").evaluate_all("(found) => found.map((one) => one.id)")
    page.get_by_role("radio", name="JSON lines").check()
    page.get_by_label("Source").select_option("upload")
    page.get_by_role("button", name="Write the file").click()
    newest = page.get_by_role("table", name="Exports").locator("tbody tr").first
    expect(newest).to_contain_text("JSON lines")
    expect(newest.locator("[data-get]")).not_to_have_id(earlier[0] if earlier else "", timeout=60_000)
    with page.expect_download() as download:
        newest.get_by_role("button", name="Download").click()
    text = download.value.path().read_text()
    ours = [
        d for d in map(json.loads, text.splitlines()) if d["conversation"]["external_id"] in {f"{tag}-{n}" for n in range(3)}
    ]  # fmt: skip
    assert len(ours) == 3
    assert MAIL not in text


@pytest.mark.timeout(300)
def test_a_large_file_goes_from_the_page_to_the_store(console: Console) -> None:
    tag = f"large-{uuid4().hex[:6]}"
    lines = [json.dumps({"id": f"{tag}-{n}", "turns": [{"role": "customer", "text": "word " * 18_000}]}) for n in range(15)]  # fmt: skip
    page = console("/conversations/imports/new")
    page.get_by_label("File").set_input_files(
        {"name": f"{tag}.jsonl", "mimeType": "application/x-ndjson", "buffer": "\n".join(lines).encode()}
    )
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{tag}.jsonl", timeout=30_000)
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=60_000)
    expect(page.locator(".facts")).to_contain_text("New15")


@pytest.mark.timeout(300)
def test_a_batch_is_made_and_enriched_with_one_press(console: Console) -> None:
    page = console("/conversations/batches")
    page.get_by_role("button", name="New batch").first.click()
    dialog = page.get_by_role("dialog", name="New batch")
    dialog.get_by_label("Topics").fill("A parcel that never came\nA password that was lost")
    dialog.get_by_label("Conversations").fill("3")
    dialog.get_by_role("button", name="Make conversations").click()
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=120_000)
    page.get_by_role("button", name="Enrich all conversations").click()
    board = page.get_by_role("region", name="Enrichment")
    expect(board.get_by_role("heading")).to_have_text("Enriched 3, failed 0, skipped 0", timeout=120_000)
    page.get_by_role("button", name="Enrich all conversations").click()
    expect(board.get_by_role("heading")).to_have_text("Enriched 0, failed 0, skipped 3", timeout=60_000)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_nothing_keeps_anybody_out(stack: dict[str, Any], open_page: Open, tag: str, theme: str, width: int) -> None:
    page = open_page(stack["console"], theme=theme, width=width, height=800)
    sign_in(page, "admin")
    found, wide = {}, {}

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        found[name], wide[name] = findings(page), overflow(page)

    for path in ("", "/imports", "/imports/new", "/batches", "/exports"):
        page.goto(f"{stack['console']}#/conversations{path}")
        look(path)
    page.goto(f"{stack['console']}#/conversations?q={tag}")
    page.get_by_role("link", name=f"{tag} no. 0").click()
    expect(page.locator(".pair").first).to_be_visible()
    look("one")
    page.goto(f"{stack['console']}#/conversations/imports")
    page.get_by_role("link", name=re.compile(tag)).or_(page.locator("#imports tbody a")).first.click()
    expect(page.get_by_role("region", name="Progress")).to_be_visible()
    look("import")
    assert {k: v for k, v in found.items() if v} == {}
    assert {k: v for k, v in wide.items() if v > 0} == {}
