"""The words of massive audits: requests, rows and answers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from sidedesk.platform.models import Answer, Body, MachineBody

JobStatus = Literal["queued", "running", "completed", "failed", "cancelled"]
AgentStatus = Literal["pending", "processing", "completed", "failed", "cancelled"]
Outcome = Literal["completed", "failed", "skipped"]

# Ids travel in messages, paths and n8n expressions: short and without white space.
AdminId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S+$")]
ConversationId = Annotated[str, Field(min_length=1, max_length=128)]


# Scorecards ---------------------------------------------------------------------------------------------------------


class Choice(BaseModel):
    model_config = ConfigDict(extra="forbid", defer_build=True)
    value: Annotated[str, Field(min_length=1, max_length=100)]
    label: str = ""
    points: Annotated[float, Field(ge=0)]


class Criterion(BaseModel):
    """One thing to judge. `weight` says how much it counts, `critical` that failing it fails the audit."""

    model_config = ConfigDict(extra="forbid", defer_build=True)
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    label: Annotated[str, Field(min_length=1, max_length=200)]
    guidance: Annotated[str, Field(max_length=4000)] = ""
    type: Literal["score", "yes_no", "choice"] = "score"
    weight: Annotated[float, Field(gt=0, le=1000)] = 1
    max: Annotated[float, Field(gt=0, le=1000)] = 5
    critical: bool = False
    options: list[Choice] = []
    # Whose words may support a mark. An agent's mark stands on the agent's own words, unless this says otherwise.
    quotes_from: Annotated[list[Literal["agent", "client", "note", "bot"]], Field(min_length=1)] = ["agent"]

    @model_validator(mode="after")
    def _choices(self) -> Criterion:
        if self.type == "choice" and len(self.options) < 2:
            raise ValueError("a choice needs at least two options")
        if self.type == "choice" and max(option.points for option in self.options) <= 0:
            raise ValueError("at least one option must be worth points")
        return self


CRITERIA: TypeAdapter[list[Criterion]] = TypeAdapter(list[Criterion], config=ConfigDict(defer_build=True))


class ScorecardWrite(Body):
    name: Annotated[str, Field(min_length=1, max_length=200)]
    criteria: Annotated[list[Criterion], Field(min_length=1, max_length=60)]
    pass_threshold: Annotated[float, Field(ge=0, le=100)] = 80
    version: int | None = None  # of the scorecard this change was made from

    @field_validator("criteria")
    @classmethod
    def _unique(cls, criteria: list[Criterion]) -> list[Criterion]:
        ids = [criterion.id for criterion in criteria]
        if len(set(ids)) < len(ids):
            raise ValueError("every criterion needs an id of its own")
        return criteria


class Scorecard(Answer):
    id: UUID
    name: str
    version: int
    criteria: list[Criterion]
    pass_threshold: float
    created_at: datetime
    updated_at: datetime


# People -------------------------------------------------------------------------------------------------------------


class PersonWrite(Body):
    name: Annotated[str, Field(min_length=1, max_length=300)]
    email: Annotated[str, Field(max_length=320, pattern=r"^(|[^@\s]+@[^@\s]+)$")] = ""
    team: Annotated[str, Field(max_length=200)] = ""
    intercom_admin_id: AdminId | None = None


class Employee(Answer):
    id: UUID
    name: str
    email: str
    team: str
    intercom_admin_id: str | None
    active: bool


class Synced(Answer):
    success: bool = True
    found: int
    added: int
    changed: int


# Starting a run -----------------------------------------------------------------------------------------------------


class AgentHint(Body):
    intercom_admin_id: AdminId
    email: Annotated[str, Field(max_length=320)] = ""
    name: Annotated[str, Field(max_length=300)] = ""


class StartRequest(Body):
    scorecard_id: UUID
    start_date: date
    end_date: date
    intercom_admin_ids: Annotated[list[AdminId], Field(min_length=1, max_length=5000)]
    notify_me_when_done: bool = False
    notify_results_to_audited_people: bool = False
    agents: list[AgentHint] | None = None
    max_cost_usd: Annotated[float, Field(gt=0, le=1_000_000)] | None = None

    @field_validator("intercom_admin_ids")
    @classmethod
    def _unique(cls, ids: list[str]) -> list[str]:
        if len(set(ids)) < len(ids):
            raise ValueError("name every person once")
        return ids

    @model_validator(mode="after")
    def _agents_are_named(self) -> StartRequest:
        strangers = {hint.intercom_admin_id for hint in self.agents or ()} - set(self.intercom_admin_ids)
        if strangers:
            raise ValueError("agents names people who are not in intercom_admin_ids: " + ", ".join(sorted(strangers)))
        return self


class CapChange(Body):
    """What a run may cost; null takes the cap away, the month's own stays."""

    max_cost_usd: Annotated[float, Field(gt=0, le=1_000_000)] | None


