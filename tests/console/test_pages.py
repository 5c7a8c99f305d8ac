"""The page in a real browser: what people do, and what they see when something goes wrong."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import Open, findings, overflow, sign_in
from tests.console.standin import StandIn

Console = Callable[..., Page]

PLACES = [
    "/audits", "/audits/new", "/audits/results", "/audits/people", "/audits/scorecards", "/audits/scorecards/new", "/audits/scorecards/s-1", "/audits/calibration",
    "/approvals", "/approvals/d-1", "/cx", "/cx/knowledge", "/cx/experiments", "/cx/calibration", "/cx/health", "/audits/a-bad", "/audits/a-held", "/audits/a-bare", "/audits/mine", "/audits/jobs/j-run", "/audits/jobs/j-done", "/audits/jobs/j-failed", "/audits/jobs/j-wait", "/notifications",
    "/settings", "/settings/replies", "/settings/integrations", "/settings/members", "/settings/keys", "/settings/usage", "/guide", "/nowhere",
    "/conversations", "/conversations/c-done", "/conversations/c-bad", "/conversations/c-new", "/conversations/c-bare", "/conversations/c-going", "/conversations/imports", "/conversations/imports/new",
    "/conversations/imports/i-run", "/conversations/imports/i-done", "/conversations/imports/i-failed", "/conversations/batches", "/conversations/batches/b-run", "/conversations/batches/b-done", "/conversations/exports",
]  # fmt: skip


# -- signing in -------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "home"),
    [
        ("owner", "Audits"),
        ("admin", "Audits"),
        ("member", "Audits"),
        ("viewer", "My audits"),
        ("audited", "My audits"),
    ],
)
def test_each_account_starts_where_it_may_work(api: StandIn, open_page: Open, account: str, home: str) -> None:
    page = open_page(f"{api.url}/console")
    expect(page.get_by_role("heading", name="Sign in")).to_be_focused()
    sign_in(page, account)
    expect(page.get_by_role("heading", level=1)).to_have_text(home)
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_reload_stays_signed_in_and_on_the_page(console: Console) -> None:
    page = console("/settings/usage")
    page.reload()
    expect(page.get_by_role("link", name="Usage")).to_have_attribute("aria-current", "page")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_an_ended_session_signs_in_again_and_comes_back(api: StandIn, console: Console) -> None:
    page = console("/settings/keys", allow=(401,))
    expect(page.get_by_role("row", name="n8n production")).to_be_visible()
    api.world.tokens.clear()
    page.locator("#tab-members").click()
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    sign_in(page, "admin")
    expect(page.get_by_role("link", name="Members")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("cell", name="Owner", exact=True)).to_be_visible()


def test_a_session_that_ends_under_a_dialog_closes_it(api: StandIn, console: Console) -> None:
    page = console("/settings/keys", allow=(401,))
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("dialog").get_by_label("Name").fill("n8n")
    api.world.tokens.clear()
    page.get_by_role("dialog").get_by_role("button", name="Make key").click()
    expect(page.get_by_text("Your sign-in has ended")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_another_account_is_one_choice_away(console: Console) -> None:
    page = console("/settings", allow=(403,))
    page.get_by_label("Signed in as").select_option("viewer")
    expect(page.get_by_text("Only an admin may change these settings.")).to_be_visible()
    page.get_by_role("link", name="Integrations").click()
    expect(page.get_by_text("You do not have access to integrations")).to_be_visible()
    expect(page.get_by_text("Your role is viewer.")).to_be_visible()


def hosted(open_page: Open, template: str) -> tuple[StandIn, Page]:
    server = StandIn(environment={"SIGN_IN_URL": template})
    server.__enter__()
    return server, open_page(f"{server.url}/console#/settings/usage")


def test_a_hosted_page_signs_in_and_leaves_no_token_in_the_address(open_page: Open) -> None:
    server, page = hosted(open_page, "https://login.example/authorize?redirect_uri={return_to}&state={state}")
    server.world.tokens["tok-1"] = "admin"
    page.route(
        "https://login.example/**",
        lambda route: route.fulfill(body="the organisation's page", content_type="text/html"),
    )
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("https://login.example/**")
    address = page.evaluate("location.href")
    assert f"redirect_uri={server.url.replace(':', '%3A').replace('/', '%2F')}%2Fconsole" in address
    state = re.search(r"state=([\w-]+)", address)
    assert state
    page.goto(f"{server.url}/console#access_token=tok-1&expires_in=3600&token_type=bearer&state={state[1]}")
    expect(page.get_by_role("link", name="Usage")).to_have_attribute("aria-current", "page")
    assert "access_token" not in page.evaluate("location.href")
    assert page.evaluate("Object.keys(localStorage).length") == 0
    server.__exit__()


def test_a_token_nobody_asked_for_is_not_taken(open_page: Open) -> None:
    server, page = hosted(open_page, "https://login.example/")
    server.world.tokens["tok-2"] = "admin"
    page.goto(f"{server.url}/console?fresh#access_token=tok-2&expires_in=3600")
    expect(page.get_by_text("was not started here")).to_be_visible()
    assert "tok-2" not in page.evaluate("location.href + JSON.stringify(sessionStorage)")
    server.__exit__()


def test_without_a_sign_in_page_it_says_who_can_help(open_page: Open) -> None:
    server, page = hosted(open_page, "")
    expect(page.get_by_text("No sign-in page is set up")).to_be_visible()
    server.__exit__()


# -- the shell --------------------------------------------------------------


def test_navigation_shows_what_exists_and_where_one_is(console: Console) -> None:
    page = console("/audits")
    nav = page.get_by_role("navigation", name="Main")
    assert nav.get_by_role("link").all_text_contents() == [
        "sidedesk",
        "Approvals",
        "CX",
        "Conversations",
        "Audits",
        "Notifications2 unread",
        "Settings",
        "Style guide",
    ]
    nav.get_by_role("link", name="Settings").click()
    expect(nav.get_by_role("link", name="Settings")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audits")


def test_keys_go_and_explain_themselves_but_never_while_typing(console: Console) -> None:
    page = console("/audits")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog.get_by_text("Go to Settings")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    page.get_by_label("Organisation").focus()
    page.keyboard.type("gn?")
    expect(page.get_by_label("Organisation")).to_have_value(re.compile("gn\\?"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")


def test_a_chosen_theme_stays(console: Console) -> None:
    page = console("/audits")
    page.get_by_role("button", name="Theme").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == "rgb(16, 18, 17)"
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_on_a_phone_the_navigation_opens_and_closes(console: Console) -> None:
    page = console("/audits", width=360, height=740, motion="no-preference")
    nav = page.get_by_role("navigation", name="Main")
    expect(nav).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    expect(nav.get_by_role("link", name="sidedesk")).to_be_focused()
    page.keyboard.press("Escape")
    expect(nav).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    nav.get_by_role("link", name="Notifications").click()
    expect(nav).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_have_text("Notifications")


# -- the five states --------------------------------------------------------


def test_loading_shows_and_an_error_says_what_and_offers_retry(api: StandIn, console: Console) -> None:
    page = console("/audits", allow=(500,))
    body = {
        "success": False,
        "error": "The database does not answer.",
        "code": "internal",
        "details": [],
        "request_id": "req-77",
    }
    api.world.faults["/api/notifications"] = (500, body, {})
    page.get_by_role("link", name="Notifications").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The database does not answer.")
    expect(alert).to_contain_text("req-77")
    api.world.faults.clear()
    api.world.delay = 0.4
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("[aria-busy=true]")).to_be_visible()
    expect(page.get_by_text("Audit run finished")).to_be_visible()


def test_a_busy_server_is_asked_again_quietly(api: StandIn, console: Console) -> None:
    page = console("/audits", allow=(503,))
    api.world.faults["/api/usage"] = (503, {"error": "Not now."}, {"Retry-After": "1"})
    page.goto(f"{api.url}/console#/settings/usage")
    page.wait_for_timeout(500)
    api.world.faults.clear()
    expect(page.get_by_text("of $250.00")).to_be_visible()


def test_empty_lists_say_what_to_do_next(api: StandIn, console: Console) -> None:
    world = api.world
    for rows in (world.jobs, world.notices, world.integrations, world.keys, world.people):
        rows.clear()
    page = console("/audits")
    expect(page.get_by_text("No runs yet")).to_be_visible()
    for path, words in [
        ("/notifications", "No notifications yet"),
        ("/settings/integrations", "Nothing is connected yet"),
        ("/settings/keys", "No keys yet"),
        ("/audits/new", "Nobody can be audited yet"),
    ]:
        page.goto(f"{api.url}/console#{path}")
        expect(page.get_by_text(words)).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/audits",
        "/audits/new",
        "/audits/jobs/j-run",
        "/audits/people",
        "/audits/scorecards",
        "/audits/calibration",
        "/settings/integrations",
        "/settings/members",
        "/settings/keys",
        "/settings/usage",
    ],
)
def test_what_a_viewer_may_not_see_is_explained(console: Console, path: str) -> None:
    page = console(path, "viewer", allow=(403,))
    expect(page.get_by_role("alert")).to_contain_text("Your role is viewer.")
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)


def test_an_unknown_run_and_an_unknown_page_lead_back(api: StandIn, console: Console) -> None:
    page = console("/audits/jobs/none", allow=(404,))
    expect(page.get_by_role("alert")).to_contain_text("Nothing is here")
    page.goto(f"{api.url}/console#/nowhere")
    page.get_by_role("link", name="Go to the start").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Audits")


def test_hostile_text_is_only_text(api: StandIn, console: Console) -> None:
    api.world.notices[0] |= {
        "title": "<img src=x onerror=alert(1)>",
        "body": "</script><b>bold</b>",
        "link": "javascript:alert(1)",
    }
    page = console("/notifications")
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    assert page.locator(".notices img, .notices b, a[href^=javascript]").count() == 0


# -- notifications ----------------------------------------------------------


def test_reading_one_and_all(api: StandIn, console: Console) -> None:
    page = console("/notifications")
    count = page.locator(".nav__count")
    page.get_by_role("button", name="Mark as read: Audit run finished").click()
    expect(count).to_have_text("1 unread")
    page.get_by_role("button", name="Unread").click()
    expect(page.locator(".notice")).to_have_count(1)
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.get_by_text("Nothing unread")).to_be_visible()
    expect(count).to_have_count(0)
    page.reload()
    expect(page.locator(".is-unread")).to_have_count(0)
    assert all(n["read_at"] for n in api.world.notices)


def test_pressing_one_reads_it_and_goes_there(api: StandIn, console: Console) -> None:
    page = console("/notifications")
    page.get_by_role("link", name="Audit run finished").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Support quality")
    expect(page.locator(".nav__count")).to_have_text("1 unread")


def test_a_mark_the_server_refused_is_taken_back(api: StandIn, console: Console) -> None:
    page = console("/notifications", allow=(500,))
    api.world.faults["/api/notifications/n-0/read"] = (500, {"error": "The database does not answer."}, {})
    page.get_by_role("button", name="Mark as read: Audit run finished").click()
    expect(page.get_by_text("Still unread.")).to_be_visible()
    expect(page.locator(".is-unread")).to_have_count(2)


def test_notifications_by_keyboard(console: Console) -> None:
    page = console("/notifications")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Audit run stopped")).to_be_focused()
    page.keyboard.press("m")
    expect(page.locator(".is-unread")).to_have_count(1)
    expect(page.get_by_role("link", name="Audit run stopped")).to_be_focused()


def test_a_long_list_comes_page_by_page(api: StandIn, console: Console) -> None:
    first = api.world.notices[0]
    api.world.notices.extend({**first, "id": f"more-{i}", "title": f"Event {i}"} for i in range(60))
    page = console("/notifications")
    expect(page.locator(".notice")).to_have_count(25)
    page.get_by_role("button", name="Show more").click()
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".notice")).to_have_count(64)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


# -- settings ---------------------------------------------------------------


def test_a_saved_setting_survives_a_reload_and_only_the_change_is_sent(api: StandIn, console: Console) -> None:
    page = console("/settings")
    save = page.get_by_role("button", name="Save changes")
    expect(save).to_be_disabled()
    page.get_by_label("Organisation").fill("Northwind Trading")
    page.get_by_label("Days per run").fill("60")
    expect(page.get_by_text("2 changes not saved")).to_be_visible()
    save.click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    assert next(body for method, _, body in api.world.calls if method == "PUT") == {
        "name": "Northwind Trading",
        "limits": {"range_days": 60},
        "version": 7,
    }
    expect(page.locator(".nav__me")).to_contain_text("Northwind Trading")
    page.reload()
    expect(page.get_by_label("Organisation")).to_have_value("Northwind Trading")


def test_changes_can_be_undone_and_a_value_saved_back(api: StandIn, console: Console) -> None:
    page = console("/settings")
    name, save = page.get_by_label("Organisation"), page.get_by_role("button", name="Save changes")
    name.fill("Typed and regretted")
    page.get_by_role("button", name="Undo changes").click()
    expect(name).to_have_value("Northwind")
    expect(save).to_be_disabled()
    for value in ("Northwind Trading", "Northwind"):
        name.fill(value)
        save.click()
        expect(save).to_be_disabled()
        expect(name).to_have_value(value)
    assert (api.world.settings["name"], api.world.settings["version"]) == ("Northwind", 9)


def test_a_bad_value_is_told_at_its_field(console: Console) -> None:
    page = console("/settings", allow=(400,))
    page.get_by_label("Organisation").fill("")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Give the organisation a name.")).to_be_visible()
    expect(page.get_by_label("Organisation")).to_be_focused()
    expect(page.get_by_label("Organisation")).to_have_attribute("aria-invalid", "true")


def test_an_emptied_number_is_not_sent(api: StandIn, console: Console) -> None:
    page = console("/settings")
    page.get_by_label("People per run").fill("")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Enter a number.")).to_be_visible()
    assert [method for method, _, _ in api.world.calls if method == "PUT"] == []


def test_a_conflict_shows_what_changed_and_keeps_what_was_typed(api: StandIn, console: Console) -> None:
    page = console("/settings", allow=(409,))
    page.get_by_label("Organisation").fill("Mine")
    api.world.settings |= {"name": "Theirs", "version": 8, "timezone": "Europe/Istanbul"}
    page.get_by_role("button", name="Save changes").click()
    conflict = page.locator("#conflict")
    expect(conflict).to_contain_text("now Theirs, you typed Mine")
    expect(page.get_by_label("Organisation")).to_have_value("Mine")
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Istanbul")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    assert (api.world.settings["name"], api.world.settings["timezone"]) == ("Mine", "Europe/Istanbul")


def test_a_viewer_is_not_offered_what_needs_more(console: Console) -> None:
    page = console("/notifications", "viewer")
    nav = page.get_by_role("navigation", name="Main")
    assert nav.get_by_role("link").all_text_contents() == [
        "sidedesk",
        "My audits",
        "Notifications2 unread",
        "Settings",
        "Style guide",
    ]


def test_a_member_reads_the_settings_and_cannot_change_them(console: Console) -> None:
    page = console("/settings", "member")
    expect(page.get_by_text("Only an admin may change these settings.")).to_be_visible()
    expect(page.get_by_label("Organisation")).not_to_be_editable()
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)


def test_an_integration_is_tested_added_and_removed(api: StandIn, console: Console) -> None:
    page = console("/settings/integrations", allow=(400,))
    row = page.locator(".link-row", has_text="n8n.northwind.example")
    row.get_by_role("button", name="Test").click()
    expect(row).to_contain_text("It answered and knows the token. (84 ms)")
    expect(row).to_contain_text("Working")
    chatwoot = page.locator(".link-row", has_text="chat.northwind.example")
    chatwoot.get_by_role("button", name="Test").click()
    expect(chatwoot).to_contain_text("No secret is stored.")
    page.get_by_role("button", name="Add integration").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Add integration").click()
    expect(dialog.get_by_text("Fill this in.")).to_have_count(2)
    dialog.get_by_label("Kind").select_option("openai")
    dialog.get_by_label("Name").fill("Model")
    dialog.get_by_label("Address").fill("https://api.openai.com/v1")
    dialog.get_by_label("API key").fill("sk-secret")
    dialog.get_by_role("button", name="Add integration").click()
    added = page.locator(".link-row", has_text="api.openai.com")
    expect(added).to_contain_text("Not tested")
    assert "sk-secret" not in page.content()
    added.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove integration").click()
    expect(added).to_have_count(0)


def test_editing_keeps_the_secret_and_what_the_form_does_not_know(api: StandIn, console: Console) -> None:
    page = console("/settings/integrations")
    page.locator(".link-row", has_text="n8n.northwind.example").get_by_role("button", name="Edit").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("Audits in n8n")
    page.get_by_role("dialog").get_by_role("button", name="Save integration").click()
    expect(page.get_by_role("heading", name="Audits in n8n")).to_be_visible()
    sent = next(body for method, _, body in api.world.calls if method == "PUT")
    assert sent == {
        "name": "Audits in n8n",
        "base_url": "https://n8n.northwind.example",
        "config": {"webhook_path": "/webhook/massive-ai-audit"},
    }


def test_a_service_key_is_shown_once(api: StandIn, console: Console) -> None:
    page = console("/settings/keys")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("dialog").get_by_label("Name").fill("n8n staging")
    page.get_by_role("dialog").get_by_role("button", name="Make key").click()
    key = page.locator("#new-key").inner_text()
    assert key.startswith("sd_")
    page.get_by_role("button", name="I have stored it").click()
    expect(page.get_by_role("row", name="n8n staging")).to_contain_text("Active")
    assert key not in page.content()
    assert key not in page.evaluate("JSON.stringify([sessionStorage, localStorage])")
    page.reload()
    page.get_by_role("button", name="Revoke n8n staging").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("row", name="n8n staging")).to_contain_text("Revoked")
    assert key not in page.content()


def test_members_come_change_and_go(console: Console) -> None:
    page = console("/settings/members", allow=(409,))
    page.get_by_role("button", name="Add member").click()
    dialog = page.get_by_role("dialog")
    assert "Owner: everything" not in dialog.get_by_label("Role").inner_text()
    dialog.get_by_label("E-mail").fill("member@northwind.example")
    dialog.get_by_role("button", name="Add member").click()
    expect(dialog.get_by_text("This address is taken.")).to_be_visible()
    dialog.get_by_label("E-mail").fill("new@northwind.example")
    dialog.get_by_label("Name").fill("Ines Moreau")
    dialog.get_by_role("button", name="Add member").click()
    page.get_by_role("button", name="Change Ines Moreau").click()
    dialog.get_by_label("Role").select_option("admin")
    dialog.get_by_role("button", name="Save member").click()
    expect(page.get_by_role("row", name="Ines Moreau")).to_contain_text("Admin")
    page.get_by_role("button", name="Change Olga Weiss").click()
    dialog.get_by_label("Role").select_option("viewer")
    dialog.get_by_role("button", name="Save member").click()
    expect(dialog.get_by_text("An organisation needs an owner.")).to_be_visible()
    dialog.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Remove Ines Moreau").click()
    dialog.get_by_role("button", name="Remove member").click()
    expect(page.get_by_role("row", name="Ines Moreau")).to_have_count(0)


# -- audits -----------------------------------------------------------------


def test_a_run_is_started_once_and_followed_to_its_end(api: StandIn, console: Console) -> None:
    page = console("/audits")
    page.get_by_role("link", name="New run").click()
    go = page.get_by_role("button", name="Run audit")
    expect(go).to_be_disabled()
    expect(page.get_by_text("Choose at least one person.")).to_be_visible()
    page.get_by_label("Find a name or team").fill("tier 2")
    expect(page.locator(".pick:visible")).to_have_count(2)
    page.get_by_label("Find a name or team").fill("")
    page.get_by_label("Ana Petrović").check()
    page.get_by_label("Jun Watanabe").check()
    api.world.delay = 0.2
    go.dblclick()
    expect(page).to_have_url(re.compile("#/audits/jobs/j-new0"))
    api.world.delay = 0
    starts = [body for _, path, body in api.world.calls if path.endswith("/start")]
    assert len(starts) == 1
    assert starts[0]["intercom_admin_ids"] == ["5000", "5001"]
    assert starts[0]["notify_me_when_done"] is True
    expect(page.get_by_text("Running", exact=True).first).to_be_visible()
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=30_000)
    expect(page.get_by_text("2 of 2 agents completed")).to_be_visible()
    looks = len(api.world.calls)
    time.sleep(6)
    assert [
        path for _, path, _ in api.world.calls[looks:] if "/jobs/" in path
    ] == []  # at the end the page stops asking


def test_a_refused_run_says_why_at_the_field(console: Console) -> None:
    page = console("/audits/new", allow=(400,))
    page.get_by_role("button", name="Choose all").click()
    page.get_by_label("From").fill("2026-01-01")
    page.get_by_role("button", name="Run audit").click()
    expect(page.get_by_text("A run covers at most 90 days.")).to_be_visible()
    expect(page.get_by_label("From")).to_be_focused()
    page.get_by_label("From").fill("2026-12-31")
    expect(page.get_by_text("The last day is before the first.")).to_be_visible()


def test_runs_can_be_narrowed_and_opened_by_their_row(console: Console) -> None:
    page = console("/audits")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_label("Status").select_option("failed")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody tr").click()
    expect(page.get_by_text("The run was stopped")).to_be_visible()
    expect(page.get_by_text("Intercom refused the token (401). Nothing was spent.").first).to_be_visible()


def test_results_say_why_a_chat_has_no_score(console: Console) -> None:
    page = console("/audits/jobs/j-done")
    results = page.get_by_role("table", name="Results")
    expect(results).to_contain_text("Fewer than ten words")
    expect(results).to_contain_text("Not audited")
    expect(results.locator("tbody tr")).to_have_count(25)
    page.get_by_role("button", name="Show more").click()
    expect(results.locator("tbody tr")).to_have_count(44)


def test_a_lost_connection_keeps_the_figures_and_says_how_old_they_are(api: StandIn, console: Console) -> None:
    page = console("/audits/jobs/j-run", allow=(500,))
    api.world.faults["/api/massive-ai-audit/jobs/j-run"] = (500, {"error": "Down."}, {})
    expect(page.get_by_text("Could not refresh just now.")).to_be_visible(timeout=15_000)
    expect(page.get_by_text("1 of 7 agents completed")).to_be_visible()


# -- for everybody, everywhere ----------------------------------------------


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_nothing_keeps_anybody_out(api: StandIn, open_page: Open, theme: str, width: int) -> None:
    page = open_page(f"{api.url}/console", theme=theme, width=width, height=800)
    page.locator(".door").first.wait_for()
    found = {"/sign-in": findings(page)}
    wide = {"/sign-in": overflow(page)}
    sign_in(page, "admin")
    for path in PLACES:
        page.goto(f"{api.url}/console#{path}")
        page.wait_for_load_state("networkidle")
        found[path], wide[path] = findings(page), overflow(page)
    page.goto(f"{api.url}/console#/settings/keys")
    page.get_by_role("button", name="Make a key").click()
    found["dialog"] = findings(page)
    assert {k: v for k, v in found.items() if v} == {}
    assert {k: v for k, v in wide.items() if v > 0} == {}


@pytest.mark.parametrize("path", PLACES)
def test_each_page_has_one_heading_and_a_name(api: StandIn, console: Console, path: str) -> None:
    page = console(path)
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.title().endswith("· sidedesk")


def test_the_first_load_stays_within_its_budget(api: StandIn, open_page: Open) -> None:
    page = open_page("about:blank")
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    ours: set[str] = set()
    sent: list[float] = []  # as it travels: packed bodies and headers
    network.on(
        "Network.requestWillBeSent", lambda e: ours.add(e["requestId"]) if "/console" in e["request"]["url"] else None
    )
    network.on(
        "Network.loadingFinished", lambda e: sent.append(e["encodedDataLength"]) if e["requestId"] in ours else None
    )
    raw: list[int] = []
    page.on("response", lambda r: raw.append(len(r.body())) if "/console" in r.url and r.status == 200 else None)
    page.goto(f"{api.url}/console#/audits")
    sign_in(page, "admin")
    page.locator("tbody tr").first.wait_for()
    page.wait_for_load_state("networkidle")
    print(f"first load: {sum(raw)} bytes raw, {sum(sent):.0f} on the wire, {len(raw)} files")
    assert sum(raw) <= 130_000
    assert sum(sent) <= 50_000
