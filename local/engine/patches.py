"""What the emulator lacks for us, put right inside its process. Private names: pinned version, one test per patch."""

from __future__ import annotations

import http.server
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ministack.core import iam_actions
from ministack.core import lambda_runtime as runtime
from ministack.services import lambda_svc

# What a function may inherit from this process; everything else here is the emulator's own.
INHERITED = (
    *("PATH", "HOME", "LANG", "TMPDIR", "AWS_ENDPOINT_URL", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


def install(function_log: Path) -> None:
    quick_answers()
    quick_silence()
    cookies_as_list()
    clean_environment()
    batches_need_no_own_permission()
    mail_names_its_sender()
    deaths_stay_alone()
    live_logs(function_log)


def quick_answers() -> None:
    """Without this every warm call waits 40 ms for a delayed acknowledgement."""
    http.server.BaseHTTPRequestHandler.disable_nagle_algorithm = True


def quick_silence() -> None:
    """A call that logs nothing would be held for 50 ms in case it still did."""
    drain = runtime.Worker._drain_stderr_bounded

    def bounded(self: Any, first_line_wait: float = 0.002, **_: Any) -> str:
        text: str = drain(self, first_line_wait=first_line_wait, idle_confirm=0.002)
        return text

    runtime.Worker._drain_stderr_bounded = bounded


def cookies_as_list() -> None:
    """Payload 2.0 has cookies as a list, not as a header."""
    execute = lambda_svc._execute_function_with_config_scope

    def with_cookies(record: Any, event: Any, *rest: Any, **named: Any) -> Any:
        if isinstance(event, dict) and event.get("version") == "2.0" and "cookie" in event.get("headers", {}):
            event["cookies"] = [part.strip() for part in event["headers"].pop("cookie").split(";")]
        return execute(record, event, *rest, **named)

    lambda_svc._execute_function_with_config_scope = with_cookies


def clean_environment() -> None:
    """A function sees its own variables and the runtime's, not the emulator's."""
    build = lambda_svc._provided_worker_env
    hidden = set(os.environ) - set(INHERITED)

    def clean(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
        own = config.get("Environment", {}).get("Variables", {})
        built: dict[str, str] = build(config, code_dir, port)
        kept = {name: value for name, value in built.items() if name not in hidden or name in own or name in RUNTIME}
        kept |= {
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{config.get('FunctionName', '')}",
            "TZ": ":UTC",
        }
        return kept

    lambda_svc._provided_worker_env = clean


def batches_need_no_own_permission() -> None:
    """AWS authorises a batch of messages by the action for one of them; there is no permission for batches."""
    extract = iam_actions.extract_iam_action

    def as_single(*request: Any, **named: Any) -> str | None:
        action: str | None = extract(*request, **named)
        if action and action.startswith("sqs:") and action.endswith("MessageBatch"):
            return action.removesuffix("Batch")
        return action.replace("VisibilityBatch", "Visibility") if action else action

    iam_actions.extract_iam_action = as_single


def mail_names_its_sender() -> None:
    """AWS authorises a mail on the identity that sends it; the emulator would ask for every identity."""
    extract = iam_actions.extract_resource_arn

    def with_identity(*request: Any, **named: Any) -> str:
        service, method, path, _, body, _, region, account = request[:8]
        if service == "ses" and method == "POST" and path.rstrip("/").endswith("/outbound-emails"):
            sender = json.loads(body or b"{}").get("FromEmailAddress", "")
            return f"arn:aws:ses:{region}:{account}:identity/{sender}"
        arn: str = extract(*request, **named)
        return arn

    iam_actions.extract_resource_arn = with_identity


def deaths_stay_alone() -> None:
    """An environment that dies while it starts costs its own call; the emulator would end all others of that function too."""
    invoke = runtime.ProvidedWorker.invoke

    def alone(self: Any, *given: Any, **named: Any) -> Any:
        try:
            return invoke(self, *given, **named)
        except RuntimeError as error:
            kind = getattr(error, "error_type", "") or "Runtime.ExitError"
            payload = {"errorMessage": str(error), "errorType": kind}
            return {"status": "error", "error": str(error), "error_payload": payload, "cold_start": True, "log": ""}

    runtime.ProvidedWorker.invoke = alone


# Set per function by the emulator even where the emulator's own process has a variable of that name.
RUNTIME = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")


def live_logs(path: Path) -> None:
    """Each line a function prints, at once and with its name: the emulator keeps them until the call ends."""
    pump = runtime.ProvidedWorker._pump_output
    out = path.open("a", buffering=1, encoding="utf-8")

    def tee(self: Any, stream: Any, log_queue: Any) -> None:
        pump(self, _Tee(stream, out, self.func_name), log_queue)

    runtime.ProvidedWorker._pump_output = tee


class _Tee:
    def __init__(self, stream: Any, out: Any, name: str) -> None:
        self.stream, self.out, self.name = stream, out, name

    def readline(self) -> bytes:
        line: bytes = self.stream.readline()
        if line.strip():
            write_line(self.out, self.name, line.decode("utf-8", errors="replace"))
        return line

    def close(self) -> None:
        self.stream.close()


def write_line(out: Any, name: str, text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    out.write(f"{stamp}Z\t{name}\t{text.rstrip()}\n")


def retire(workers: Iterable[Any]) -> set[Any]:
    """Take the idle ones of these off the pool, then end them; answer those still busy."""
    workers = set(workers)
    with runtime._lock:  # off the pool first: no call may land on a worker about to die
        idle = {worker for worker in workers if not worker.in_use}
        for pool in runtime._workers.values():
            pool[:] = [worker for worker in pool if worker not in idle]
    runtime.kill_workers(idle)
    return workers - idle


def all_workers() -> set[Any]:
    with runtime._lock:
        return {worker for pool in runtime._workers.values() for worker in pool}
