"""Every route of every function: described truly, guarded, and unimpressed by strangers and nonsense."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from uuid import uuid4

import jwt
import pytest

from local import openapi
from sidedesk.platform.permissions import MACHINES_ONLY, PERMISSIONS, PUBLIC, allow
from tests.functional.platform.conftest import Aws
from tests.support.lambdas import Context, Reply, client, http_event, load_app
from tests.support.world import ISSUER, JWT_SECRET, World, add_service_key, token

ERROR_KEYS = {"success", "error", "code", "details", "request_id"}


class Api:
    """All functions behind one door, as the gateway has them."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, str, Any]] = []
        self._calls: dict[str, Any] = {}
        self._folder: dict[tuple[str, str], str] = {}
        for folder, module in openapi.http_functions():
            self._calls[folder] = client(folder)
            for (method, path), rule in module.api.rules.items():
                self.routes.append((method, path, rule))
                self._folder[method, path] = folder

    def call(self, method: str, path: str, *, ids: str | None = None, **options: Any) -> Reply:
        url = re.sub(r"<[^>]+>", lambda _: ids or str(uuid4()), path)
        return self._calls[self._folder[method, path]](method, url, **options)

    def guarded(self) -> list[tuple[str, str, Any]]:
        return [route for route in self.routes if route[2].permission != PUBLIC]


@pytest.fixture
def api(world: World, cloud: Aws) -> Api:
    return Api()


def assert_refusal(reply: Reply, statuses: set[int], what: Any) -> None:
    assert reply.status in statuses, (what, reply.status, reply.text[:300])
    assert set(reply.json) == ERROR_KEYS, what
    assert reply.json["success"] is False
    assert reply.json["error"]
    assert reply.json["request_id"]
    assert "Traceback" not in reply.text
    assert "psycopg" not in reply.text


# Description -----------------------------------------------------------------------------------------------------------


def test_the_description_and_the_table_of_routes_are_up_to_date() -> None:
    for path, text in openapi.rendered().items():
        assert path.exists(), path
        assert path.read_text(encoding="utf-8") == text, f"{path.name} is stale: run python -m local.openapi"


def test_every_route_is_described_with_its_refusals() -> None:
    document = json.loads(openapi.DOCUMENT.read_text(encoding="utf-8"))
    described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    declared = {
        (method, path.replace("<", "{").replace(">", "}"))
        for _, module in openapi.http_functions()
        for method, path in module.api.rules
    }
    assert described == declared
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    text = json.dumps(document)
    assert "422" not in {
        status for item in document["paths"].values() for op in item.values() for status in op["responses"]
    }
    for reference in re.findall(r'"#/components/(\w+)/([^"]+)"', text):
        assert reference[1] in document["components"][reference[0]], reference


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [value or "" for name, value in attrs if name in ("src", "href") and "//" in (value or "")]
        assert not [name for name, _ in attrs if name == "style" or name.startswith("on")]


