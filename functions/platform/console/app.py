"""The console: static files with a release in their address, and the few settings the page needs before sign-in."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "page"  # a link to console/ in the repository, a copy of it once built
ACCOUNTS = {"owner": "Owner", "admin": "Admin", "member": "Member", "viewer": "Viewer", "audited": "Audited agent"}
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {connect}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}
FOREVER, CHECK, NEVER = "public, max-age=31536000, immutable", "no-cache", "no-store"


@dataclass(frozen=True)
class File:
    body: bytes
    content_type: str

    @cached_property
    def packed(self) -> bytes:
        return gzip.compress(self.body, mtime=0)

    @cached_property
    def etag(self) -> str:
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:24]}"'


class Site:
    """All files of one folder, read once. Serving is a look-up in a dict, so no path can leave the folder."""

    def __init__(self, folder: Path) -> None:
        paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in TYPES)
        if not paths:
            raise RuntimeError(f"The console's files are missing: {folder} holds none. Build the function again.")
        files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in paths}
        digest = hashlib.sha256()
        for name, body in files.items():
            digest.update(f"{name}\0{len(body)}\0".encode() + body)
        self.release = digest.hexdigest()[:12]
        home = f"/console/assets/{self.release}/"
        page = files.pop("index.html").replace(b"/console/assets/@/", home.encode())
        self.index = File(page, TYPES[".html"])
        self.assets = {f"{home}{name}": File(body, TYPES[Path(name).suffix]) for name, body in files.items()}


def _fingerprint(folder: Path) -> tuple[tuple[str, int, int], ...]:
    seen = ((str(p), p.stat()) for p in sorted(folder.rglob("*")))
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in seen)


class Console:
    """Answers one request. An edit on a laptop shows at the next load of the page; in the cloud files never change."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        # Large files go from the page straight to the file store; on a laptop that is where all of AWS is.
        store = environment.get("AWS_ENDPOINT_URL") or environment.get("FILE_STORE", "")
        self._policy = POLICY.format(connect=" ".join(["'self'", *store.split()]))
        self._seen = _fingerprint(folder)
        self._site = Site(folder)

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        if method not in ("GET", "HEAD"):
            return self._refusal(
                event, 405, "method_not_allowed", "The console can only be read.", {"Allow": "GET, HEAD"}
            )
        if path == "/console/config.json":
            found, cache = File(json.dumps(self._config()).encode(), TYPES[".json"]), NEVER
        elif path in ("/console", "/console/"):
            found, cache = self._fresh().index, CHECK
        elif path in self._site.assets:
            found, cache = self._site.assets[path], FOREVER
        else:
            return self._refusal(event, 404, "not_found", "There is no such file in the console. Open /console.")
        return self._reply(event, found, cache)

    def _fresh(self) -> Site:
        now = _fingerprint(self._folder)
        if now != self._seen:
            self._seen, self._site = now, Site(self._folder)
        return self._site

    def _config(self) -> dict[str, Any]:
        if self._environment.get("DEV_SIGN_IN") == "true":
            accounts = [{"id": name, "label": label} for name, label in ACCOUNTS.items()]
            sign_in: dict[str, Any] = {"kind": "dev", "accounts": accounts}
        else:
            sign_in = {"kind": "hosted", "url": self._environment.get("SIGN_IN_URL", "")}
        return {"version": self._environment.get("RELEASE") or self._site.release, "sign_in": sign_in}

    def _locked(self) -> dict[str, str]:
        return {"Content-Security-Policy": self._policy, **SECURITY}

    def _reply(self, event: dict[str, Any], file: File, cache: str) -> dict[str, Any]:
        asked = event.get("headers") or {}
        # The page's policy governs its parts: they need no copy of it.
        locked = self._locked() if cache != FOREVER else {"X-Content-Type-Options": "nosniff"}
        headers = locked | {"Cache-Control": cache, "ETag": file.etag, "Vary": "Accept-Encoding"}
        known = {tag.strip() for tag in asked.get("if-none-match", "").split(",")}
        if cache != NEVER and known & {file.etag, file.etag.removeprefix("W/"), "*"}:
            return {"statusCode": 304, "headers": headers}
        packed = "gzip" in asked.get("accept-encoding", "") and len(file.body) > 500
        headers["Content-Type"] = file.content_type
        if packed:
            headers["Content-Encoding"] = "gzip"
        body = b"" if event["requestContext"]["http"]["method"] == "HEAD" else file.packed if packed else file.body
        return {"statusCode": 200, "headers": headers, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}

    def _refusal(
        self, event: dict[str, Any], status: int, code: str, sentence: str, more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        request_id = event["requestContext"].get("requestId", "")
        body = {"success": False, "error": sentence, "code": code, "details": [], "request_id": request_id}
        headers = self._locked() | {"Content-Type": TYPES[".json"], "Cache-Control": NEVER, **(more or {})}
        return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


_answer: Callable[[dict[str, Any]], dict[str, Any]] = Console(FOLDER, os.environ).answer


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    return _answer(event)
