"""The console on the running stack, as each kind of person."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.console.browser import Open, findings, overflow, sign_in

pytestmark = pytest.mark.stack

Console = Callable[..., Page]
PLACES = [
    "/audits",
    "/audits/new",
    "/notifications",
    "/settings",
    "/settings/integrations",
    "/settings/members",
    "/settings/keys",
    "/settings/usage",
    "/guide",
]


@pytest.mark.parametrize(("account", "role", "home"), [
    ("owner", "Owner", "Audits"), ("admin", "Admin", "Audits"), ("member", "Member", "Audits"),
    ("viewer", "Viewer", "My audits"), ("audited", "Viewer", "My audits"),
])  # fmt: skip
def test_every_account_signs_in(stack: dict[str, Any], open_page: Open, account: str, role: str, home: str) -> None:
    page = open_page(stack["console"])
    sign_in(page, account)
    expect(page.get_by_role("heading", level=1)).to_have_text(home)
    expect(page.locator(".nav__me")).to_contain_text(role)


def test_the_navigation_reaches_every_page(console: Console) -> None:
    page = console("/audits")
    nav = page.get_by_role("navigation", name="Main")
    for name in ("Notifications", "Settings", "Style guide", "Conversations", "Audits"):
        nav.get_by_role("link", name=re.compile(f"^{name}")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(nav.get_by_role("link", name=re.compile(f"^{name}"))).to_have_attribute("aria-current", "page")


def test_keys_explain_themselves_and_go(console: Console) -> None:
    page = console("/audits")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_contain_text("Go to Settings")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_have_text("Notifications")


def test_a_saved_setting_survives_a_reload(console: Console) -> None:
    page = console("/settings")
    name = page.get_by_label("Organisation")
    before = name.input_value()
    for value in (f"Northwind {uuid4().hex[:4]}", before):
        name.fill(value)
        page.get_by_role("button", name="Save changes").click()
        expect(page.get_by_text("Settings saved.").first).to_be_visible()
        page.reload()
        expect(name).to_have_value(value)
        expect(page.locator(".nav__me")).to_contain_text(value)


def test_two_people_saving_at_once_do_not_overwrite_each_other(console: Console) -> None:
    first, second = console("/settings", allow=(409,)), console("/settings", "owner", allow=(409,))
    before = first.get_by_label("Organisation").input_value()
    second.get_by_label("Organisation").fill("Changed by the owner")
    second.get_by_role("button", name="Save changes").click()
    expect(second.get_by_text("Settings saved.")).to_be_visible()
    first.get_by_label("Organisation").fill("Changed by the admin")
    first.get_by_role("button", name="Save changes").click()
    expect(first.locator("#conflict")).to_contain_text("now Changed by the owner, you typed Changed by the admin")
    expect(first.get_by_label("Organisation")).to_have_value("Changed by the admin")
    first.get_by_label("Organisation").fill(before)
    first.get_by_role("button", name="Save changes").click()
    expect(first.get_by_text("Settings saved.")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    ["/audits", "/audits/new", "/settings/integrations", "/settings/members", "/settings/keys", "/settings/usage"],
)
def test_a_viewer_is_told_what_is_missing(console: Console, path: str) -> None:
    page = console(path, "viewer", allow=(403,))
    expect(page.get_by_role("alert")).to_contain_text("Your role is viewer.")


def test_a_viewer_cannot_change_settings(console: Console) -> None:
    page = console("/settings", "viewer")
    expect(page.get_by_text("Only an admin may change these settings.")).to_be_visible()
    expect(page.get_by_role("button", name="Save changes")).to_have_count(0)


def test_the_integrations_answer_their_test(console: Console) -> None:
    page = console("/settings/integrations")
    rows = page.locator(".link-row")
    rows.first.wait_for()
    for i in range(rows.count()):
        rows.nth(i).get_by_role("button", name="Test").click()
        expect(rows.nth(i).locator(".badge")).to_have_text("Working", timeout=20_000)


def test_a_service_key_is_shown_once(console: Console) -> None:
    page = console("/settings/keys")
    name = f"browser test {uuid4().hex[:6]}"
    page.get_by_role("button", name="Make a key").click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Make key").click()
    key = page.locator("#new-key").inner_text()
    page.get_by_role("button", name="I have stored it").click()
    expect(page.get_by_role("row", name=name)).to_contain_text("Active")
    page.reload()
    expect(page.get_by_role("row", name=name)).to_contain_text("Active")
    assert key not in page.content()
    page.get_by_role("button", name=f"Revoke {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("row", name=name)).to_contain_text("Revoked")


def test_a_member_comes_and_goes(console: Console) -> None:
    page = console("/settings/members")
    name = f"Ines {uuid4().hex[:6]}"
    page.get_by_role("button", name="Add member").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(f"{name.replace(' ', '.').lower()}@northwind.example")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("button", name="Add member").click()
    expect(page.get_by_role("row", name=name)).to_contain_text("Member")
    page.get_by_role("button", name=f"Remove {name}").click()
    dialog.get_by_role("button", name="Remove member").click()
    expect(page.get_by_role("button", name=f"Remove {name}")).to_have_count(0)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_run_goes_to_its_end_and_says_so(console: Console) -> None:
    page = console("/audits/new")
    page.locator(".pick input").nth(0).check()
    page.locator(".pick input").nth(1).check()
    page.get_by_role("button", name="Run audit").click()
    expect(page).to_have_url(re.compile(r"#/audits/jobs/"))
    expect(page.locator("h1 .badge")).to_have_text("Completed", timeout=200_000)
    expect(page.get_by_text(re.compile(r"^2 of 2 agents"))).to_be_visible()
    page.get_by_role("link", name=re.compile("^Notifications")).click()
    unread = page.locator(".notice.is-unread")
    expect(unread.first).to_be_visible(timeout=30_000)
    before = unread.count()
    unread.first.get_by_role("button", name="Mark as read").click()
    expect(unread).to_have_count(before - 1)
    page.reload()
    expect(page.locator(".notice").first).to_be_visible()
    expect(unread).to_have_count(before - 1)


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 360), ("dark", 360)])
def test_nothing_keeps_anybody_out(stack: dict[str, Any], open_page: Open, theme: str, width: int) -> None:
    page = open_page(stack["console"], theme=theme, width=width, height=800)
    page.locator(".door").first.wait_for()
    found, wide = {"/sign-in": findings(page)}, {"/sign-in": overflow(page)}
    sign_in(page, "admin")
    for path in PLACES:
        page.goto(f"{stack['console']}#{path}")
        page.wait_for_load_state("networkidle")
        found[path], wide[path] = findings(page), overflow(page)
    assert {k: v for k, v in found.items() if v} == {}
    assert {k: v for k, v in wide.items() if v > 0} == {}


def test_the_first_load_stays_within_its_budget(stack: dict[str, Any], open_page: Open) -> None:
    page = open_page("about:blank")
    raw: list[int] = []
    sent: list[int] = []

    def weigh(response: Any) -> None:
        if "/console" in response.url and response.status == 200:
            raw.append(len(response.body()))
            sent.append(int(response.headers.get("content-length", len(response.body()))))

    page.on("response", weigh)
    page.goto(f"{stack['console']}#/audits")
    sign_in(page, "admin")
    page.get_by_role("link", name="New run").first.wait_for()
    page.wait_for_load_state("networkidle")
    print(f"first load: {sum(raw)} bytes raw, {sum(sent)} packed, {len(raw)} files")
    assert sum(raw) <= 130_000
    assert sum(sent) <= 50_000
