"""Typed settings. The only module that reads the environment, and never while being imported."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class Settings(BaseModel):
    """Base of all groups: a field `public_url` is read from `PUBLIC_URL`."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class StageSettings(Settings):
    stage: str = Field(default="local", description="dev, staging, prod or local")
    release: str = Field(default="unreleased", description="what is deployed, shown to people and in logs")


class SecretSettings(Settings):
    app_secret_name: str = Field(description="name of the secret that holds database_url and jwt_secret")


class DatabaseSettings(SecretSettings):
    statement_timeout_ms: int = Field(default=20_000, ge=100, description="below the function's own timeout")
    database_prepares: bool = Field(
        default=False, description="true keeps prepared statements: not behind a pooler in transaction mode"
    )


class IdentitySettings(SecretSettings):
    jwt_issuer: str = Field(description="exact issuer of the tokens we accept")
    jwt_audience: str = "authenticated"
    jwks_url: str = Field(default="", description="set for ES256/RS256 tokens; empty means HS256 with the secret")


class MigrateSettings(Settings):
    """Two ways to say where: direct addresses (a laptop) or names of secrets (a deployed stack)."""

    migration_database_url: str = Field(default="", description="owner's address, only on a laptop")
    app_database_url: str = Field(default="", description="application's address, only on a laptop")
    migrate_secret_name: str = Field(default="", description="name of the secret with the owner's database_url")
    app_secret_name: str = Field(default="", description="name of the secret with the application's database_url")


class LinkSettings(Settings):
    public_url: str = Field(description="address under which people reach the API and the console")


class QueueSettings(Settings):
    queue_urls: Json[dict[str, str]] = Field(default={}, description="logical queue name to queue URL, as JSON")


class WorkflowSettings(Settings):
    native_audits_arn: str = Field(default="", description="workflow that audits one agent without n8n")


class EnrichmentSettings(Settings):
    enrich_conversations_arn: str = Field(default="", description="workflow that enriches the conversations of a run")


class StorageSettings(Settings):
    uploads_bucket: str = Field(description="bucket for uploads and exports")


class DeadLetterSettings(Settings):
    dead_letter_queues: Json[dict[str, str]] = Field(
        default={}, description="logical queue name to the ARN of its dead-letter queue, as JSON"
    )


class DevSignInSettings(Settings):
    """Signing in without an identity provider: for a laptop only."""

    dev_sign_in: str = Field(default="", description="true allows sign-in by role, on a laptop only")
    dev_tenant_id: str = Field(default="", description="tenant whose people may be chosen")
    dev_email_domain: str = Field(default="northwind.example", description="e-mail domain of these people")


class MailSettings(Settings):
    mail_from: str = Field(default="", description="verified sender address")


class ConfigurationError(RuntimeError):
    """The function cannot start: the message names every variable to set."""


def load(model: type[Model]) -> Model:
    """Parse one settings model from the environment, or say in one sentence what is missing."""
    values = {name: os.environ[name.upper()] for name in model.model_fields if os.environ.get(name.upper())}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            name = str(problem["loc"][0])
            field = model.model_fields[name]
            problems.append(f"{name.upper()} ({field.description or 'see docs/settings.md'}): {problem['msg'].lower()}")
        raise ConfigurationError("This function is not configured. Set " + "; ".join(problems) + ".") from error


@lru_cache(maxsize=32)
def cached(model: type[Model]) -> Model:
    """The same, parsed once per process."""
    return load(model)
