"""Routes about how replies go: figures, health, calibration, experiments, export."""

from datetime import UTC, date, datetime
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AwareDatetime

from sidedesk.cx import calibration, connecting, health, metrics, signals_export, trials
from sidedesk.cx.connecting import Connected, ConnectWish
from sidedesk.cx.figure_models import Metrics, Tile
from sidedesk.cx.models import Channel, Grades
from sidedesk.platform.context import database
from sidedesk.platform.http import Api
from sidedesk.platform.http_errors import Direct
from sidedesk.platform.models import Done, Page
from sidedesk.platform.settings import LinkSettings, load

api = Api()
links = load(LinkSettings)
Limit = Annotated[int, Query(ge=1, le=100)]


@api.get("/api/cx/metrics", allow="cx.read")
def read_metrics(days: Literal["7", "30", "90"] = "30", channel: Channel | None = None) -> Metrics:
    """Volume, quality, efficiency and learning over the last days, with targets, badges and a figure for each day."""
    return metrics.metrics(database(), api.scope, days=int(days), channel=channel, now=datetime.now(UTC))


@api.get("/api/cx/tile", allow="cx.read")
def read_tile() -> Tile:
    """The queue of this moment, and the last seven days in short."""
    return metrics.tile(database(), api.scope, now=datetime.now(UTC))


@api.get("/api/cx/health", allow="cx.read")
def read_health() -> health.Health:
    """How each Chatwoot was at the last visit, and what the last sweep found."""
    return health.health(database(), api.scope, now=datetime.now(UTC))


@api.post("/api/cx/connect", allow="cx.administer")
def connect(body: ConnectWish) -> Connected:
    """Make our webhook in Chatwoot and keep the secret it signs with. Safe to repeat."""
    return connecting.subscribe(database(), api.person_scope, body.integration_id, public_url=links.public_url)


@api.get("/api/cx/missed", allow="cx.read")
def list_missed(
    since: AwareDatetime | None = None, limit: Limit = 25, cursor: str | None = None
) -> Page[health.Missed]:
    """Customers' messages that no webhook told of, newest first. They were found all the same."""
    return health.missed(database(), api.scope, since=since, limit=limit, cursor=cursor)


@api.get("/api/cx/calibration", allow="cx.calibrate")
def read_calibration() -> calibration.Calibration:
    """What there is to grade blind, and how far graders agree with the gold marks."""
    return calibration.overview(database(), api.person_scope, now=datetime.now(UTC))


@api.get("/api/cx/calibration/items", allow="cx.administer")
def list_gold_items(limit: Limit = 25, cursor: str | None = None) -> Page[calibration.GoldItem]:
    """The gold set with its marks, newest first."""
    return calibration.list_items(database(), api.person_scope, limit=limit, cursor=cursor)


@api.post("/api/cx/calibration/items", allow="cx.administer", status_code=201)
def add_gold_item(body: calibration.NewGoldItem) -> calibration.GoldItem:
    """Add an item: written by hand, or from a graded draft, whose personal data is taken out."""
    return calibration.add_item(database(), api.person_scope, body, item_id=api.new_id("cx_gold_item"))


@api.delete("/api/cx/calibration/items/<item_id>", allow="cx.administer")
def retire_gold_item(item_id: UUID) -> Done:
    """Ask nobody about it any more. What was graded stays in the figures."""
    return calibration.retire_item(database(), api.person_scope, item_id)


@api.post("/api/cx/calibration/<item_id>/grades", allow="cx.calibrate", status_code=201)
def grade_gold_item(item_id: UUID, body: Grades) -> calibration.GoldGraded:
    """Grade an item, once; the answer shows the gold marks and why."""
    return calibration.grade(database(), api.person_scope, item_id, body)


@api.get("/api/cx/experiments", allow="cx.read")
def list_experiments(limit: Limit = 25, cursor: str | None = None) -> trials.Experiments:
    """Experiments with prompts, newest first, and what came of each variant."""
    return trials.list_all(database(), api.scope, limit=limit, cursor=cursor)


@api.post("/api/cx/experiments", allow="cx.administer", status_code=201)
def start_experiment(body: trials.NewExperiment) -> trials.Experiment:
    """Try prompts against each other. One experiment runs at a time."""
    return trials.start(database(), api.person_scope, body, experiment_id=api.new_id("cx_experiment"))


@api.post("/api/cx/experiments/<experiment_id>/stop", allow="cx.administer")
def stop_experiment(experiment_id: UUID, body: trials.Stop) -> trials.Experiment:
    """End an experiment. The newest prompt drafts everything again."""
    return trials.stop(database(), api.person_scope, experiment_id, body)


@api.get("/api/cx/signals/export", allow="cx.export", limit="30/minute")
def export_signals(
    start: Annotated[date | None, Query(alias="from")] = None,
    end: Annotated[date | None, Query(alias="to")] = None,
    kind: signals_export.Kind | None = None,
    min_grade: Annotated[int | None, Query(ge=1, le=5)] = None,
) -> signals_export.SignalsFile:
    """Learning signals as JSONL for fine-tuning, without personal data: the file, or a link when it is large."""
    ask = signals_export.Ask(start, end, kind, min_grade)
    seconds = api.resolver.lambda_context.get_remaining_time_in_millis() / 1000 - 8
    made = signals_export.export(database(), api.person_scope, ask, seconds=seconds)
    if isinstance(made, str):
        raise Direct.file(made, "application/jsonl; charset=utf-8", "learning-signals.jsonl")
    return made


lambda_handler = api.handler
