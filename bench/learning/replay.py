"""One replay: a fresh organisation with the shop's knowledge; each thread is drafted, decided by people, sent and learned from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from unittest.mock import patch
from uuid import UUID, uuid4

from moto import mock_aws
from psycopg.types.json import Jsonb

from bench.learning.reviewer import edited
from bench.learning.threads import Replay, Thread
from bench.stage import APP_PASSWORD, ENVIRONMENT
from local.postgres import TestPostgres, url
from local.sandbox import credentials
from sidedesk.ai import calls, transport
from sidedesk.ai.gateway import Deadline, Gateway
from sidedesk.cx import learning, tools
from sidedesk.cx.repository import SQL
from sidedesk.cx.text_distance import measure
from sidedesk.knowledge import importing, indexing, parsing
from sidedesk.knowledge.models import IndexMessage
from sidedesk.platform import aws, context, delivery, integrations, outbox, secrets
from sidedesk.platform.integrations import NewIntegration
from sidedesk.platform.migrate import migrate
from tests.sandbox.conftest import Sandbox
from tests.support.replies import Replies
from tests.support.world import APP_SECRET, JWT_SECRET, World, make_world

ARTICLES = Path(__file__).resolve().parents[2] / "local" / "knowledge" / "northwind"
TEMPLATE = "template_learning"
IMPORT_ID = UUID("5eed1ea2-0000-4000-8000-000000000001")  # the same articles have the same ids in every replay
SECONDS = 90.0

# The sandbox embeds by hashed words, in which texts about the same thing are less alike than in a model's vectors.
HASHED_WORDS = {"example_threshold": 0.18}

# off: nothing is learned. on: as the product does it. light: only replies that people hardly changed become examples.
Way = Literal["off", "on", "light"]
LIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Model:
    """Where drafts come from: the sandbox's model, or one of OPENAI_BASE_URL and OPENAI_API_KEY."""

    base_url: str
    secret: str
    real: bool


@dataclass(frozen=True, slots=True)
class Drafted:
    """What one thread became."""

    thread: Thread
    ratio: float  # what the reviewer changed
    body_ratio: float  # the same without greeting and sign-off
    written_ratio: float  # against the answer as the team wrote it without any draft
    examples: int
    past_replies: int
    articles: tuple[str, ...]
    flags: tuple[str, ...]
    made_by: tuple[str, str, str]  # model, prompt version, prompt hash


@dataclass(frozen=True, slots=True)
class Outcome:
    way: Way
    drafted: tuple[Drafted, ...]
    learned: int
    objections: int
    spent_usd: float


