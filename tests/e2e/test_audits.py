"""Audits on the running stack: from the estimate to a decided dispute, as the people who do it."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import Open, findings, overflow, sign_in

pytestmark = [pytest.mark.stack, pytest.mark.slow]

Console = Callable[..., Page]
ANA = "ana.petrovic@northwind.example"
PLACES = ["/audits/results", "/audits/people", "/audits/scorecards", "/audits/scorecards/new", "/audits/calibration"]


class Api:
    """The public API, to know what the page has to show."""

    def __init__(self, stack: dict[str, Any]) -> None:
        self.base, self.tokens = stack["api"], stack["tokens"]

    def get(self, path: str, account: str = "admin") -> dict[str, Any]:
        request = urllib.request.Request(self.base + path, headers={"Authorization": f"Bearer {self.tokens[account]}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def every(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.get(f"{path}{'&' if '?' in path else '?'}limit=100{cursor}")
            rows += page["data"]
            if not page["next_cursor"]:
                return rows
            cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture(scope="module")
def api(stack: dict[str, Any]) -> Api:
    return Api(stack)


@pytest.fixture(scope="module")
def people(stack: dict[str, Any], api: Api) -> list[dict[str, Any]]:
    """Those Intercom knows. A fresh stack is told by the same button a person presses."""
    found = api.every("/api/people?has_intercom=true")
    if len(found) < 2:
        request = urllib.request.Request(
            f"{api.base}/api/people/sync",
            b"",
            {"Authorization": f"Bearer {api.tokens['admin']}", "Idempotency-Key": str(uuid4())},
        )
        urllib.request.urlopen(request, timeout=30).close()
        found = api.every("/api/people?has_intercom=true")
    return found


@pytest.fixture(scope="module")
def job(people: list[dict[str, Any]], stack: dict[str, Any], browser: Any) -> str:
    """A run over two people, started and followed in the browser; everything after looks at it."""
    page = browser.new_page()
    page.goto(f"{stack['console']}#/audits/new")
    sign_in(page, "admin")
    for person in [next(p for p in people if p["email"] == ANA), next(p for p in people if p["email"] != ANA)]:
        page.get_by_label(person["name"]).check()
    expect(page.locator("#estimate .total")).to_contain_text("$", timeout=20_000)
    expect(page.locator("#estimate")).to_contain_text(re.compile(r"about \d+"))
    page.get_by_role("button", name="Run audit").click()
    page.wait_for_url(re.compile("#/audits/jobs/"))
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=200_000)
    expect(page.locator(".progress__figure")).to_have_text("100%")
    expect(page.get_by_text(re.compile(r"^2 of 2 agents completed"))).to_be_visible()
    job_id = page.url.rsplit("/", 1)[1]
    page.close()
    return job_id


def audit_with(api: Api, job: str, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for row in api.every(f"/api/audits?job_id={job}&person={ANA}"):
        audit = api.get(f"/api/audits/{row['id']}")
        if audit["transcript"] and fits(audit):
            return audit
    pytest.fail("The run has no such audit.")


def lost(criterion: dict[str, Any]) -> bool:
    return criterion["earned"] is not None and criterion["earned"] < 0.5 and bool(criterion["quotes"])


@pytest.mark.timeout(300)
def test_results_of_a_run_are_narrowed_opened_and_downloaded(console: Console, api: Api, job: str) -> None:
    page = console(f"/audits/jobs/{job}")
    results = page.get_by_role("table", name="Results")
    expect(results.locator("tbody tr")).to_have_count(25)
    page.locator("#verdict").select_option("failed")
    expect(results.locator("tbody tr", has_text="Passed")).to_have_count(0)
    expect(results.locator("tbody tr", has_text="Failed").first).to_be_visible()
    page.locator("#verdict").select_option("")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0].startswith("employee_name,employee_email,conversation_id")
    assert len(lines) - 1 == len(api.every(f"/api/massive-ai-audit/jobs/{job}/assignments"))
    results.locator("tbody tr.is-link").first.click()
    expect(page).to_have_url(re.compile(r"#/audits/[0-9a-f-]{36}$"))
    expect(page.get_by_role("heading", name="Criteria")).to_be_attached()


def test_every_quote_is_lit_where_it_stands(console: Console, api: Api, job: str) -> None:
    audit = audit_with(api, job, lambda a: any(lost(c) for c in a["criteria"]))
    page = console(f"/audits/{audit['id']}")
    turns = {turn["part_id"]: page.locator(".turn").nth(i) for i, turn in enumerate(audit["transcript"])}
    for criterion in audit["criteria"]:
        for quote in criterion["quotes"]:
            lit = turns[quote["part_id"]].locator("mark.quote").all_text_contents()
            assert any(quote["text"] in text or text in quote["text"] for text in lit), (quote, lit)
    worst = next(c for c in audit["criteria"] if lost(c))
    page.locator(f"[data-crit={worst['id']}] .crit__quote").first.click()
    expect(page.locator("mark.quote--lost.is-lit").first).to_be_in_viewport()
    expect(page).to_have_url(re.compile(rf"\?c={worst['id']}$"))
    page.reload()
    expect(page.locator("mark.quote--lost.is-lit").first).to_be_in_viewport()
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator(f"[data-crit={worst['id']}]")).to_have_class(re.compile("is-lit"))


@pytest.mark.timeout(120)
def test_the_audited_person_disputes_and_an_admin_decides(console: Console, api: Api, job: str) -> None:
    audit = audit_with(
        api, job, lambda a: a["verdict"] == "failed" and not a["dispute"] and any(map(lost, a["criteria"]))
    )
    worst = next(c for c in audit["criteria"] if lost(c))
    person = console("/audits/mine", "audited")
    expect(person.get_by_role("table", name="My audits")).to_be_visible()
    person.goto(f"{person.url.split('#')[0]}#/audits/{audit['id']}?c={worst['id']}")
    expect(person.locator("mark.quote--lost.is-lit").first).to_be_visible()
    person.keyboard.press("d")
    dialog = person.get_by_role("dialog", name="Dispute this audit")
    expect(dialog.get_by_role("checkbox", checked=True)).to_have_count(1)
    dialog.get_by_label("Your reason").fill("Too short")
    dialog.get_by_role("button", name="Send dispute").click()
    expect(dialog.get_by_text("Write at least 20 characters").first).to_be_visible()
    dialog.get_by_label("Your reason").fill("Please read the sentence again, it was meant kindly.")
    dialog.get_by_role("button", name="Send dispute").click()
    expect(person.get_by_text("Dispute open since")).to_be_visible()
    expect(person.get_by_role("button", name="Dispute")).to_have_count(0)

    admin = console(f"/audits/results?person={ANA}&disputed=true")
    admin.locator(f"a[href='#/audits/{audit['id']}']").click()
    admin.get_by_role("button", name="Decide").click()
    decision = admin.get_by_role("dialog", name="Decide this dispute")
    expect(decision).to_contain_text("it was meant kindly")
    field = decision.get_by_label(worst["label"], exact=True)
    field.select_option(field.locator("option").all()[1 if worst["type"] != "score" else -2].get_attribute("value"))
    decision.get_by_label("What the person is told").fill("You are right, this was kind.")
    decision.get_by_role("button", name="Accept dispute").click()
    expect(admin.get_by_text("Dispute accepted,")).to_be_visible()
    expect(admin.locator(f"[data-crit={worst['id']}] .crit__change")).to_contain_text(
        "changed by admin@northwind.example"
    )
    now = api.get(f"/api/audits/{audit['id']}")
    assert now["score"] > audit["score"]
    assert now["ai_score"] == audit["ai_score"]

    person.get_by_role("link", name=re.compile("^Notifications")).click()
    person.get_by_role("link", name="Your dispute was accepted").first.click()
    expect(person.get_by_text("You are right, this was kind.")).to_be_visible()


def test_a_reviewers_marks_reach_calibration(console: Console, api: Api, job: str) -> None:
    audit = audit_with(api, job, lambda a: a["verdict"] != "held")
    page = console(f"/audits/{audit['id']}")
    page.get_by_role("button", name=re.compile("your marks$")).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("select").first.select_option(index=1)
    dialog.get_by_role("button", name="Save marks").click()
    expect(page.get_by_role("button", name="Change your marks")).to_be_visible()
    expect(page.locator(".crit__change").first).to_contain_text("admin@northwind.example")
    page.goto(f"{page.url.split('#')[0]}#/audits/calibration")
    expect(page.get_by_text("Audits reviewed")).to_be_visible()
    page.get_by_text("Show the numbers").first.click()
    expect(page.locator(".fig__data[open] tbody tr").first).to_be_visible()
    expect(page.locator(".heat td").first).to_be_visible()


def test_a_scorecard_is_written_by_keyboard_and_two_editors_keep_their_words(console: Console) -> None:
    name = f"Browser card {uuid4().hex[:6]}"
    page = console("/audits/scorecards/new", allow=(409,))
    page.get_by_label("Name").fill(name)
    page.get_by_label("What is judged").fill("Says hello")
    page.get_by_role("button", name="Add criterion").press("Enter")
    expect(page.get_by_label("What is judged").nth(1)).to_be_focused()
    page.keyboard.type("Ends well")
    page.get_by_label("Marked by").nth(1).select_option("choice")
    for i, (option, points) in enumerate([("Offers help", "2"), ("Leaves", "0")]):
        page.get_by_label("Option", exact=True).nth(i).fill(option)
        page.get_by_label("Points").nth(i).fill(points)
    page.get_by_label("What is judged").nth(1).press("Alt+ArrowUp")
    expect(page.locator(".criterion h3").first).to_have_text("Ends well")
    expect(page.get_by_label("What is judged").first).to_be_focused()
    page.get_by_role("button", name="Create scorecard").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    address = page.url.split("#")[1]

    other = console(address, "owner")
    other.get_by_label("Passes at").fill("60")
    other.get_by_role("button", name="Save new version").click()
    expect(other.get_by_text("Version 2,")).to_be_visible()
    page.get_by_label("Guidance for the judge").first.fill("Only what I typed")
    page.get_by_role("button", name="Save new version").click()
    expect(page.locator("#conflict")).to_contain_text("It is version 2 now")
    expect(page.get_by_label("Guidance for the judge").first).to_have_value("Only what I typed")
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_role("button", name="Save new version").click()
    expect(page.get_by_text("Version 3,")).to_be_visible()
    page.goto(f"{page.url.split('#')[0]}#{address}?version=2")
    expect(page.get_by_label("Passes at")).to_have_value("60")
    expect(page.get_by_label("Passes at")).not_to_be_editable()


def test_people_are_synced_and_found(console: Console, people: list[dict[str, Any]]) -> None:
    page = console("/audits/people")
    page.get_by_role("button", name="Sync from Intercom").click()
    expect(page.get_by_text("brought up to date")).to_be_visible(timeout=30_000)
    page.get_by_label("Find a name or team").fill("petrovi")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Results of Ana").click()
    expect(page.get_by_label("Person")).to_have_value(ANA)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_nothing_keeps_anybody_out(
    stack: dict[str, Any], open_page: Open, api: Api, job: str, theme: str, width: int
) -> None:
    audit = audit_with(api, job, lambda a: any(lost(c) for c in a["criteria"]))
    page = open_page(stack["console"], theme=theme, width=width, height=800)
    sign_in(page, "admin")
    found, wide = {}, {}
    card = f"/audits/scorecards/{audit['scorecard_id']}"
    for path in [*PLACES, f"/audits/jobs/{job}", f"/audits/{audit['id']}", card]:
        page.goto(f"{stack['console']}#{path}")
        page.wait_for_load_state("networkidle")
        found[path], wide[path] = findings(page), overflow(page)
    assert {k: v for k, v in found.items() if v} == {}
    assert {k: v for k, v in wide.items() if v > 0} == {}