def test_the_page_stands_alone_and_lists_everything() -> None:
    app = load_app("platform/openapi")

    def get(path: str, **headers: str) -> dict[str, Any]:
        return app.lambda_handler(http_event("GET", path, headers=headers), Context())

    shown = get("/docs")
    links = Links()
    links.feed(shown["body"])
    assert links.outside == []
    assert "script" not in links.tags
    style = re.search(r"<style>(.*?)</style>", shown["body"], re.S)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"'sha256-{digest}'" in shown["headers"]["Content-Security-Policy"]
    document = json.loads(get("/openapi.json")["body"])
    for path in document["paths"]:
        assert f"<code>{path}</code>" in shown["body"]
    packed = get("/docs", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(base64.b64decode(packed["body"])).decode() == shown["body"]
    assert get("/docs", **{"If-None-Match": shown["headers"]["ETag"]})["statusCode"] == 304
    assert get("/docs/../x")["statusCode"] == 404


# Strangers -------------------------------------------------------------------------------------------------------------


def forged(world: World) -> Iterator[tuple[str, str]]:
    """Tokens and keys that must open nothing."""
    good = world.northwind.tokens["owner"]
    head, claims, signature = good.split(".")

    def packed(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    def signed(secret: str = JWT_SECRET, drop: str = "", **changes: Any) -> str:
        body = jwt.decode(good, options={"verify_signature": False}) | changes
        body.pop(drop, None)
        return jwt.encode(body, secret, algorithm="HS256")

    yield "empty", ""
    yield "nonsense", "nonsense"
    yield "dots", "a.b.c"
    yield "expired", token(world.northwind, "owner", seconds=-3600)
    yield "another audience", signed(aud="somebody-else")
    yield "another issuer", token(world.northwind, "owner", issuer=ISSUER + "/other")
    yield "another secret", token(world.northwind, "owner", secret="x" * 40)
    yield "alg none", f"{packed({'alg': 'none', 'typ': 'JWT'})}.{claims}."
    yield (
        "alg HS512",
        jwt.encode(jwt.decode(good, options={"verify_signature": False}), JWT_SECRET * 2, algorithm="HS512"),
    )
    yield "alg RS256", f"{packed({'alg': 'RS256', 'kid': 'x'})}.{claims}.{signature}"
    yield "alg is a list", f"{packed({'alg': ['HS256']})}.{claims}.{signature}"
    yield "no signature", f"{head}.{claims}."
    yield "changed claims", f"{head}.{packed({'sub': 'x'})}.{signature}"
    yield "no expiry", signed(drop="exp")
    yield "no subject", signed(drop="sub")
    yield "subject of another kind", signed(sub="not-a-uuid")
    yield "not before tomorrow", signed(nbf=int(time.time()) + 86_400)
    yield "service role", signed(role="service_role")
    yield "anonymous", signed(is_anonymous=True)
    yield "unknown key", f"sd_{uuid4().hex}_{'a' * 43}"
    yield (
        "wrong secret of a real key",
        world.northwind.service_key[:-1] + ("A" if world.northwind.service_key[-1] != "A" else "B"),
    )
    yield "key without secret", world.northwind.service_key.rpartition("_")[0]
    yield "key with quotes", "sd_' OR 1=1 --"
    revoked_id, revoked = add_service_key(world.database, world.northwind, list(PERMISSIONS))
    world.sql("UPDATE service_keys SET revoked_at = now() WHERE id = %s", (revoked_id,))
    yield "revoked key", revoked


def test_no_route_lets_a_stranger_in(world: World, api: Api) -> None:
    credentials = list(forged(world))
    for method, path, _ in api.guarded():
        assert_refusal(api.call(method, path, body={}), {401}, (method, path, "nothing"))
        for name, value in credentials:
            reply = api.call(method, path, body={} if method != "GET" else None, token=value)
            assert_refusal(reply, {401}, (method, path, name))
            assert reply.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "changes",
    [
        {"app_metadata": {}},
        {"app_metadata": None},
        {"app_metadata": {"tenant_id": "x", "role": "owner"}},
        {"app_metadata": {"tenant_id": str(uuid4()), "role": "god"}},
    ],
)
def test_a_person_without_membership_is_told_so(world: World, api: Api, changes: dict) -> None:
    claims = jwt.decode(world.northwind.tokens["owner"], options={"verify_signature": False})
    changed = claims | changes | {"user_metadata": {"tenant_id": str(world.northwind.id), "role": "owner"}}
    reply = api.call("GET", "/api/me", token=jwt.encode(changed, JWT_SECRET, algorithm="HS256"))
    assert_refusal(reply, {403}, changes)


def test_every_role_and_key_is_held_to_its_permissions(world: World, api: Api) -> None:
    _, weak = add_service_key(world.database, world.northwind, ["metrics.read"])
    for method, path, rule in api.guarded():
        for role in ("viewer", "member", "admin", "owner"):
            if not allow(role, rule.permission):
                reply = api.call(method, path, body={}, token=world.northwind.tokens[role])
                assert_refusal(reply, {403}, (method, path, role))
        if rule.permission != "metrics.read":
            # The key is proven by the first statement: bad input may be told first, the work is never done.
            reply = api.call(method, path, body={}, token=weak)
            assert_refusal(reply, {400, 403}, (method, path, "weak key"))


def good_token(world: World, permission: str, tenant: Any = None) -> str:
    tenant = tenant or world.northwind
    if PERMISSIONS[permission] is MACHINES_ONLY:
        return add_service_key(world.database, tenant, [permission])[1]
    return str(tenant.tokens["owner"])


def test_ids_of_nobody_are_not_found(world: World, api: Api) -> None:
    for method, path, rule in api.guarded():
        if "<" not in path or method not in ("GET", "DELETE"):
            continue
        for ids in (str(uuid4()), str(world.northwind.id), str(world.northwind.service_key_id)):
            if "service-keys" in path:
                ids = str(uuid4())
            reply = api.call(method, path, ids=ids, token=good_token(world, rule.permission, world.contoso))
            assert_refusal(reply, {404}, (method, path))
        for ids in ("not-an-id", "%00", "1' OR '1'='1", "ü" * 50, "0" * 400):
            reply = api.call(method, path, ids=ids, token=good_token(world, rule.permission))
            assert_refusal(reply, {400, 404}, (method, path, ids))


# Nonsense --------------------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e308, 10**30, "", " ", "x", "\u202e", "\ud800", "x" * 5_000, "'; DROP TABLE tenants; --", "{{7*7}}",
    [], [[]], [None], {}, {"a": {"b": {}}}, "2024-02-30", "9999999999999-01-01", "00000000-0000-0000-0000-000000000000", "Infinity",
]  # fmt: skip
RAW = [
    "", "{", "[", "null", "[]", '"text"', "1", "NaN", '{"a": NaN}', '{"a": Infinity}', '{"a":1e999}', "{" * 3_000, "[" * 100_000, '{"a":' * 20_000,
    '{"a": "\\u0000"}', "\x00", '{"a": "\\ud800"}', '{"__proto__": {}}', '{"a": 1, "a": 2}', "9" * 5_000, '{"n": ' + "9" * 5_000 + "}", "\ufeff{}", "a=b&c=d",
]  # fmt: skip