class Theatre:
    """What all replays share: a server with an empty schema, and the sandbox."""

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Theatre:
        os.environ |= ENVIRONMENT | {"STAGE": "test"}  # the sandbox lives on loopback
        folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="sidedesk-learning-")))
        self.server = self._stack.enter_context(TestPostgres())
        migrate(self.server.create(TEMPLATE), _app_url(self.server, TEMPLATE))
        self.sandbox = Sandbox(folder, "http://127.0.0.1:9")
        self._stack.callback(self.sandbox.kill)
        base, key = os.environ.get("OPENAI_BASE_URL", ""), os.environ.get("OPENAI_API_KEY", "")
        self.model = (
            Model(base or "https://api.openai.com/v1", key, real=True)
            if base or key
            else Model(f"{self.sandbox.base}/openai/v1", credentials.OPENAI_KEY, real=False)
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @contextmanager
    def organisation(self) -> Iterator[Replies]:
        name = f"l_{uuid4().hex[:16]}"
        owner = self.server.create(name, template=TEMPLATE)
        world = make_world(owner, _app_url(self.server, name))
        secrets.remember(APP_SECRET, {"database_url": world.app_url, "jwt_secret": JWT_SECRET})
        self.sandbox.reset(data=True)
        calls.forget_learned()
        try:
            # Queues are emptied by hand, in order: what is measured must not depend on who was faster.
            with mock_aws(), patch.object(outbox, "send_soon", _nothing), patch.object(delivery, "nudge", _nothing):
                aws.client.cache_clear()
                yield _connected(world, self.sandbox, self.model)
        finally:
            aws.client.cache_clear()
            tools._http().close()
            tools._http.cache_clear()
            transport.close()
            world.database.close()
            context.database().close()
            context.database.cache_clear()
            secrets.forget()
            self.server.drop(name)


def play(theatre: Theatre, replay: Replay, way: Way, told: Callable[[int], None]) -> Outcome:
    with theatre.organisation() as replies:
        world, scope = replies.world, replies.world.northwind.system
        chosen = {"learning": way != "off"} | ({} if theatre.model.real else HASHED_WORDS)
        world.database.run(
            scope,
            "UPDATE tenants SET options = jsonb_set(options, '{cx}', options -> 'cx' || %(chosen)s::jsonb)",
            {"chosen": Jsonb(chosen)},
        )
        _import_knowledge(world)
        before = _spent(world)
        drafted = []
        for number, thread in enumerate(replay.threads, 1):
            drafted.append(_one(replies, thread))
            if way == "light":
                # As if only these had never been asked to teach.
                world.sql(
                    "UPDATE cx_learning_signals SET indexed_at = now() WHERE indexed_at IS NULL AND edit_ratio > %s",
                    (LIGHT,),
                )
            learning.index(world.database, scope, _gateway(world))
            told(number)
        return Outcome(
            way,
            tuple(drafted),
            int(world.sql("SELECT count(*) FROM retrieval_texts WHERE collection = 'cx_reply'")[0][0]),
            len(world.database.values(scope, SQL["avoid_notes"])),
            _spent(world) - before,
        )


def _one(replies: Replies, thread: Thread) -> Drafted:
    """A customer asks; the draft is measured against what people sent, which then goes out."""
    _, waiting = replies.asked(thread.asks, thread.customer)
    draft = replies.detail(waiting["id"])
    body: dict[str, Any] = {"reply": edited(draft["draft"], thread)}
    answer = replies.approve(waiting["id"], **body)
    if answer.status == 409 and answer.json["code"] == "flagged":
        answer = replies.approve(waiting["id"], override="The team has answered so before.", **body)
    if answer.status != 200:
        raise RuntimeError(f"approving the reply to {thread.asks!r} failed: {answer.text}")
    replies.send()
    replies.deliveries()  # what Chatwoot says of our own messages changes nothing here
    row = replies.world.sql(
        "SELECT s.edit_ratio, s.body_edit_ratio, d.status, d.flags, d.model, d.prompt_version, d.prompt_hash "
        "FROM cx_learning_signals s JOIN cx_drafts d ON d.id = s.draft_id WHERE d.id = %s AND s.kind = 'approved'",
        (waiting["id"],),
    )[0]
    ratio, body_ratio, status, flags, *made_by = row
    if status != "sent":
        raise RuntimeError(f"the reply to {thread.asks!r} is {status}: {replies.detail(waiting['id'])['send_problem']}")
    kinds = [source["kind"] for source in draft["sources"]]
    return Drafted(
        thread,
        float(ratio),
        float(body_ratio),
        measure(draft["draft"], thread.reply).ratio,
        len(draft["examples"]),
        kinds.count("past_reply"),
        tuple(source["title"] for source in draft["sources"] if source["kind"] == "article"),
        tuple(flags),
        (made_by[0], made_by[1], made_by[2]),
    )


def _spent(world: World) -> float:
    return float(world.sql("SELECT coalesce(sum(cost_usd), 0) FROM ai_usage")[0][0])


def _import_knowledge(world: World) -> None:
    scope = world.northwind.scope("admin")
    documents = [
        document
        for path in sorted(ARTICLES.glob("*.md"))
        for document in parsing.documents(path.read_text(), "markdown", path.stem)
    ]
    report = importing.take_in(world.database, scope, IMPORT_ID, documents, "northwind", "markdown")
    if report.refused or not report.created:
        raise RuntimeError(f"the articles in {ARTICLES} were not taken: {report.refused}")
    deadline = Deadline(SECONDS)
    for article in world.database.dicts(scope, "SELECT id, version FROM kb_articles ORDER BY title"):
        message = IndexMessage(tenant_id=scope.tenant_id, article_id=article["id"], version=article["version"])
        done = indexing.index(
            world.database, message, lambda one, left: Gateway(world.database, one, deadline=left), deadline
        )
        if done != "indexed":
            raise RuntimeError(f"article {article['id']} is {done}")


def _connected(world: World, sandbox: Sandbox, model: Model) -> Replies:
    chatwoot = _connect(
        world, "chatwoot", f"{sandbox.base}/chatwoot", credentials.CHATWOOT_ADMIN_TOKEN, {"account_id": 1}
    )
    _connect(world, "openai", model.base_url, model.secret, {})
    replies = Replies(world, sandbox, chatwoot)
    replies.connect()
    replies.deliveries()
    return replies


def _connect(
    world: World, kind: Literal["chatwoot", "openai"], base_url: str, secret: str, config: dict[str, Any]
) -> UUID:
    new = NewIntegration(kind=kind, name=kind, base_url=base_url, secret=secret, config=config)
    return integrations.create(world.database, world.northwind.system, uuid4(), new).id


def _gateway(world: World) -> Gateway:
    return Gateway(world.database, world.northwind.system, deadline=Deadline(SECONDS))


def _app_url(server: TestPostgres, name: str) -> str:
    return url("127.0.0.1", server.port, "sidedesk_app", APP_PASSWORD, name)


def _nothing(*_: object, **__: object) -> None:
    return None
