"""Composing a reply: thread, knowledge and examples in, a checked draft out. Writes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb

from sidedesk.ai import prompts
from sidedesk.clients.chatwoot_machines import text_of
from sidedesk.clients.chatwoot_shapes import Contact, Conversation, Message
from sidedesk.cx import guard, learning, prompt_parts, tone
from sidedesk.cx.answer import DraftAnswer, SummaryAnswer
from sidedesk.cx.models import Check, Evidence, Source
from sidedesk.cx.repository import SQL
from sidedesk.cx.sentiment import sentiment_of
from sidedesk.cx.signals import channel_of
from sidedesk.knowledge import retrieval
from sidedesk.knowledge.retrieval import Hit
from sidedesk.knowledge.service import ASKING
from sidedesk.platform.db import Database
from sidedesk.platform.scope import AnyScope
from sidedesk.platform.tenant_options import TenantOptions

if TYPE_CHECKING:
    from sidedesk.ai.gateway import Gateway

TASK: Final = "cx.draft"
BASELINE: Final = 1  # the prompt of conversations that are in no experiment
ARTICLES, PAST_REPLIES = "kb", learning.COLLECTION
SOURCES_AT_MOST, EXAMPLES_AT_MOST = 6, 3
AGREEING = 3  # places of the full text search that count as agreement with the vectors
LONG_THREAD, KEPT_OF_LONG = 24, 12


@dataclass(frozen=True, slots=True)
class Composed:
    """A draft with everything that stands behind it."""

    question: str
    reply: str
    confidence: float
    risk: str
    risk_reasons: list[str]
    tone: dict[str, Any]
    evidence: list[dict[str, Any]]
    sources: list[dict[str, Any]]
    unknowns: list[str]
    validation: list[dict[str, Any]]
    rollback: str
    flags: list[str]
    language: str
    examples: list[str]
    model: str
    provider: str
    prompt_version: str
    prompt_hash: str
    cache_key: str
    cost_usd: Decimal = Decimal(0)
    from_cache: bool = False
    summary: str | None = None
    summary_up_to: int = 0

    def columns(self) -> dict[str, Any]:
        """As the row of a draft wants them."""
        own = ("question", "summary", "summary_up_to")
        values = {name: getattr(self, name) for name in self.__slots__ if name not in own}
        return {
            name: Jsonb(value) if isinstance(value, list | dict) and name != "flags" else value
            for name, value in values.items()
        }


@dataclass(frozen=True, slots=True)
class Voice:
    """How the organisation wants to sound."""

    brand_phrases: Sequence[str]
    avoid_phrases: Sequence[str]
    signature: str

    @classmethod
    def of(cls, options: TenantOptions) -> Voice:
        cx = options.options.cx
        return cls(cx.brand_phrases.use, cx.brand_phrases.avoid, cx.signature)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known before a model is asked: enough to recognise a question that was answered before."""

    question: str
    turns: list[prompt_parts.Turn]
    knowledge: str
    prompt: prompts.Prompt
    cache_key: str
    avoid: list[str] = field(default_factory=list)


