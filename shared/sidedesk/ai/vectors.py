"""The `embed` door: one vector for each text, all of the size the vector store keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sidedesk.ai import prices, tokens, transport, wire
from sidedesk.ai.answers import Answer, Usage
from sidedesk.ai.calls import Caller
from sidedesk.ai.errors import ProviderRejected
from sidedesk.ai.ledger import Order
from sidedesk.ai.provider import VECTOR_SIZE
from sidedesk.ai.redaction import Redactor
from sidedesk.ai.wire import EmbeddingReply
from sidedesk.platform.errors import InvalidRequest

MOST_TEXTS = 256
MOST_TOKENS_A_TEXT = 8_192
MOST_TOKENS_A_CALL = 250_000


def embed(caller: Caller, purpose: str, texts: Sequence[str], job_id: UUID | None) -> Answer[list[list[float]]]:
    """Texts in, vectors out, in the same order."""
    if not caller.capabilities.embeddings:
        raise ProviderRejected(f"The model provider {caller.provider.name} makes no vectors. Choose another for this.")
    price = prices.find(caller.model, "tokens", caller.provider.prices)
    clean, kept_back = _redacted(texts)
    vectors: list[list[float]] = []
    usage: Usage | None = None
    for part in _parts(clean):
        order = Order(purpose, caller.provider.name, caller.model, price, Decimal(tokens.at_most(*part)), job_id=job_id)
        reply, used = _call(caller, order, part)
        if any(len(vector) != VECTOR_SIZE for vector in reply.vectors):
            raise ProviderRejected(
                f"The model {caller.model} makes vectors of {len(reply.vectors[0])} numbers; the store keeps {VECTOR_SIZE}. "
                "Choose another embedding model in the settings."
            )
        vectors += reply.vectors
        usage = used if usage is None else usage + used
    return Answer(
        vectors,
        usage or Usage("tokens", Decimal(0)),
        caller.spent_usd,
        caller.model,  # as it was asked for: vectors are compared by this name, and servers answer with dated or local ones
        caller.provider.name,
        settings={"dimensions": VECTOR_SIZE},
        redactions=kept_back,
        calls=caller.calls,
    )


def _call(caller: Caller, order: Order, part: Sequence[str]) -> tuple[EmbeddingReply, Usage]:
    def payload() -> dict[str, Any]:
        can = caller.capabilities
        asked: dict[str, Any] = {"model": caller.model, "input": list(part), "encoding_format": can.embedding_format}
        return asked | ({"dimensions": VECTOR_SIZE} if can.embedding_dimensions else {})

    return caller.paid(
        lambda: order,
        lambda seconds: transport.embeddings(caller.provider.base_url, caller.provider.api_key, payload(), seconds),
        lambda raw: wire.embeddings(raw.body, caller.model, len(part)),
        lambda reply: reply.usage or Usage("tokens", Decimal(tokens.about(*part)), basis="counted"),
    )


def _redacted(texts: Sequence[str]) -> tuple[list[str], dict[str, int]]:
    """Each text by itself, so that the same text always has the same vector."""
    clean: list[str] = []
    counts: dict[str, int] = {}
    for number, text in enumerate(texts):
        if not text.strip() or tokens.about(text) > MOST_TOKENS_A_TEXT:
            raise InvalidRequest.of(f"texts[{number}]", "A text to embed must hold something, and at most 8192 tokens.")
        redactor = Redactor()
        clean.append(redactor.redact(text))
        for kind, number_of_values in redactor.counts.items():
            counts[kind] = counts.get(kind, 0) + number_of_values
    return clean, counts


def _parts(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for text in texts:
        more = tokens.about(text)
        if part and (len(part) == MOST_TEXTS or size + more > MOST_TOKENS_A_CALL):
            yield part
            part, size = [], 0
        part.append(text)
        size += more
    if part:
        yield part
