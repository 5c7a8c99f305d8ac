"""Which provider and model serve a purpose, and what that provider can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sidedesk.ai.errors import NoProvider
from sidedesk.ai.ledger import SQL
from sidedesk.platform import secrets
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope

DEFAULT_MODELS: Mapping[str, str] = {
    "default": "gpt-4o-mini",
    "embed": "text-embedding-3-small",
    "transcribe": "gpt-4o-mini-transcribe",
}
VECTOR_SIZE = 1536  # the one size the vector store keeps


class Capabilities(BaseModel):
    """What a compatible server understands. The defaults are OpenAI's own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    structured: Literal["json_schema", "json_object", "none"] = "json_schema"
    tools: bool = True
    embeddings: bool = True
    embedding_format: Literal["base64", "float"] = "base64"
    embedding_dimensions: bool = False  # send the wished size along
    transcription: bool = True
    transcription_format: Literal["json", "verbose_json"] = "json"
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    temperature: bool = True
    logprobs: bool = False

    def without(self, parameter: str) -> Capabilities | None:
        """What is left when the server refuses a parameter; None when there is no other way to ask."""
        if parameter.startswith("response_format") and self.structured != "none":
            weaker: dict[str, Any] = {"structured": "json_object" if self.structured == "json_schema" else "none"}
        elif parameter == "max_completion_tokens" and self.max_tokens_field == parameter:
            weaker = {"max_tokens_field": "max_tokens"}
        elif parameter == "max_tokens" and self.max_tokens_field == parameter:
            weaker = {"max_tokens_field": "max_completion_tokens"}
        elif parameter == "temperature" and self.temperature:
            weaker = {"temperature": False}
        elif parameter == "logprobs" and self.logprobs:
            weaker = {"logprobs": False}
        elif parameter == "encoding_format" and self.embedding_format == "base64":
            weaker = {"embedding_format": "float"}
        else:
            return None
        return self.model_copy(update=weaker)


class ProviderConfig(Capabilities):
    """The `config` of an integration of the kind `openai`."""

    models: dict[str, str] = Field(default_factory=dict)
    prices: dict[str, Any] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=60.0, gt=0, le=600)
    attempts: int = Field(default=3, ge=1, le=5)


@dataclass(frozen=True, slots=True)
class Provider:
    """A connected server, ready to be called."""

    id: str
    name: str
    base_url: str
    api_key: str
    config: ProviderConfig
    prices: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    provider: Provider
    model: str


class Profile:
    """The tenant's providers and its wishes per purpose.

    `options.models` maps a purpose (`audit.judge`), its family (`audit`) or `default` to a model,
    or to `{"provider": name, "model": model}` where several providers are connected.
    """

    def __init__(self, models: Mapping[str, Any], prices: Mapping[str, Any], providers: list[dict[str, Any]]) -> None:
        self._models = models
        self._prices = prices
        self._rows = providers

    @classmethod
    def read(cls, database: Database, scope: AnyScope) -> Profile:
        rows = database.dicts(scope, SQL["profile"])
        return cls(rows[0]["models"], rows[0]["prices"], rows[0]["providers"]) if rows else cls({}, {}, [])

    def choose(self, purpose: str, kind: str = "default") -> Choice:
        """`kind` is what serves a purpose nobody configured: default, embed or transcribe."""
        names = [purpose, purpose.split(".")[0], kind]
        wish = _first(self._models, names)
        wanted = wish.get("provider") if isinstance(wish, dict) else None
        provider = self._connect(wanted)
        model = wish.get("model") if isinstance(wish, dict) else wish
        return Choice(provider, str(model or _first(provider.config.models, names) or DEFAULT_MODELS[kind]))

    def _connect(self, wanted: str | None) -> Provider:
        for row in self._rows:
            if wanted is None or row["name"] == wanted:
                return self._open(row)
        if wanted is not None:
            raise NoProvider(f"No model provider is called {wanted}. Change the model settings, or connect it.")
        raise NoProvider()

    def _open(self, row: dict[str, Any]) -> Provider:
        try:
            config = ProviderConfig.model_validate(row["config"])
        except ValidationError as error:
            fields = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
            raise NoProvider(f"The settings of the model provider {row['name']} are not valid: {fields}.") from error
        secret = secrets.read(row["secret_name"]) if row["secret_name"] else {}
        # A server on one's own machine needs no key, but the client insists on one.
        key = str(secret.get("secret") or "no-key")
        return Provider(row["id"], row["name"], row["base_url"], key, config, {**config.prices, **self._prices})


def _first(table: Mapping[str, Any], names: list[str]) -> Any:
    return next((table[name] for name in names if table.get(name)), None)