def compose(
    database: Database,
    scope: AnyScope,
    gateway: Gateway,
    *,
    about: Conversation,
    thread: Sequence[Message],
    options: TenantOptions,
    instruction: str,
    summary: tuple[str | None, int],
    prompt_version: int | None,
    now: datetime,
) -> Composed:
    asked = _ask(database, scope, about, thread, options, instruction, prompt_version)
    if (kept := _from_cache(database, scope, asked)) is not None:
        return kept
    told, told_up_to, told_cost = _summarise(gateway, thread, summary)
    sources, examples, found_cost = _find(database, scope, gateway, asked.question, options)
    voice = Voice.of(options)
    today = now.astimezone(options.zone).strftime("%A, %-d %B %Y, %H:%M")
    answer = gateway.structured(
        TASK,
        DraftAnswer,
        version=asked.prompt.header.version,
        values={
            "channel_form": prompt_parts.channel_form(channel_of(about)),
            "brand": prompt_parts.brand(voice),
            "avoid": prompt_parts.avoid(asked.avoid),
            "instruction": prompt_parts.instruction(instruction),
            "today": today,
            "company": options.name,
        },
        data={
            "thread": prompt_parts.thread(asked.turns, told),
            "sources": prompt_parts.sources(sources),
            "examples": prompt_parts.examples(examples),
        },
    )
    drafted = answer.value
    verdict = guard.examine(
        drafted.reply,
        thread=[turn.text for turn in asked.turns],
        sources=sources,
        claims=drafted.claims,
        system_prompt=guard.our_prompt(),
        findings=answer.findings,
        allowed_hosts=options.options.cx.allowed_link_hosts,
        known=known_here(about.contact, options, today),
        others=[example.question for example in examples],
    )
    sentiment = sentiment_of(asked.question)
    tones = tone.tone_checks(
        drafted.reply,
        sentiment=sentiment,
        channel=channel_of(about),
        contact_name=about.contact.name,
        cx=voice,
        language=drafted.language,
    )
    risk, reasons = risk_of(drafted, sources, verdict.flags)
    return Composed(
        question=asked.question,
        reply=drafted.reply.strip(),
        confidence=round(min(1.0, max(0.0, drafted.confidence)), 2),
        risk=risk,
        risk_reasons=reasons,
        tone={
            "stated": drafted.tone,
            "sentiment": round(sentiment, 3),
            "passed": sum(check.ok for check in tones),
            "of": len(tones),
        },
        evidence=[item.model_dump(mode="json") for item in verdict.evidence],
        sources=cited(sources, verdict.evidence),
        unknowns=unknowns_of(drafted, sources),
        validation=[check.model_dump(mode="json") for check in [*tones, *verdict.checks, fresh(thread)]],
        rollback=drafted.rollback.strip()
        or "Write to the customer again, say what was wrong, and give the right answer.",
        flags=verdict.flags,
        language=drafted.language[:20],
        examples=[f"{example.question}\n→ {example.reply}" for example in examples],
        model=answer.model,
        provider=answer.provider,
        prompt_version=answer.prompt_version,
        prompt_hash=answer.prompt_hash,
        cache_key=asked.cache_key,
        cost_usd=answer.cost_usd + found_cost + told_cost,
        summary=told or None,
        summary_up_to=told_up_to,
    )


def _ask(
    database: Database,
    scope: AnyScope,
    about: Conversation,
    thread: Sequence[Message],
    options: TenantOptions,
    instruction: str,
    prompt_version: int | None,
) -> Asked:
    prompt = prompts.shipped().get(TASK, prompt_version or BASELINE)
    turns = turns_of(thread)
    question = question_of(thread)
    learns = options.options.cx.learning
    with database.batch(scope) as batch:
        articles = batch.values(*retrieval.version(ARTICLES))
        replies = batch.values(*retrieval.version(PAST_REPLIES))
        notes = batch.values(SQL["avoid_notes"])
    avoid = learning.worth_avoiding(notes.all()) if learns else []
    knowledge = f"{articles.first() or 0}.{(replies.first() or 0) if learns else 'off'}"
    key = json.dumps(
        [
            [[turn.role, turn.author, turn.text] for turn in turns],
            knowledge,
            prompt.hash,
            instruction,
            avoid,
            channel_of(about),
            options.options.cx.model_dump(
                mode="json",
                include={"brand_phrases", "evidence_threshold", "example_threshold", "signature", "learning"},
            ),
        ],
        ensure_ascii=True,
    )
    return Asked(question, turns, knowledge, prompt, hashlib.sha256(key.encode()).hexdigest(), avoid)


def _from_cache(database: Database, scope: AnyScope, asked: Asked) -> Composed | None:
    """The same thread, knowledge and prompt: no model is asked again."""
    rows = database.dicts(scope, SQL["cached_draft"], {"cache_key": asked.cache_key})
    if not rows:
        return None
    kept: dict[str, Any] = rows[0]
    kept["confidence"] = float(kept["confidence"])
    return Composed(question=asked.question, cache_key=asked.cache_key, from_cache=True, **kept)


def _summarise(gateway: Gateway, thread: Sequence[Message], known: tuple[str | None, int]) -> tuple[str, int, Decimal]:
    """What a long thread was about so far; written once for each stretch of it."""
    spoken = [message for message in thread if not message.private and not message.deleted]
    if len(spoken) <= LONG_THREAD:
        return known[0] or "", known[1], Decimal(0)
    older = spoken[:-KEPT_OF_LONG]
    if older[-1].id <= known[1] + KEPT_OF_LONG and known[0]:
        return known[0], known[1], Decimal(0)
    answer = gateway.structured(
        "cx.summary", SummaryAnswer, data={"thread": prompt_parts.thread(turns_of(older), known[0] or "")}
    )
    return answer.value.summary.strip(), older[-1].id, answer.cost_usd


