"""The function that serves the console, called as Lambda calls it."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.console.function import APP, load_console

FOLDER = APP.parents[3] / "console"
console = load_console()


def event(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"rawPath": path, "headers": named, "requestContext": {"requestId": "req-1", "http": {"method": method}}}


def get(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    return console.lambda_handler(event(path, method, **headers), None)


def text(reply: dict[str, Any]) -> str:
    return base64.b64decode(reply["body"]).decode()


def assets() -> list[str]:
    return re.findall(r"/console/assets/[0-9a-f]{12}/[\w./-]+", text(get("/console")))


@pytest.mark.parametrize("path", ["/console", "/console/"])
def test_the_page_is_checked_each_time_and_its_assets_never(path: str) -> None:
    page = get(path)
    assert page["statusCode"] == 200
    assert page["headers"]["Cache-Control"] == "no-cache"
    assert page["headers"]["Content-Type"] == "text/html; charset=utf-8"
    found = assets()
    assert len(found) > 8
    for address in found:
        asset = get(address)
        assert asset["statusCode"] == 200, address
        assert asset["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_known_etag_is_answered_without_a_body() -> None:
    for path in ("/console", assets()[0]):
        tag = get(path)["headers"]["ETag"]
        again = get(path, if_none_match=f'"other", {tag}')
        assert again["statusCode"] == 304
        assert "body" not in again
        assert again["headers"]["ETag"] == tag
        assert get(path, if_none_match='W/"other"')["statusCode"] == 200


def test_bodies_are_packed_for_those_who_can_unpack() -> None:
    path = next(a for a in assets() if a.endswith("app.js"))
    plain, packed = get(path), get(path, accept_encoding="br, gzip")
    assert "Content-Encoding" not in plain["headers"]
    assert packed["headers"]["Content-Encoding"] == "gzip"
    assert packed["headers"]["Vary"] == "Accept-Encoding"
    assert gzip.decompress(base64.b64decode(packed["body"])) == base64.b64decode(plain["body"])


def test_head_answers_the_headers_alone() -> None:
    head = get("/console", "HEAD")
    assert (head["statusCode"], head["body"]) == (200, "")
    assert head["headers"]["ETag"] == get("/console")["headers"]["ETag"]


@pytest.mark.parametrize("path", [
    "/console/../app.py", "/console/assets/../../app.py", "/console/%2e%2e/app.py", "/console//etc/passwd", "/console/app.js",
    "/console/assets/000000000000/app.js", "/console/index.html", "/console/assets/@/app.js", "/console/page/app.js", "/console/assets/", "/console/\0",
])  # fmt: skip
def test_what_is_not_a_file_of_the_console_is_not_found(path: str) -> None:
    reply = get(path)
    assert reply["statusCode"] == 404
    assert reply["headers"]["Cache-Control"] == "no-store"
    body = json.loads(reply["body"])
    assert body == {"success": False, "error": body["error"], "code": "not_found", "details": [], "request_id": "req-1"}


def test_writing_is_refused() -> None:
    reply = get("/console", "POST")
    assert reply["statusCode"] == 405
    assert reply["headers"]["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/console", "/console/config.json", "/console/nothing"])
def test_every_answer_is_locked_down(path: str) -> None:
    headers = get(path)["headers"]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_page_may_send_files_to_the_store_and_nowhere_else() -> None:
    def connect(environment: dict[str, str]) -> str:
        reply = console.Console(FOLDER, environment).answer(event("/console"))
        return re.search(r"connect-src ([^;]*);", reply["headers"]["Content-Security-Policy"])[1]

    assert connect({}) == "'self'"
    assert (
        connect({"FILE_STORE": "https://a.example https://b.example"}) == "'self' https://a.example https://b.example"
    )
    assert connect({"FILE_STORE": "https://a.example", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}) == "'self' http://127.0.0.1:1"  # fmt: skip


def config(environment: dict[str, str]) -> dict[str, Any]:
    reply = console.Console(FOLDER, environment).answer(event("/console/config.json"))
    assert reply["headers"]["Cache-Control"] == "no-store"
    return json.loads(text(reply))


def test_config_offers_accounts_only_where_that_is_switched_on() -> None:
    dev = config({"DEV_SIGN_IN": "true", "RELEASE": "2026.11"})
    assert dev["version"] == "2026.11"
    assert [a["id"] for a in dev["sign_in"]["accounts"]] == ["owner", "admin", "member", "viewer", "audited"]
    for value in ("false", "", "True", "1"):
        assert config({"DEV_SIGN_IN": value, "SIGN_IN_URL": "https://login.example/"})["sign_in"] == {
            "kind": "hosted",
            "url": "https://login.example/",
        }


def test_an_edited_file_gets_a_new_address(tmp_path: Path) -> None:
    copy = tmp_path / "console"
    shutil.copytree(FOLDER, copy)
    site = console.Console(copy, {})
    before = text(site.answer(event("/console")))
    (copy / "app.js").write_text("// edited\n")
    after = text(site.answer(event("/console")))
    assert before != after
    edited = next(a for a in re.findall(r"/console/assets/[\w./-]+", after) if a.endswith("/app.js"))
    assert text(site.answer(event(edited))) == "// edited\n"


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Build the function again"):
        console.Site(tmp_path)


def test_it_starts_with_the_standard_library_alone() -> None:
    script = f"import runpy, sys; ns = runpy.run_path({str(APP)!r}); print(ns['lambda_handler']({event('/console')!r}, None)['statusCode'])"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "200", done.stderr
    tree = ast.parse(APP.read_text())
    modules = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)} | {
        a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names
    }
    assert {m.split(".")[0] for m in modules if m} <= sys.stdlib_module_names


# -- the sources themselves -------------------------------------------------

SOURCES = sorted(FOLDER.rglob("*.js"))


def test_every_import_finds_its_file_and_its_name() -> None:
    for source in SOURCES:
        for match in re.finditer(r"(?:import\s*\{([^}]*)\}\s*from\s*|import\()'(\.[^']+)'", source.read_text()):
            names, target = match.groups()
            file = (source.parent / target).resolve()
            assert file.is_file(), f"{source.name} imports {target}"
            for name in (n.strip() for n in (names or "").split(",") if n.strip()):
                pattern = rf"export (?:const|let|class|async function|function) {re.escape(name)}(?![\w$])"
                assert re.search(pattern, file.read_text()), f"{source.name} imports {name} from {target}"


def test_markup_is_escaped_and_never_inline() -> None:
    for source in SOURCES:
        code = source.read_text()
        assert source.name == "dom.js" or "innerHTML" not in code, source
        assert not re.search(r"""[\s"'`<]on\w+="|style="|<script|<style|eval\(|javascript:""", code), source
    page = (FOLDER / "index.html").read_text()
    assert not re.search(r"style=|\son\w+=|<style|<script>", page)


def test_colours_live_in_the_tokens_alone() -> None:
    code = "".join(sheet.read_text() for sheet in FOLDER.rglob("*.css") if sheet.name != "tokens.css")
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsl", code) == []
    tokens = (FOLDER / "tokens.css").read_text()
    used = set(re.findall(r"var\((--[\w-]+)", code))
    assert used <= set(re.findall(r"(--[\w-]+):", tokens + code))
