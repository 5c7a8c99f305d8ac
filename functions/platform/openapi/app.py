"""The API's description: /openapi.json for programs, /docs for people."""

import base64
import gzip
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from sidedesk.platform.api_page import POLICY, page

DOCUMENT = Path(__file__).resolve().parent / "openapi.json"
SECURITY = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}


@cache
def answer(path: str) -> tuple[bytes, str, str] | None:
    """(packed body, type, tag) of what is served at a path."""
    text = DOCUMENT.read_text(encoding="utf-8")
    if path == "/openapi.json":
        body, kind = json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False), "application/json"
    elif path == "/docs":
        body, kind = page(json.loads(text)), "text/html; charset=utf-8"
    else:
        return None
    packed = gzip.compress(body.encode(), mtime=0)
    return packed, kind, f'W/"{hashlib.sha256(packed).hexdigest()[:24]}"'


def lambda_handler(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001
    found = answer(event.get("rawPath", "").rstrip("/"))
    if found is None or event.get("requestContext", {}).get("http", {}).get("method") not in ("GET", "HEAD"):
        return not_found(str(event.get("requestContext", {}).get("requestId", "")))
    packed, kind, tag = found
    headers = SECURITY | {"Content-Type": kind, "ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    sent = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if tag in sent.get("if-none-match", ""):
        return {"statusCode": 304, "headers": headers, "body": ""}
    if "gzip" in sent.get("accept-encoding", ""):
        body = base64.b64encode(packed).decode()
        headers["Content-Encoding"] = "gzip"
        return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": True}
    return {"statusCode": 200, "headers": headers, "body": gzip.decompress(packed).decode()}


def not_found(request_id: str) -> dict[str, Any]:
    body = {
        "success": False, "error": "There is nothing at this address.", "code": "not_found", "details": [], "request_id": request_id,
    }  # fmt: skip
    return {"statusCode": 404, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
