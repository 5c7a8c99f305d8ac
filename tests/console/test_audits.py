"""The audit pages against the stand-in API: what people do, and what they see when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import findings, overflow
from tests.console.standin import StandIn

Console = Callable[..., Page]


def sent(api: StandIn, end: str) -> list[dict[str, Any]]:
    return [body for method, path, body in api.world.calls if method != "GET" and path.endswith(end)]


# -- estimate and start -------------------------------------------------------


def test_the_estimate_follows_the_wish_and_says_what_speaks_against_it(api: StandIn, console: Console) -> None:
    page = console("/audits/new")
    estimate = page.locator("#estimate")
    page.get_by_label("Ana Petrović").check()
    expect(estimate).to_contain_text("about $3.10")
    page.get_by_role("button", name="Choose all").click()
    expect(estimate).to_contain_text("about 217")
    expect(estimate).to_contain_text("$65.90 of $250.00 this month, after this run")
    page.get_by_label("Cost limit, USD").fill("5")
    page.get_by_label("Cost limit, USD").press("Tab")
    expect(estimate).to_contain_text("its own limit is $5.00")
    page.get_by_role("button", name="Run audit").click()
    expect(page).to_have_url(re.compile("#/audits/jobs/j-new0"))
    assert sent(api, "/start")[0]["max_cost_usd"] == 5
    assert sent(api, "/estimate")[-1] == sent(api, "/start")[0]


def test_a_run_can_be_started_where_nobody_estimates(api: StandIn, console: Console) -> None:
    page = console("/audits/new", allow=(404,))
    api.world.faults["/api/massive-ai-audit/estimate"] = (404, {"error": "There is nothing at this address.", "code": "not_found"}, {})  # fmt: skip
    page.get_by_label("Ana Petrović").check()
    expect(page.locator("#estimate")).to_contain_text("No estimate.")
    expect(page.get_by_role("button", name="Run audit")).to_be_enabled()


def test_many_people_are_searched_and_chosen_by_what_was_found(api: StandIn, console: Console) -> None:
    api.world.people[:] = [api.world.people[0] | {"id": f"p-{i}", "name": f"Person {i:03}", "intercom_admin_id": str(i), "team": f"Team {i % 4}"} for i in range(500)]  # fmt: skip
    page = console("/audits/new")
    expect(page.locator(".pick")).to_have_count(200)
    page.get_by_label("Find a name or team").fill("team 3")
    page.get_by_role("button", name="Choose these 125").click()
    page.get_by_label("Find a name or team").fill("")
    expect(page.get_by_text("125 of 500 chosen")).to_be_visible()
    page.get_by_role("button", name="Choose all").click()
    expect(page.get_by_text("500 of 500 chosen")).to_be_visible()
    page.get_by_role("button", name="Choose none").click()
    expect(page.locator(".pick input:checked")).to_have_count(0)


# -- one run ------------------------------------------------------------------


def test_a_run_is_cancelled_only_on_purpose(api: StandIn, console: Console) -> None:
    page = console("/audits/jobs/j-run")
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").get_by_role("button", name="Let it run").click()
    assert sent(api, "/cancel") == []
    page.get_by_role("button", name="Cancel run").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel run").click()
    expect(page.locator("h1 .badge")).to_have_text("Cancelled")
    expect(page.get_by_role("button", name="Cancel run")).to_have_count(0)


def test_failed_people_are_told_and_retried(api: StandIn, console: Console) -> None:
    page = console("/audits/jobs/j-failed")
    expect(page.get_by_role("heading", name="Failures")).to_be_visible()
    expect(page.locator(".errors li")).to_have_count(7)
    page.get_by_role("button", name="Retry 7 failed people").click()
    expect(page.locator("h1 .badge")).to_have_text("Running")
    expect(page.get_by_text("attempt 2")).to_be_visible()


def test_a_member_stops_only_their_own_runs(console: Console) -> None:
    page = console("/audits/jobs/j-run", "member")
    expect(page.get_by_role("table", name="Results")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel run")).to_have_count(0)


def test_a_run_at_its_cap_says_so(api: StandIn, console: Console) -> None:
    api.world.jobs[0]["paused_reason"] = "spend_cap"
    page = console("/audits/jobs/j-run")
    expect(page.locator("h1 .badge")).to_have_text("Paused at cap")
    expect(page.get_by_text("Paused at the spending cap")).to_be_visible()


def test_a_run_of_five_hundred_people_stays_usable(api: StandIn, console: Console) -> None:
    job = api.world.jobs[0]
    job["agents"] = [job["agents"][3] | {"name": f"Person {i:03}", "intercom_admin_id": str(i)} for i in range(500)]
    page = console("/audits/jobs/j-run")
    rows = page.get_by_role("table", name="Progress by person").locator("tbody tr")
    expect(rows).to_have_count(25)
    page.locator("#people").get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(75)
    page.get_by_label("Find a person").fill("person 499")
    expect(rows).to_have_count(1)


def test_results_are_narrowed_by_person_and_verdict(console: Console) -> None:
    page = console("/audits/jobs/j-done")
    results = page.get_by_role("table", name="Results").locator("tbody tr")
    page.locator("#agent").select_option(label="Ana Petrović")
    expect(results).to_have_count(6)
    page.locator("#verdict").select_option("failed")
    expect(results).to_have_count(1)
    page.locator("#verdict").select_option("held")
    expect(page.get_by_text("No result fits")).to_be_visible()


def test_the_table_is_downloaded_with_the_persons_own_token(api: StandIn, console: Console) -> None:
    page = console("/audits/jobs/j-done")
    asked = []
    page.on("request", lambda r: asked.append(r.headers) if "/assignments?" in r.url else None)
    expect(page.get_by_role("table", name="Results")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "audit-j-done.csv"
    assert asked[-1]["accept"] == "text/csv"
    assert asked[-1]["authorization"].startswith("Bearer ")


# -- one audit ----------------------------------------------------------------


def test_quotes_and_criteria_lead_to_each_other(console: Console) -> None:
    page = console("/audits/a-bad")
    lit = page.locator("mark.is-lit")
    assert page.locator("mark.quote--lost").all_text_contents()[:3] == [
        "It will arrive tomorrow, I guarantee it.", "That is not something I can do.", "Bye.",
    ]  # fmt: skip
    # The API counts an emoji as one character, the browser as two: the place still fits.
    expect(page.locator("mark.quote").first).to_have_text("Hello Sofia 🙂, thank you for waiting.")
    page.get_by_role("button", name="Show in the chat: It will arrive tomorrow, I guarantee it.").click()
    expect(lit).to_have_count(2)
    expect(page).to_have_url(re.compile(r"\?c=accuracy$"))
    chip = page.get_by_role("button", name="Criterion 3: Answers the question").first
    expect(chip).to_be_focused()
    chip.press("Enter")
    expect(page.locator("[data-crit=accuracy]")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-crit=accuracy]")).to_have_class(re.compile("is-lit"))
    page.keyboard.press("j")
    expect(page.locator("[data-crit=closing]")).to_have_class(re.compile("is-lit"))
    page.keyboard.press("k")
    expect(page.locator("[data-crit=accuracy]")).to_have_class(re.compile("is-lit"))
    page.reload()
    expect(lit).to_have_count(2)


def test_what_is_not_proved_says_so(console: Console) -> None:
    page = console("/audits/a-held")
    expect(page.get_by_text("Held for a person")).to_be_visible()
    expect(page.locator(".verdict__n")).to_have_class(re.compile("is-open"))
    expect(page.locator("[data-crit=empathy]")).to_contain_text("Unsupported")
    expect(page.locator("mark.quote--suspect")).to_have_text("You do not need to do anything.")
    page.goto(f"{page.url.split('#')[0]}#/audits/a-bare")
    expect(page.get_by_text("No transcript came with this audit")).to_be_visible()
    expect(page.locator(".badge", has_text="Unverified")).to_have_count(4)
    expect(page.get_by_text("Judged by the n8n workflow")).to_be_visible()


def test_the_audited_person_disputes_and_an_admin_decides(api: StandIn, console: Console) -> None:
    person = console("/audits/mine", "audited")
    expect(person.locator("tbody tr")).to_have_count(2)
    person.locator("tbody tr").first.click()
    expect(person.get_by_role("button", name="Dispute")).to_be_visible()
    expect(person.get_by_role("button", name="Add your marks")).to_have_count(0)
    person.keyboard.press("j")
    person.keyboard.press("d")
    dialog = person.get_by_role("dialog", name="Dispute this audit")
    expect(dialog.get_by_label("1. Greets the customer")).to_be_checked()
    dialog.get_by_label("Your reason").fill("No")
    dialog.get_by_role("button", name="Send dispute").click()
    expect(dialog.get_by_text("Write at least 20 characters").first).to_be_visible()
    dialog.get_by_label("1. Greets the customer").uncheck()
    dialog.get_by_label("3. Answers the question").check()
    dialog.get_by_label("Your reason").fill("The carrier confirmed the date to me on the phone.")
    dialog.get_by_role("button", name="Send dispute").click()
    expect(person.get_by_text("Dispute open since")).to_be_visible()
    assert sent(api, "/dispute")[0]["criteria"] == ["accuracy"]

    admin = console("/audits/results?disputed=true")
    expect(admin.get_by_label("Open disputes only")).to_be_checked()
    admin.locator("tbody tr").click()
    admin.get_by_role("button", name="Decide").click()
    decision = admin.get_by_role("dialog")
    decision.get_by_label("Reject").check()
    expect(decision.get_by_label("Answers the question")).to_be_hidden()
    decision.get_by_label("Accept").check()
    decision.get_by_label("Answers the question").select_option("5")
    decision.get_by_label("Greets the customer").select_option("n/a")
    decision.get_by_role("button", name="Accept dispute").click()
    expect(decision.get_by_text("Say why, in a sentence or two.").first).to_be_visible()
    decision.get_by_label("What the person is told").fill("You are right.")
    decision.get_by_role("button", name="Accept dispute").click()
    expect(admin.get_by_text("Dispute accepted,")).to_be_visible()
    assert sent(api, "/resolve")[0]["changes"] == {"accuracy": 5, "greeting": "n/a"}
    accuracy = admin.locator("[data-crit=accuracy]")
    expect(accuracy.locator(".crit__mark")).to_have_text("5/5")
    expect(accuracy.locator("s")).to_have_text("1/5")
    expect(admin.locator(".verdict")).to_contain_text("The AI said")


def test_a_reviewers_marks_stand_beside_the_ais_and_reach_calibration(api: StandIn, console: Console) -> None:
    page = console("/audits/calibration")
    expect(page.get_by_text("Nobody has marked an audit yet")).to_be_visible()
    page.goto(f"{page.url.split('#')[0]}#/audits/a-good")
    page.get_by_role("button", name="Add your marks").click()
    dialog = page.get_by_role("dialog", name="Your own marks")
    dialog.get_by_role("button", name="Save marks").click()
    expect(dialog.get_by_text("Mark at least one criterion.")).to_be_visible()
    dialog.get_by_label("Shows empathy").select_option("3")
    dialog.get_by_label("Note").fill("Warm, but long.")
    dialog.get_by_role("button", name="Save marks").click()
    expect(page.locator("[data-crit=empathy]")).to_contain_text("admin@northwind.example: 3/5")
    expect(page.get_by_text("Warm, but long.")).to_be_visible()
    page.get_by_role("button", name="Change your marks").click()
    expect(page.get_by_role("dialog").get_by_label("Shows empathy")).to_have_value("3")
    page.keyboard.press("Escape")
    page.goto(f"{page.url.split('#')[0]}#/audits/calibration")
    expect(page.locator(".fig svg")).to_have_count(5)
    page.get_by_text("Show the numbers").nth(1).click()
    expect(page.locator(".fig__data[open]")).to_contain_text("0.78")
    page.get_by_label("Criterion", exact=True).select_option("closing")
    expect(page.get_by_role("table", name="AI and people, Closes well")).to_be_visible()


def test_another_persons_audit_and_a_held_one_do_not_exist_for_a_viewer(console: Console) -> None:
    for audit in ("a-good", "a-held"):
        page = console(f"/audits/{audit}", "audited", allow=(404,))
        expect(page.get_by_role("alert")).to_contain_text("There is no audit with this id.")


def test_a_customers_words_are_only_words(api: StandIn, console: Console) -> None:
    audit = api.world.reviewed.audits[0]
    audit["transcript"][0]["text"] = "<img src=x onerror=alert(1)> </p><b>bold</b>"
    audit["criteria"][0]["reason"] = "<script>alert(1)</script>"
    page = console("/audits/a-bad")
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    expect(page.get_by_text("<script>alert(1)</script>")).to_be_visible()
    assert page.locator(".turns img, .turns b:text('bold'), .crits script").count() == 0


# -- scorecards and people ----------------------------------------------------


def test_a_scorecard_is_written_and_errors_stand_at_their_fields(api: StandIn, console: Console) -> None:
    page = console("/audits/scorecards/new", allow=(400, 409))
    page.get_by_label("Name").fill("Support quality")
    page.get_by_role("button", name="Create scorecard").click()
    expect(page.get_by_text("There is already a scorecard called Support quality.")).to_be_visible()
    page.get_by_label("Name").fill("Warmth")
    page.get_by_role("button", name="Create scorecard").click()
    expect(page.get_by_text("String should have at least 1 character")).to_be_visible()
    expect(page.get_by_label("What is judged")).to_be_focused()
    page.keyboard.type("Says hello, warmly")
    page.get_by_label("Critical").check()
    page.get_by_label("Client").check()
    page.get_by_role("button", name="Create scorecard").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Warmth")
    made = sent(api, "/scorecards")[-1]["criteria"]
    assert [(c["id"], c["critical"], c["quotes_from"]) for c in made] == [("says_hello_warmly", True, ["agent", "client"])]  # fmt: skip


def test_criteria_move_come_and_go_without_losing_words(api: StandIn, console: Console) -> None:
    page = console("/audits/scorecards/s-1")
    titles = page.locator(".criterion h3")
    page.get_by_label("Guidance for the judge").nth(3).fill("Typed and kept")
    page.get_by_role("button", name="Move up: Closes well").press("Enter")
    expect(page.get_by_role("button", name="Move up: Closes well")).to_be_focused()
    assert titles.all_text_contents() == ["Greets the customer", "Shows empathy", "Closes well", "Answers the question"]
    page.get_by_label("What is judged").nth(2).press("Alt+ArrowUp")
    expect(page.get_by_label("What is judged").nth(1)).to_be_focused()
    page.get_by_role("button", name="Remove: Greets the customer").click()
    page.get_by_role("button", name="Remove option Ends politely").click()
    expect(page.get_by_text("17% of the score")).to_be_visible()
    page.get_by_role("button", name="Save new version").click()
    expect(page.get_by_text("Version 4,")).to_be_visible()
    body = sent(api, "/scorecards/s-1")[0]
    assert body["version"] == 3
    assert [c["id"] for c in body["criteria"]] == ["closing", "empathy", "accuracy"]
    assert body["criteria"][0]["guidance"] == "Typed and kept"
    assert [o["value"] for o in body["criteria"][0]["options"]] == ["offered_help", "abrupt"]


def test_a_scorecard_changed_by_somebody_else_keeps_what_was_typed(api: StandIn, console: Console) -> None:
    page = console("/audits/scorecards/s-1", allow=(409,))
    page.get_by_label("Passes at").fill("66")
    api.world.scorecards[0] |= {"version": 4, "name": "Theirs"}
    page.get_by_role("button", name="Save new version").click()
    expect(page.locator("#conflict")).to_contain_text("It is version 4 now, “Theirs”")
    expect(page.get_by_label("Passes at")).to_have_value("66")
    page.get_by_role("button", name="Keep mine").click()
    page.get_by_role("button", name="Save new version").click()
    expect(page.get_by_text("Version 5,")).to_be_visible()
    assert (api.world.scorecards[0]["name"], api.world.scorecards[0]["pass_threshold"]) == ("Support quality", 66)


@pytest.mark.parametrize(("path", "account"), [("/audits/scorecards/s-1", "member"), ("/audits/scorecards/s-1?version=2", "admin")])  # fmt: skip
def test_a_scorecard_one_may_not_change_is_only_read(console: Console, path: str, account: str) -> None:
    page = console(path, account)
    expect(page.get_by_label("Name")).not_to_be_editable()
    expect(page.get_by_role("button", name="Save new version")).to_have_count(0)


def test_people_are_added_changed_synced_and_found(api: StandIn, console: Console) -> None:
    page = console("/audits/people")
    page.get_by_role("button", name="Add person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Ines Moreau")
    dialog.get_by_label("Intercom id").fill("777")
    dialog.get_by_role("button", name="Add person").click()
    page.get_by_role("button", name="Change Ines Moreau").click()
    dialog.get_by_label("Team").fill("Night shift")
    dialog.get_by_role("button", name="Save person").click()
    expect(page.get_by_role("row", name="Ines Moreau")).to_contain_text("Night shift")
    page.get_by_role("button", name="Sync from Intercom").click()
    expect(page.get_by_text("1 person added, 7 brought up to date, 8 in all.")).to_be_visible()
    page.get_by_label("Find a name or team").fill("night shift")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Find a name or team").fill("nobody at all")
    expect(page.get_by_text("Nobody fits")).to_be_visible()


def test_a_server_that_cannot_sync_is_said_plainly(api: StandIn, console: Console) -> None:
    page = console("/audits/people", allow=(404,))
    api.world.faults["/api/people/sync"] = (404, {"error": "There is nothing at this address.", "code": "not_found"}, {})  # fmt: skip
    page.get_by_role("button", name="Sync from Intercom").click()
    expect(page.get_by_text("This server cannot sync people yet.")).to_be_visible()


# -- results ------------------------------------------------------------------


def test_results_are_narrowed_and_the_address_remembers(console: Console) -> None:
    page = console("/audits/results")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_label("Verdict").select_option("held")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.reload()
    expect(page.get_by_label("Verdict")).to_have_value("held")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Person").select_option("ana@northwind.example")
    expect(page.get_by_text("No result fits")).to_be_visible()
    page.get_by_role("button", name="Show all results").click()
    expect(page.locator("tbody tr")).to_have_count(4)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 360)])
def test_dialogs_and_filled_charts_keep_nobody_out(api: StandIn, console: Console, theme: str, width: int) -> None:
    reviewed = api.world.reviewed
    reviewed.dispute(reviewed.audits[0], "ana@northwind.example", {"criteria": ["accuracy"], "reason": "Read it again, please."})  # fmt: skip
    reviewed.review(reviewed.audits[0], "admin@northwind.example", {"marks": {"empathy": 4}, "note": ""})
    page = console("/audits/calibration", theme=theme, width=width, height=800)
    expect(page.locator(".fig svg").first).to_be_visible()
    assert (findings(page), overflow(page)) == ([], 0)
    page.goto(f"{page.url.split('#')[0]}#/audits/a-bad")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert (findings(page), overflow(page)) == ([], 0)
