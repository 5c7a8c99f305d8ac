"""What a tenant allows its runs, with defaults. Kept in the tenant's settings under `limits`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class AuditLimits(BaseModel):
    model_config = ConfigDict(extra="ignore")

    agents_per_run: Annotated[int, Field(ge=1, le=5000)] = 500
    range_days: Annotated[int, Field(ge=1, le=366)] = 90
    pacing_seconds: Annotated[float, Field(ge=0, le=60)] = 2
    agent_timeout_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60
    trigger_grace_seconds: Annotated[int, Field(ge=1, le=3600)] = 600
