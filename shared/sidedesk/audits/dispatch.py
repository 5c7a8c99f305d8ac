"""Start one agent at its destination: at the pace, once, and with patience when nobody can say whether it started.

A delivery claims its agent before it calls. Killed before the call, or cut off during it, the agent stays claimed: it
may have started, so the next delivery waits for a sign of life and calls again only after a time of grace.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel

from sidedesk.audits import closing, reports
from sidedesk.audits.repository import SQL
from sidedesk.clients import workflows
from sidedesk.clients.n8n import Accepted, Final, MaybeStarted, N8n, NotNow
from sidedesk.platform import outbox, secrets
from sidedesk.platform.db import Database
from sidedesk.platform.observability import count, logger
from sidedesk.platform.outbox import Message
from sidedesk.platform.run_limits import Limits
from sidedesk.platform.scope import Scope

QUEUE = "trigger_agent"
# Short waits are slept through, longer ones go back to the queue.
SLEEP_AT_MOST = 8.0
# Whether a call is still wanted is asked this long before its moment, so that the answer cannot make it late.
LOOK_BEFORE = 0.25
ATTEMPTS_AT_MOST = 8
GAVE_UP = f"It was called {ATTEMPTS_AT_MOST} times and never said that it started. Look at n8n's executions, then retry this agent."
Answer = Accepted | Final | MaybeStarted | NotNow


class TriggerMessage(BaseModel):
    tenant_id: UUID
    job_id: UUID
    intercom_admin_id: str
    run_no: int = 1
    not_before: datetime | None = None


def trigger(
    database: Database,
    client: Callable[[str, str], N8n],
    message: TriggerMessage,
    *,
    public_url: str,
    native_audits_arn: str = "",
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Returns what became of the message, for the log."""
    scope = Scope.system(message.tenant_id, "trigger_agent")
    if message.not_before and _seconds_until(message.not_before) > SLEEP_AT_MOST:
        return _later(database, scope, message, message.not_before)
    agent = {"job_id": message.job_id, "admin_id": message.intercom_admin_id}
    rows = database.dicts(scope, SQL["dispatch_facts"], agent)
    if not rows:
        return "gone"
    facts = rows[0]
    if (over := _nothing_to_do(facts, message)) is not None:
        return over
    limits = Limits.model_validate(facts["limits"])
    if facts["paused_reason"]:
        return _later(database, scope, message, datetime.now(UTC) + timedelta(minutes=5))
    if facts["dispatched_at"] is not None:
        grace_ends = facts["dispatched_at"] + timedelta(seconds=limits.trigger_grace_seconds)
        if grace_ends > datetime.now(UTC):
            return _later(database, scope, message, grace_ends)  # it may have started: wait for a sign of life
    if missing := _not_connected(database, scope, facts):
        return _refused(database, scope, message, f"{missing} Add it under Settings → Integrations.", public_url)
    if facts["attempts"] >= ATTEMPTS_AT_MOST:
        return _refused(database, scope, message, GAVE_UP, public_url)
    call = _prepare(facts, message, client, native_audits_arn)
    dispatch_id = uuid4()
    dispatch = agent | {"dispatch_id": dispatch_id}
    claim = dispatch | {
        "run_no": message.run_no,
        "gap": limits.pacing_seconds,
        "grace": limits.trigger_grace_seconds,
        "patience": SLEEP_AT_MOST,
    }
    claimed = database.dicts(scope, SQL["claim_dispatch"], claim)[0]
    if claimed["at"] is None:
        return (
            _later(database, scope, message, claimed["next_turn"]) if claimed["free"] else "claimed by another delivery"
        )
    if (wait := _seconds_until(claimed["at"])) > 0:
        sleep(max(0.0, wait - LOOK_BEFORE))
        if not database.value(scope, SQL["still_claimed"], dispatch):
            return "no longer wanted"  # cancelled, ended or taken over during the sleep
        sleep(max(0.0, _seconds_until(claimed["at"])))
    answer = call(dispatch_id)
    return _settle(database, scope, message, dispatch, claimed["attempts"], limits, answer, public_url)


def _seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()


def _prepare(
    facts: dict[str, Any], message: TriggerMessage, client: Callable[[str, str], N8n], native_audits_arn: str
) -> Callable[[UUID], Answer]:
    """The call itself, ready to be made. What takes long or may fail comes before the claim: after it, time is the pace's."""
    if facts["engine"] == "native":
        work = message.model_dump(mode="json", exclude={"not_before"})
        name = workflows.execution_name(message.job_id, message.intercom_admin_id, message.run_no)
        return lambda _: workflows.start(native_audits_arn, name, work | {"name": name, "part": 1})
    token = str(secrets.read(facts["secret_name"]).get("secret", "")) if facts["secret_name"] else ""
    n8n = client(facts["base_url"], token)
    return lambda dispatch_id: n8n.start(payload(facts, dispatch_id))


