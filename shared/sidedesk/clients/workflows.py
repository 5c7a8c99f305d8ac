"""Workflows: start one by a name that makes starting it twice harmless."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import UUID

from sidedesk.clients.n8n import Accepted, Final, MaybeStarted, NotNow
from sidedesk.platform.aws import client


def execution_name(job_id: UUID, admin_id: str, run_no: int) -> str:
    """The same for the same wish. Ids of other systems may hold characters that names may not."""
    return f"{job_id.hex}-{hashlib.sha256(admin_id.encode()).hexdigest()[:16]}-{run_no}"


def start(machine_arn: str, name: str, payload: dict[str, Any]) -> Accepted | NotNow | MaybeStarted | Final:
    """Start it, or find it started before."""
    from botocore.exceptions import BotoCoreError, ClientError

    if not machine_arn:
        return Final("The native engine is not deployed: no workflow is configured for this function.")
    try:
        client("stepfunctions").start_execution(stateMachineArn=machine_arn, name=name, input=json.dumps(payload))
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ExecutionAlreadyExists":
            return Accepted(name)
        if code in ("StateMachineDoesNotExist", "InvalidArn", "InvalidName", "AccessDeniedException"):
            return Final(f"The workflow could not be started ({code}).")
        return NotNow(f"The workflow service is busy ({code}).", most_attempts=8)
    except BotoCoreError as error:
        # The name makes a second start harmless, so there is nothing to wait for.
        return NotNow(f"The workflow service did not answer ({type(error).__name__}).", most_attempts=8)
    return Accepted(name)


def status(machine_arn: str, name: str) -> str:
    """RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED; MISSING when there is none of this name, UNKNOWN when nobody can tell now."""
    from botocore.exceptions import BotoCoreError, ClientError

    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    try:
        return str(client("stepfunctions").describe_execution(executionArn=arn)["status"])
    except ClientError as error:
        return "MISSING" if error.response.get("Error", {}).get("Code") == "ExecutionDoesNotExist" else "UNKNOWN"
    except BotoCoreError:
        return "UNKNOWN"
