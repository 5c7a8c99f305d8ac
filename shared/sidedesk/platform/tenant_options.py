"""A tenant's settings: typed, with defaults, read live so that a switch works at once."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, field_validator

from sidedesk.platform import audit_log
from sidedesk.platform.cx_options import CxChange, CxOptions
from sidedesk.platform.db import Database, Transaction
from sidedesk.platform.errors import Conflict, NotFound
from sidedesk.platform.models import Answer, Body
from sidedesk.platform.run_limits import AgentsPerRun, AgentTimeout, Limits, Pacing, RangeDays, TriggerGrace
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.zones import known_zone

Attribution = Literal["assignee", "main_author", "participant"]
Engine = Literal["n8n", "native"]
Money = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$", description="for example en-GB")]
ModelName = Annotated[str, Field(min_length=1, max_length=200)]

DraftReplies = Annotated[bool, Field(description="draft replies to customers")]


class ModelChoice(BaseModel):
    """A model of one of several connected providers."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    provider: ModelName
    model: ModelName


Models = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=100)], ModelName | ModelChoice],
    Field(max_length=50, description="model by purpose (audit.judge), family (audit) or default"),
]


class Flags(BaseModel):
    """Parts that can be switched on and off."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    AI_CUSTOMER_DRAFT_ENABLED: DraftReplies = False


class Options(BaseModel):
    """Choices that are neither limits nor switches."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    attribution: Attribution = "assignee"
    models: Models = {}
    cx: CxOptions = Field(default_factory=CxOptions)


class TenantOptions(Answer):
    """What services ask for."""

    name: str
    timezone: str
    locale: str
    audit_engine: Engine
    limits: Limits
    flags: Flags
    options: Options
    month_cap_usd: float

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class SpendCap(Answer):
    month_cap_usd: float
    month_spent_usd: float


class TenantSettings(Answer):
    """What people see."""

    name: str
    timezone: str
    locale: str
    audit_engine: Engine
    limits: Limits
    spend: SpendCap
    flags: Flags
    attribution: Attribution
    models: Models
    cx: CxOptions
    version: int


class Change(Body):
    """Numbers are numbers here, not texts that look like one. What is absent or null stays as it is."""

    model_config = ConfigDict(strict=True)


class LimitsChange(Change):
    agents_per_run: AgentsPerRun | None = None
    range_days: RangeDays | None = None
    pacing_seconds: Pacing | None = None
    agent_timeout_minutes: AgentTimeout | None = None
    trigger_grace_seconds: TriggerGrace | None = None


class FlagsChange(Change):
    AI_CUSTOMER_DRAFT_ENABLED: DraftReplies | None = None


class SpendChange(Change):
    month_cap_usd: Money | None = None


class SettingsChange(Change):
    version: Annotated[int, Field(ge=1, le=2**31 - 1, description="the version these changes are based on")]
    name: Name | None = None
    timezone: str | None = None
    locale: Locale | None = None
    audit_engine: Engine | None = None
    limits: LimitsChange | None = None
    spend: SpendChange | None = None
    flags: FlagsChange | None = None
    attribution: Attribution | None = None
    models: Models | None = None
    cx: CxChange | None = None

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        return None if value is None else known_zone(value)


_COLUMNS: Final = (
    "name, timezone, locale, audit_engine, limits, flags, options, month_cap_usd::float8 AS month_cap_usd, version"
)
_READ: Final = f"SELECT {_COLUMNS} FROM tenants"  # noqa: S608 -- the columns above
_UPDATE: Final = f"""
UPDATE tenants SET
  name = coalesce(%(name)s, name), timezone = coalesce(%(timezone)s, timezone), locale = coalesce(%(locale)s, locale),
  audit_engine = coalesce(%(audit_engine)s, audit_engine), month_cap_usd = coalesce(%(month_cap_usd)s, month_cap_usd),
  limits = limits || %(limits)s, flags = flags || %(flags)s,
  options = options || %(options)s || jsonb_build_object('cx', coalesce(options -> 'cx', jsonb_build_object()) || %(cx)s),
  version = version + 1, updated_at = now()
 WHERE version = %(version)s
RETURNING {_COLUMNS}
"""  # noqa: S608 -- the columns above
_SPENT: Final = """
SELECT coalesce(b.settled_usd, 0)::float8 FROM tenants t
  LEFT JOIN ai_budgets b ON b.tenant_id = t.id AND b.subject = 'month:' || to_char(now() AT TIME ZONE t.timezone, 'YYYY-MM')
"""


def tenant_options(database: Database, scope: AnyScope) -> TenantOptions:
    """The tenant's options as they are now: one round trip."""
    return _options(database.dicts(scope, _READ))


def read_in(transaction: Transaction) -> TenantOptions:
    """The same, inside a transaction that goes on."""
    return _options(transaction.dicts(_READ))


def _options(rows: list[dict[str, Any]]) -> TenantOptions:
    if not rows:
        raise NotFound("Your organisation does not exist here any more. Ask your administrator.")
    return TenantOptions.model_validate(rows[0])


def read_settings(database: Database, scope: AnyScope) -> TenantSettings:
    with database.batch(scope) as batch:
        tenant = batch.dicts(_READ)
        spent = batch.values(_SPENT)
    return _settings(tenant.all(), spent.first() or 0)


def change_settings(database: Database, scope: AnyScope, change: SettingsChange) -> TenantSettings:
    """Apply a change made on the newest version, or say that somebody else was faster."""
    wanted = change.model_dump(exclude_none=True)
    options = {name: wanted[name] for name in ("attribution", "models") if name in wanted}
    values = {
        **{name: wanted.get(name) for name in ("name", "timezone", "locale", "audit_engine", "version")},
        "month_cap_usd": wanted.get("spend", {}).get("month_cap_usd"),
        "limits": Jsonb(wanted.get("limits", {})),
        "flags": Jsonb(wanted.get("flags", {})),
        "options": Jsonb(options),
        "cx": Jsonb(wanted.get("cx", {})),
    }
    with database.transaction(scope) as transaction:
        rows = transaction.dicts(_UPDATE, values)
        if not rows:
            raise Conflict("Somebody else changed the settings. Reload them and try again.", code="version_conflict")
        spent = transaction.value(_SPENT)
        del wanted["version"]
        transaction.run(*audit_log.record("settings.changed", changes=wanted, version=rows[0]["version"]))
    return _settings(rows, spent)


def _settings(rows: list[dict[str, Any]], spent: float) -> TenantSettings:
    options = _options(rows)
    return TenantSettings(
        **options.model_dump(include={"name", "timezone", "locale", "audit_engine"}),
        limits=options.limits,
        flags=options.flags,
        spend=SpendCap(month_cap_usd=options.month_cap_usd, month_spent_usd=round(spent, 6)),
        attribution=options.options.attribution,
        models=options.options.models,
        cx=options.options.cx,
        version=rows[0]["version"],
    )