def payload(facts: dict[str, Any], dispatch_id: UUID) -> dict[str, Any]:
    """The seed's seven keys, and what spares the workflow a look-up or a computation of days."""
    return {
        "job_id": str(facts["job_id"]),
        "scorecard_id": str(facts["scorecard_id"]),
        "start_date": facts["start_date"].isoformat(),
        "end_date": facts["end_date"].isoformat(),
        "intercom_admin_ids": [facts["intercom_admin_id"]],
        "notify_me_when_done": facts["notify_me_when_done"],
        "notify_results_to_audited_people": facts["notify_results_to_audited_people"],
        "batch_id": str(facts["job_id"]),
        "employee_email": facts["employee_email"],
        "employee_name": facts["employee_name"],
        "created_by": facts["created_by"],
        "audit_date": facts["created_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "dispatch_id": str(dispatch_id),
        "timezone": facts["timezone"],
        "range_start": int(facts["range_start"].timestamp()),
        "range_end": int(facts["range_end"].timestamp()),
        "attribution": facts["attribution"],
    }


def _not_connected(database: Database, scope: Scope, facts: dict[str, Any]) -> str | None:
    if facts["engine"] != "native":
        return None if facts["base_url"] else "No n8n is connected."
    kinds = set(database.values(scope, SQL["connected_kinds"]))
    if "intercom" not in kinds:
        return "No Intercom is connected."
    return None if "openai" in kinds else "No model provider is connected."


def _nothing_to_do(facts: dict[str, Any], message: TriggerMessage) -> str | None:
    if facts["job_status"] not in ("queued", "running"):
        return f"job is {facts['job_status']}"
    if facts["agent_status"] != "pending" or facts["accepted_at"] is not None or facts["run_no"] != message.run_no:
        return "already started"
    return None


def _settle(
    database: Database,
    scope: Scope,
    message: TriggerMessage,
    dispatch: dict[str, Any],
    attempts: int,
    limits: Limits,
    answer: Answer,
    public_url: str,
) -> str:
    if isinstance(answer, Accepted):
        database.run(scope, SQL["dispatch_accepted"], dispatch | {"execution_id": answer.execution_id})
        count("AgentsTriggered")
        return "accepted"
    if isinstance(answer, MaybeStarted):
        logger.warning("trigger unclear", extra={"job": str(message.job_id), "reason": answer.reason})
        return _later(database, scope, message, datetime.now(UTC) + timedelta(seconds=limits.trigger_grace_seconds))
    if isinstance(answer, NotNow) and attempts < min(answer.most_attempts, ATTEMPTS_AT_MOST):
        again = datetime.now(UTC) + timedelta(seconds=answer.retry_after or min(300, 5 * 2**attempts))
        with database.batch(scope) as batch:
            batch.run(SQL["dispatch_released"], dispatch)
            later = _message(message, again)
            batch.run(*outbox.add(scope, [later]))
        outbox.send_now(database, scope, [later])
        return f"again later: {answer.reason}"
    return _refused(database, scope, message, answer.reason, public_url)


def _refused(database: Database, scope: Scope, message: TriggerMessage, reason: str, public_url: str) -> str:
    """The agent ends with the destination's words; when nobody could start for such reasons, so does the run."""
    reports.fail_agent_quietly(
        database, scope, message.job_id, message.intercom_admin_id, reason, run_no=message.run_no
    )
    kinds = database.dicts(scope, SQL["agent_failure_kinds"], {"job_id": message.job_id})[0]
    if kinds["others"] == 0:
        closing.abort(database, scope, message.job_id, kinds["error_message"], public_url=public_url)
    else:
        closing.close_if_done(database, scope, [message.job_id], public_url=public_url)
    return f"refused: {reason}"


def _later(database: Database, scope: Scope, message: TriggerMessage, due: datetime) -> str:
    """Longer than a queue can hold, or than a function should wait: a new message, then this one is done."""
    later = _message(message, due)
    database.run(scope, *outbox.add(scope, [later]))
    outbox.send_now(database, scope, [later])
    return "later"


def _message(message: TriggerMessage, due: datetime) -> Message:
    body = message.model_dump(mode="json", exclude={"tenant_id", "not_before"})
    return Message.to_queue(QUEUE, body, due)