class StartAnswer(Answer):
    success: bool = True
    job_id: UUID
    status: JobStatus
    duplicate: bool = False


class Estimate(Answer):
    """What a run will take, before anybody presses Run."""

    agents: int
    days: int
    trigger_seconds: float
    conversations: int | None
    conversations_basis: str
    tokens: int | None
    tokens_basis: str
    cost_usd: float | None
    cost_high_usd: float | None
    spent_usd: float
    cap_usd: float | None
    refusals: list[str]


# Reading a run ------------------------------------------------------------------------------------------------------


class Tally(Answer):
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    total: int | None = None


class Progress(Answer):
    percentage: float
    basis: Literal["conversations", "agents"]
    agents: Tally
    conversations: Tally
    text: list[str]
    eta_seconds: int | None


class AgentRow(Answer):
    intercom_admin_id: str
    name: str
    email: str
    status: AgentStatus
    total_conversations: int | None
    completed: int
    failed: int
    skipped: int
    error_message: str | None
    slot_at: datetime
    dispatched_at: datetime | None
    completed_at: datetime | None
    n8n_execution_id: str | None


class Job(Answer):
    """A row of `massive_ai_audit_jobs`, with figures counted from rows."""

    id: UUID
    created_at: datetime
    created_by: str
    scorecard_id: UUID
    scorecard_version: int
    scorecard_name: str
    start_date: date
    end_date: date
    status: JobStatus
    total_agents: int
    total_conversations: int | None
    completed_agents: int
    completed_conversations: int
    payload_snapshot: dict[str, Any]
    error_message: str | None
    completed_at: datetime | None
    engine: str
    timezone: str
    notify_me_when_done: bool
    notify_results_to_audited_people: bool
    run_no: int
    outcome: str | None
    paused_reason: str | None
    max_cost_usd: float | None
    progress: Progress


class JobWithAgents(Job):
    agents: list[AgentRow]


class Assignment(Answer):
    id: UUID
    conversation_id: str
    intercom_admin_id: str
    employee_email: str
    employee_name: str
    outcome: Outcome
    score: float | None
    verdict: str | None
    held_reason: str | None
    ai_confidence_score: float | None
    ai_notes: str
    skipped_reason: str | None
    late: bool
    audited_at: datetime
    link: str


class JobError(Answer):
    intercom_admin_id: str
    employee_name: str
    conversation_id: str | None
    error_message: str
    run_no: int
    created_at: datetime


class Changed(Answer):
    success: bool = True
    status: JobStatus
    agents: int


# Machines -----------------------------------------------------------------------------------------------------------


