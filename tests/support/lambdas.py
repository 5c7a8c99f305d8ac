"""Real handlers, called as AWS calls them."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Context:
    """The parts of a Lambda context that code may look at."""

    function_name: str = "test"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:000000000000:function:test"
    aws_request_id: str = "test"
    milliseconds: int = 20_000

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def load_app(path: str) -> ModuleType:
    """Import functions/<path>/app.py under a name of its own; again for each test, as a cold start would."""
    name = "function_" + path.replace("/", "_")
    spec = importlib.util.spec_from_file_location(name, ROOT / "functions" / path / "app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def http_event(
    method: str, url: str, *, body: Any = None, token: str | None = None, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """An HTTP API event, payload format 2.0."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    joined: dict[str, str] = {}
    for name, value in query:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    sent = {"host": "127.0.0.1", **{name.lower(): value for name, value in (headers or {}).items()}}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    if body is not None:
        sent.setdefault("content-type", "application/json")
    return {
        "version": "2.0",
        "routeKey": f"{method} {parts.path}",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "headers": sent,
        **({"queryStringParameters": joined} if joined else {}),
        "requestContext": {
            "http": {"method": method, "path": parts.path, "sourceIp": "127.0.0.1", "userAgent": "test", "protocol": "HTTP/1.1"},
            "requestId": str(uuid4()),
            "stage": "$default",
            "timeEpoch": 0,
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }  # fmt: skip


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def client(path: str) -> Callable[..., Reply]:
    """`call = client("audits/jobs_api"); call("GET", "/api/…", token=…)`."""
    app = load_app(path)

    def call(method: str, url: str, **options: Any) -> Reply:
        answer = app.lambda_handler(http_event(method, url, **options), Context())
        headers = {name.lower(): str(value) for name, value in answer.get("headers", {}).items()}
        return Reply(answer["statusCode"], headers, answer.get("body") or "")

    return call


def sqs_event(*bodies: dict[str, Any], attributes: dict[str, str] | None = None) -> dict[str, Any]:
    """Records as an event source mapping delivers them."""
    return {
        "Records": [
            {
                "messageId": str(uuid4()),
                "receiptHandle": "handle",
                "body": json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": "1", "SentTimestamp": "0", "SenderId": "test",
                    "ApproximateFirstReceiveTimestamp": "0", **(attributes or {}),
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:queue",
                "awsRegion": "eu-west-1",
            }
            for body in bodies
        ]
    }  # fmt: skip
