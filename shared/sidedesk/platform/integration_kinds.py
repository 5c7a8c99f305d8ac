"""What each kind of integration needs to know, and how to find out whether it works."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError

from sidedesk.platform import outbound
from sidedesk.platform.errors import DomainError, FieldError, InvalidRequest
from sidedesk.platform.models import Answer, Body
from sidedesk.platform.settings import StageSettings, cached

Kind = Literal["chatwoot", "intercom", "n8n", "openai"]
# n8n listens on /webhook-test/ only while somebody has the workflow open in its editor.
STAGES_WITH_TEST_HOOKS = (*outbound.LOCAL_STAGES, "dev")


class ChatwootConfig(Body):
    signed: Annotated[bool, Field(description="false only for a Chatwoot before 4.11.2, which cannot sign")] = True
    account_id: Annotated[int, Field(ge=1, le=2**31 - 1, description="the number in the address of the dashboard")]


class IntercomConfig(Body):
    api_version: Annotated[str, Field(pattern=r"^\d+\.\d+$", description="version of its API we speak")] = "2.16"


class N8nConfig(Body):
    """Nothing: the address is the whole one of the webhook, the secret goes out as a bearer token."""


class OpenAiConfig(Body):
    """What a compatible server understands, where it differs from OpenAI's own."""

    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    tools: bool = True
    embeddings: bool = True
    embedding_format: Literal["base64", "float"] = "base64"
    embedding_dimensions: bool = False
    transcription: bool = True
    transcription_format: Literal["json", "verbose_json"] = "json"
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    temperature: bool = True
    logprobs: bool = False
    models: Annotated[dict[str, str], Field(max_length=50, description="model by purpose")] = {}
    prices: Annotated[dict[str, Any], Field(max_length=200, description="price by model")] = {}
    timeout_seconds: Annotated[float, Field(gt=0, le=600, allow_inf_nan=False)] = 60
    attempts: Annotated[int, Field(ge=1, le=5)] = 3


CONFIGS: Final[dict[str, type[Body]]] = {
    "chatwoot": ChatwootConfig,
    "intercom": IntercomConfig,
    "n8n": N8nConfig,
    "openai": OpenAiConfig,
}


class TestResult(Answer):
    ok: bool
    message: str
    latency_ms: int | None
    at: datetime


def checked(kind: str, base_url: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Address and configuration in their stored form, or every field that is wrong."""
    base_url = outbound.check_url(base_url)
    if kind == "n8n":
        _production_webhook(base_url)
    try:
        typed = CONFIGS[kind].model_validate(config)
    except ValidationError as error:
        details = [
            FieldError(".".join(["config", *map(str, item["loc"])]), str(item["msg"])) for item in error.errors()
        ]
        names = ", ".join(detail.field for detail in details)
        raise InvalidRequest(f"The request is not valid: {names}.", details=details) from error
    return base_url, typed.model_dump(exclude_unset=True)


def _production_webhook(url: str) -> None:
    path = urlsplit(url).path
    if not path.strip("/"):
        raise InvalidRequest.of("base_url", "Use the whole address of the webhook, as n8n shows it.")
    if "/webhook-test/" in f"{path}/" and cached(StageSettings).stage not in STAGES_WITH_TEST_HOOKS:
        raise InvalidRequest.of(
            "base_url",
            "This is n8n's test address: it answers only while the editor is open. Use the production address with /webhook/.",
            code="test_webhook",
        )


# Probes ---------------------------------------------------------------------------------------------------------------


def probe(kind: str, base_url: str, config: dict[str, Any], secret: dict[str, str]) -> TestResult:
    """Ask the service itself. Never raises: whatever went wrong is the answer."""
    started = time.perf_counter()
    try:
        checked(kind, base_url, config)
        with outbound.client() as http:
            ok, message = _PROBES[kind](http, base_url, config, secret)
    except DomainError as error:
        ok, message = False, error.details[0].message if error.details else error.message
    except Exception as error:
        ok, message = False, _plain(error)
    latency = round((time.perf_counter() - started) * 1000)
    return TestResult(ok=ok, message=message, latency_ms=latency, at=datetime.now(UTC))


def _plain(error: Exception) -> str:
    import httpx

    if isinstance(error, httpx.TimeoutException):
        return "It did not answer in time. Check the address and whether the service is up."
    if isinstance(error, httpx.ConnectError):
        return "No connection could be made. Check the address, the port and the certificate."
    if isinstance(error, httpx.HTTPError):
        return "The connection broke before an answer came."
    return "Its answer could not be understood. Check that the address is the one of this service."


def _chatwoot(http: Any, base_url: str, config: dict[str, Any], secret: dict[str, str]) -> tuple[bool, str]:
    health = http.get(f"{base_url}/api")
    if health.status_code != 200:
        return False, f"This does not look like Chatwoot: {base_url}/api answered {health.status_code}."
    profile = http.get(f"{base_url}/api/v1/profile", headers={"api_access_token": secret.get("secret", "")})
    if profile.status_code in (401, 403):
        return False, "Chatwoot is there, but refuses the access token."
    if profile.status_code != 200:
        return False, f"Chatwoot answered {profile.status_code} when asked who the token belongs to."
    person = profile.json()
    accounts = [account.get("id") for account in person.get("accounts", [])]
    if config["account_id"] not in accounts:
        return False, f"The token works, but its owner is not in account {config['account_id']}."
    return True, f"Connected to Chatwoot {health.json().get('version', '')} as {person.get('name') or 'a user'}."


def _intercom(http: Any, base_url: str, config: dict[str, Any], secret: dict[str, str]) -> tuple[bool, str]:
    version = config.get("api_version", IntercomConfig().api_version)
    headers = {"Authorization": f"Bearer {secret.get('secret', '')}", "Intercom-Version": version}
    answer = http.get(f"{base_url}/me", headers=headers)
    if answer.status_code in (401, 403):
        return False, "Intercom refuses the access token."
    if answer.status_code != 200:
        return False, f"Intercom answered {answer.status_code}."
    app = answer.json().get("app") or {}
    return True, f"Connected to the Intercom workspace {app.get('name') or app.get('id_code') or ''}".strip() + "."


def _n8n(http: Any, base_url: str, config: dict[str, Any], secret: dict[str, str]) -> tuple[bool, str]:  # noqa: ARG001
    # The webhook itself is not called: that would start an audit.
    root = base_url.partition("/webhook")[0]
    health = http.get(f"{root}/healthz")
    where = f"Runs will be sent to {base_url}"
    where += "." if secret.get("secret") else ", without a secret: store the token that its credential expects."
    if health.status_code == 200:
        return True, f"n8n is up. {where}"
    return True, f"Something answers there ({health.status_code}), though not n8n's health check. {where}"


def _openai(http: Any, base_url: str, config: dict[str, Any], secret: dict[str, str]) -> tuple[bool, str]:  # noqa: ARG001
    answer = http.get(f"{base_url}/models", headers={"Authorization": f"Bearer {secret.get('secret') or 'no-key'}"})
    if answer.status_code in (401, 403):
        return False, "The provider refuses the key."
    if answer.status_code != 200:
        return False, f"The provider answered {answer.status_code}. Does the address end in /v1?"
    models = answer.json()["data"]
    return True, f"Connected. It offers {len(models)} model{'' if len(models) == 1 else 's'}."


_PROBES: Final = {"chatwoot": _chatwoot, "intercom": _intercom, "n8n": _n8n, "openai": _openai}