class ProgressReport(MachineBody):
    """The seed's body; with `intercom_admin_id` all figures are that agent's own."""

    total_conversations: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    completed_agents: Annotated[int, Field(ge=0)] | None = None
    completed_conversations: Annotated[int, Field(ge=0)] | None = None
    status: Literal["queued", "running", "completed", "failed", "cancelled"] | None = None
    error_message: Annotated[str, Field(max_length=4000)] | None = None
    intercom_admin_id: AdminId | None = None
    n8n_execution_id: Annotated[str, Field(max_length=200)] | None = None

    @field_validator("intercom_admin_id", "n8n_execution_id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Turn(BaseModel):
    """One message of a transcript, as it was judged."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    part_id: Annotated[str, Field(max_length=128)]
    role: Literal["agent", "client", "note", "bot"]
    author: Annotated[str, Field(max_length=300)] = ""
    author_id: Annotated[str, Field(max_length=64)] | None = None
    text: Annotated[str, Field(max_length=200_000)]
    at: str | int | None = None

    @field_validator("part_id", "author_id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value


class Claim(BaseModel):
    """A quote as it was given, with the turn it is said to stand in, if any was named."""

    model_config = ConfigDict(extra="ignore", defer_build=True)
    text: Annotated[str, Field(max_length=8000)]
    part_id: Annotated[str, Field(max_length=128)] | None = None

    @field_validator("part_id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value


class Evidence(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)
    reason: Annotated[str, Field(max_length=8000)] = ""
    quotes: list[Claim] = []

    @field_validator("quotes", mode="before")
    @classmethod
    def _plain_words(cls, quotes: Any) -> Any:
        """Most callers send the words only."""
        if not isinstance(quotes, list):
            return quotes
        return [{"text": quote} if isinstance(quote, str) else quote for quote in quotes]


class Result(MachineBody):
    """One callback: the result of one conversation, or why there is none."""

    conversation_id: ConversationId
    job_id: UUID | None = None
    batch_id: UUID | None = None
    scorecard_id: UUID | None = None
    table_id: str | None = None
    audit_date: AwareDatetime | date | None = None
    intercom_admin_id: Annotated[str, Field(max_length=64)] | None = None
    employee_email: Annotated[str, Field(max_length=320)] = ""
    employee_name: Annotated[str, Field(max_length=300)] = ""
    created_by: Annotated[str, Field(max_length=320)] = ""
    ai_scorecard_data: dict[str, Any] = {}
    ai_confidence_score: Annotated[float, Field(ge=0, le=100)] | None = None
    ai_notes: Annotated[str, Field(max_length=20_000)] = ""
    evidence: dict[str, Evidence] = {}
    transcript: list[Turn] | None = None
    skipped_reason: Annotated[str, Field(max_length=500)] | None = None
    revision: Annotated[int, Field(ge=0)] = 0
    error: Annotated[str, Field(max_length=4000)] | None = None
    n8n_execution_id: Annotated[str, Field(max_length=200)] | None = None

    @field_validator("conversation_id", "intercom_admin_id", "n8n_execution_id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @model_validator(mode="after")
    def _belongs(self) -> Result:
        if self.job is None:
            raise ValueError("name the run in job_id or batch_id")
        if not self.intercom_admin_id and not self.employee_email:
            raise ValueError("name the agent in intercom_admin_id or employee_email")
        return self

    @property
    def job(self) -> UUID | None:
        return self.job_id or self.batch_id

    @property
    def confidence(self) -> float | None:
        """0–1; anything above 1 was meant as percent."""
        value = self.ai_confidence_score
        return value / 100 if value is not None and value > 1 else value


class CallbackAnswer(Answer):
    success: bool = True
    stored: int
    updated: int
    repeated: int
    late: int = 0
    refused: list[dict[str, str]] = []


class EngineError(MachineBody):
    n8n_execution_id: Annotated[str, Field(min_length=1, max_length=200)]
    n8n_workflow_id: Annotated[str, Field(max_length=200)] | None = None
    error_message: Annotated[str, Field(max_length=4000)] = "The workflow crashed without saying why."
    last_node: Annotated[str, Field(max_length=200)] | None = None

    @field_validator("n8n_execution_id", "n8n_workflow_id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Applied(Answer):
    success: bool = True
    applied: bool
    reason: str | None = None
    job: Job | None = None
