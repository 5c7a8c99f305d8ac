"""The door to Postgres one network away: a tenant's transaction, a record, a whole handler."""

from __future__ import annotations

from typing import Any

from bench.findings import Finding, at_most, counted
from bench.rounds import interleaved
from bench.runs import start_run
from bench.stage import Stage
from sidedesk.audits.repository import SQL
from sidedesk.platform import context
from sidedesk.platform.db import Database
from sidedesk.platform.scope import Scope
from tests.support.lambdas import Context, http_event, load_app


def measure(stage: Stage) -> list[Finding]:
    with stage.place() as place:
        tenant = place.world.northwind
        scope, database = tenant.scope("member"), place.far
        job_id = start_run(place.world, agents=12)
        plain = place.plain(place.far_url)
        app = load_app("audits/jobs_api")
        event = http_event("GET", f"/api/massive-ai-audit/jobs/{job_id}", token=tenant.tokens["member"])
        assert app.lambda_handler(event, Context())["statusCode"] == 200
        before = context.database().round_trips
        app.lambda_handler(event, Context())
        trips = context.database().round_trips - before
        account = load_app("platform/account_api")
        me = http_event("GET", "/api/me", token=tenant.tokens["member"])
        assert account.lambda_handler(me, Context())["statusCode"] == 200
        variants = {
            "select 1": lambda: plain.execute("SELECT 1").fetchone(),
            "tenant transaction": lambda: database.value(scope, "SELECT 1"),
            "two transactions": lambda: _commit_between(database, scope),
            "read": lambda: database.dicts(scope, SQL["job_row"], {"id": job_id}),
            "me": lambda: account.lambda_handler(me, Context()),
            "job page": lambda: _job_page(database, scope, job_id),
            "handler": lambda: app.lambda_handler(event, Context()),
        }
        rounds = interleaved(variants)
        plain.close()
        return [
            at_most("tenant transaction, of SELECT 1", rounds.ratio("tenant transaction", "select 1"), 1.5, rounds.milliseconds("tenant transaction")),
            at_most("two of them in one batch, of SELECT 1", rounds.ratio("two transactions", "select 1"), 1.5, rounds.milliseconds("two transactions")),
            at_most("read of one record in its tenant, of SELECT 1", rounds.ratio("read", "select 1"), 1.5, rounds.milliseconds("read")),
            counted("job page: round trips", trips, 1),
            at_most("warm handler of one record, of SELECT 1", rounds.ratio("me", "select 1"), 2, rounds.milliseconds("me")),
            at_most("warm handler of the job page, of its own database work", rounds.ratio("handler", "job page"), 2, rounds.milliseconds("handler")),
        ]  # fmt: skip


def _job_page(database: Database, scope: Scope, job_id: Any) -> None:
    """What the page asks of the database, without the page."""
    with database.batch(scope) as batch:
        batch.dicts(SQL["job_row"], {"id": job_id})
        agents = batch.dicts(SQL["agent_rows"], {"id": job_id})
    agents.all()


def _commit_between(database: Database, scope: Scope) -> None:
    with database.batch(scope) as batch:
        batch.values("SELECT 1")
        batch.commit()
        batch.values("SELECT 1")
