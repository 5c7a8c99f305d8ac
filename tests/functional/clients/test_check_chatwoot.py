"""`make check-chatwoot`: what a person sees, what is kept, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from local import check_chatwoot
from local.sandbox import credentials
from sidedesk.platform import secrets, settings
from tests.sandbox.conftest import Sandbox
from tests.support.world import World


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_chatwoot, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(check_chatwoot, "STACK", tmp_path / "stack.json")
    for name in (*check_chatwoot.VARIABLES, "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "")  # so that what the check sets is taken back
    settings.cached.cache_clear()


def name_it(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    for name, value in zip(check_chatwoot.VARIABLES, values, strict=True):
        monkeypatch.setenv(name, value)


def kept(tmp_path: Path) -> dict:
    (path,) = (tmp_path / "artifacts").iterdir()
    assert re.fullmatch(r"chatwoot_health_\d{8}T\d{6}Z\.json", path.name)
    text = path.read_text(encoding="utf-8")
    assert credentials.CHATWOOT_ADMIN_TOKEN not in text
    return json.loads(text)


def test_the_one_that_is_named(
    outside: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    name_it(monkeypatch, f"{outside.base}/chatwoot/", credentials.CHATWOOT_ADMIN_TOKEN, "1")
    assert check_chatwoot.main() == 0
    found = kept(tmp_path)
    assert (found["ok"], found["version"], found["account_id"]) == (True, "4.15.1", 1)
    assert [check["name"] for check in found["checks"]] == ["version", "health", "profile", "account", "rails_health"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["checked_at"])
    assert "Connected to Chatwoot 4.15.1 as Marta Lind." in capsys.readouterr().out


def test_an_unhealthy_one_ends_with_one(outside: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name_it(monkeypatch, f"{outside.base}/chatwoot", "nonsense", "1")
    assert check_chatwoot.main() == 1
    assert kept(tmp_path)["message"] == "Chatwoot is there, but refuses the access token."


def test_half_a_name_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    name_it(monkeypatch, "https://chat.example", "", "")
    with pytest.raises(SystemExit, match="CHATWOOT_API_KEY and CHATWOOT_ACCOUNT_ID"):
        check_chatwoot.main()
    name_it(monkeypatch, "https://chat.example", "token", "acme")
    with pytest.raises(SystemExit, match="number"):
        check_chatwoot.main()
    name_it(monkeypatch, "chat.example", "token", "1")
    with pytest.raises(SystemExit, match="https://"):
        check_chatwoot.main()


def test_the_running_stack_or_how_to_get_one(world: World, outside: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="make up"):
        check_chatwoot.main()
    stack = {"tenant_id": str(world.northwind.id), "database_url": world.app_url, "aws": "http://127.0.0.1:9"}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    with pytest.raises(SystemExit, match="Integrations"):
        check_chatwoot.main()
    secrets.remember("sidedesk/test/chatwoot", {"secret": credentials.CHATWOOT_ADMIN_TOKEN})
    world.database.run(
        world.northwind.system,
        "INSERT INTO integrations (tenant_id, kind, name, base_url, config, secret_name) "
        "VALUES (current_tenant(), 'chatwoot', 'Chatwoot', %(url)s, '{\"account_id\": 1}', 'sidedesk/test/chatwoot')",
        {"url": f"{outside.base}/chatwoot"},
    )
    assert check_chatwoot.main() == 0
    assert kept(tmp_path)["ok"] is True
