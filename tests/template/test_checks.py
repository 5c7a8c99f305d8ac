"""The checks of `make check` find what they look for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from local.checks import pins, tracked_text

NAME = Path("file")
PIN = "thing==1.0 \\\n    --hash=sha256:" + "a" * 64 + "\n"


def test_a_pinned_lock_is_fine() -> None:
    marked = PIN.replace("==1.0 \\", "==1.0 ; sys_platform == 'win32' \\")
    assert pins.lock_problems(NAME, PIN + marked) == []


@pytest.mark.parametrize(
    "line", ["thing==1.0\n", "thing>=1.0 \\\n", "-r other.txt\n", "--index" + "-url https://x\n", "./local.whl\n"]
)
def test_what_is_not_pinned_is_found(line: str) -> None:
    assert pins.lock_problems(NAME, line + PIN)


def test_a_pin_without_a_hash_is_found() -> None:
    assert pins.lock_problems(NAME, "other==2.0 \\\n" + PIN)
    assert pins.lock_problems(NAME, PIN + "other==2.0 \\\n")


def test_npm_packages_name_no_registry_and_have_a_hash() -> None:
    good = {"packages": {"": {}, "node_modules/x": {"version": "1", "integrity": "sha512-x"}}}
    assert pins.npm_problems(NAME, json.dumps(good)) == []
    bad = {"packages": {"node_modules/x": {"version": "1", "resolved": "https://somewhere/x.tgz"}}}
    assert len(pins.npm_problems(NAME, json.dumps(bad))) == 2


@pytest.mark.parametrize(
    "text",
    [
        "see /ro" + "ot/notes",
        '"/wo' + 'rk/main"',
        "../sha" + "red/spec/x.md",
        "/home" + "/jane/project",
        "--extra-index" + "-url",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "sd_" + "0123456789abcdef" * 2 + "_" + "A" * 40,
        "ghp_" + "a" * 36,
        "eyJ" + "a" * 30 + ".eyJ" + "b" * 50 + "." + "c" * 43,
    ],
)
def test_what_must_not_be_kept_is_found(text: str) -> None:
    assert tracked_text.text_problems(NAME, f"first line\n{text}\n") != []


@pytest.mark.parametrize(
    "text",
    ["shared/sidedesk", "/api/work/items", "${HOME}/work/x", "sd_…", "sk-short", "/var/task", "a framework/root/x"],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert tracked_text.text_problems(NAME, text) == []
