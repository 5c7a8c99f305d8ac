"""The limits of a run, apart from the other settings: functions that only run need nothing else of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

AgentsPerRun = Annotated[int, Field(ge=1, le=5_000, description="people in one audit run")]
RangeDays = Annotated[int, Field(ge=1, le=366, description="days in one audit run")]
Pacing = Annotated[float, Field(ge=0, le=60, allow_inf_nan=False, description="least seconds between two calls to n8n")]
AgentTimeout = Annotated[int, Field(ge=1, le=1_440, description="minutes of silence after which an agent has failed")]
TriggerGrace = Annotated[int, Field(ge=1, le=3_600, description="seconds to wait for a start that did not answer")]


class Limits(BaseModel):
    """What one run may ask for, and how patient we are. A tenant stores only what differs."""

    model_config = ConfigDict(extra="ignore", defer_build=True)

    agents_per_run: AgentsPerRun = 500
    range_days: RangeDays = 90
    pacing_seconds: Pacing = 2
    agent_timeout_minutes: AgentTimeout = 60
    trigger_grace_seconds: TriggerGrace = 600