def names_of(document: dict[str, Any], path: str, method: str) -> list[str]:
    operation = document["paths"][path.replace("<", "{").replace(">", "}")][method.lower()]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return list(schema.get("properties", {})) or ["anything"]


def test_nonsense_is_refused_in_one_shape_and_never_breaks_anything(world: World, api: Api) -> None:
    chance = random.Random(20_240_229)
    document = openapi.describe()[0]
    writes = [route for route in api.routes if route[0] in ("POST", "PUT", "PATCH")]
    sent = 0
    for method, path, rule in writes:
        who = None if rule.permission == PUBLIC else good_token(world, rule.permission)
        # A signed door asks for the signature before it looks at anything else.
        refusals = {400, 404, 409, 413, 415, 429} | ({401} if "webhook" in path else set())
        world.sql("TRUNCATE rate_limits")
        for raw in RAW:
            reply = api.call(method, path, body=raw, token=who)
            sent += 1
            if reply.status >= 300:
                assert_refusal(reply, refusals, (method, path, raw[:60]))
        fields = names_of(document, path, method)
        for _ in range(max(12, 200 // len(writes))):
            body = {name: chance.choice(ODD) for name in fields if chance.random() < 0.9}
            if chance.random() < 0.3:
                body[f"odd_{chance.randrange(99)}"] = chance.choice(ODD)
            reply = api.call(method, path, body=body, token=who)
            sent += 1
            if reply.status >= 300:
                assert_refusal(reply, refusals, (method, path, body))
    assert sent >= 200
    assert (
        api.call("POST", "/api/members", body="x" * (5 * 1024 * 1024), token=world.northwind.tokens["owner"]).status
        == 413
    )
    for kind in (
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
    ):
        reply = api.call(
            "POST", "/api/members", body='{"email": "a@b.example", "role": "member"}',
            token=world.northwind.tokens["owner"], headers={"content-type": kind},
        )  # fmt: skip
        if reply.status >= 300:
            assert_refusal(reply, {400, 415}, kind)
    for key in ("x" * 256, "\x01", "ключ", " "):
        reply = api.call(
            "POST",
            "/api/members",
            body={"email": "z@b.example", "role": "member"},
            token=world.northwind.tokens["owner"],
            headers={"Idempotency-Key": key},
        )
        if reply.status >= 300:
            assert_refusal(reply, {400, 409}, key)


def test_odd_queries_are_refused_too(world: World, api: Api) -> None:
    odd = ["limit=0", "limit=101", "limit=x", "limit=", "limit=1e3", "limit=1&limit=2", "cursor=%00", "cursor=x", "cursor=W10", "cursor=" + "A" * 3_000, "unread=maybe", "queue=%00", "state=x", "cursor=WzEsMiwzXQ", "cursor=WyJcdTAwMDAiLCAiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0", "%F0%28%8C%28=1"]  # fmt: skip
    for method, path, rule in api.guarded():
        if method != "GET":
            continue
        who = good_token(world, rule.permission)
        for query in odd:
            reply = api._calls[api._folder[method, path]](
                method, re.sub(r"<[^>]+>", str(uuid4()), path) + "?" + query, token=who
            )
            if reply.status >= 300:
                assert_refusal(reply, {400, 404}, (method, path, query))


def test_unknown_paths_and_methods(world: World, api: Api) -> None:
    call = client("platform/admin_api")
    for method, path in (
        ("GET", "/api/nothing"),
        ("PATCH", "/api/settings"),
        ("POST", "/api/settings"),
        ("GET", "/api/settings/../members"),
    ):
        assert_refusal(call(method, path, token=world.northwind.tokens["owner"]), {404}, (method, path))