def _find(
    database: Database, scope: AnyScope, gateway: Gateway, question: str, options: TenantOptions
) -> tuple[list[Source], list[learning.Example], Decimal]:
    """Knowledge that speaks of the question, and replies people approved to questions like it."""
    cx = options.options.cx
    vector = gateway.embed([question[:8_000]], purpose=ASKING)
    look = question[:2_000], vector.value[0], vector.model
    with database.batch(scope) as batch:
        articles = batch.rows(Hit, *retrieval.statement(*look, [ARTICLES], SOURCES_AT_MOST))
        replies = (
            batch.rows(Hit, *retrieval.statement(*look, [PAST_REPLIES], EXAMPLES_AT_MOST)) if cx.learning else None
        )
    close = [hit for hit in articles.all() if speaks_of(hit, cx.evidence_threshold)]
    past = [hit for hit in (replies.all() if replies else []) if hit.similarity >= cx.example_threshold]
    sources = [_article(number, hit) for number, hit in enumerate(close, 1)]
    sources += [_past_reply(number, hit) for number, hit in enumerate(past, 1)]
    return sources, [learning.example_of(hit) for hit in past], vector.cost_usd


def speaks_of(hit: Hit, threshold: float) -> bool:
    """Close in meaning; or half as close, and among the first that share the question's words."""
    shares_words = hit.text_rank is not None and hit.text_rank <= AGREEING
    return hit.similarity >= (threshold / 2 if shares_words else threshold)


def _article(number: int, hit: Hit) -> Source:
    return Source(
        id=f"S{number}",
        title=hit.title,
        kind="article",
        excerpt=hit.text,
        score=round(hit.similarity, 3),
        url=str(hit.meta.get("url") or ""),
        updated_at=hit.meta.get("updated_at"),
    )


def _past_reply(number: int, hit: Hit) -> Source:
    return Source(
        id=f"P{number}",
        title=hit.title,
        kind="past_reply",
        excerpt=learning.example_of(hit).reply,
        score=round(hit.similarity, 3),
        updated_at=hit.meta.get("approved_at"),
    )


# Judging what came back ----------------------------------------------------------------------------------------------


def risk_of(drafted: DraftAnswer, sources: Sequence[Source], flags: Sequence[str]) -> tuple[str, list[str]]:
    """The model's own view may be raised by ours, never lowered."""
    reasons = [reason for reason in drafted.risk_reasons if reason.strip()][:6]
    risk = drafted.risk
    if not sources:
        risk = "high"
        reasons.insert(0, "No source speaks of this question, so the draft says what it does not know.")
    if flags:
        risk = "high"
        reasons.insert(0, "A check has raised a flag: see the checks.")
    if risk == "low" and drafted.confidence < 0.5:
        risk = "medium"
        reasons.append("The model is not sure.")
    return risk, reasons or ["Every claim stands on a source."]


def unknowns_of(drafted: DraftAnswer, sources: Sequence[Source]) -> list[str]:
    unknowns = [unknown for unknown in drafted.unknowns if unknown.strip()][:6]
    return unknowns or ([] if sources else ["The knowledge base has nothing on this question."])


def cited(sources: Sequence[Source], evidence: Sequence[Evidence]) -> list[dict[str, Any]]:
    named = {item.source_id for item in evidence}
    return [source.model_copy(update={"cited": source.id in named}).model_dump(mode="json") for source in sources]


def fresh(thread: Sequence[Message]) -> Check:
    newest = max((message.id for message in thread if message.direction == "incoming"), default=0)
    return Check(
        name="newest_message",
        group="staleness",
        ok=True,
        reason=f"It answers message {newest}, the customer's newest when it was written.",
    )


def known_here(contact: Contact, options: TenantOptions, today: str = "") -> list[str]:
    """What may stand in a reply although nobody said it: the customer's own data, and ours."""
    own = [contact.name, contact.email or "", contact.phone or "", options.name, options.options.cx.signature, today]
    return [text for text in own if text]


# The thread ----------------------------------------------------------------------------------------------------------


def turns_of(thread: Sequence[Message]) -> list[prompt_parts.Turn]:
    """What customer and team said to each other; notes are nobody's business but the team's."""
    spoken = [
        message
        for message in sorted(thread, key=lambda one: one.id)
        if not message.private and not message.deleted and message.direction in ("incoming", "outgoing")
    ]
    return [
        prompt_parts.Turn(
            id=message.id,
            role="client" if message.direction == "incoming" else "agent",
            author=message.sender.name,
            text=text_of(message)[:6_000],
            at=message.created_at,
        )
        for message in (spoken if len(spoken) <= LONG_THREAD else spoken[-KEPT_OF_LONG:])
    ]


def question_of(thread: Sequence[Message]) -> str:
    """What the customer wants to know now: everything they wrote since the last answer."""
    burst: list[str] = []
    for message in sorted(thread, key=lambda one: one.id):
        if message.private or message.deleted:
            continue
        if message.direction == "incoming":
            burst.append(text_of(message).strip())
        elif message.direction == "outgoing":
            burst.clear()
    return "\n".join(part for part in burst if part)[:20_000] or "(no text)"
