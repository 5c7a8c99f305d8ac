"""The `transcribe` door: speech to text, billed by the second.

A recording cannot be redacted before it is understood: it goes to the provider as it is. The hint that goes with it is
redacted, and `redacted=True` gives the text back with its personal data replaced.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from sidedesk.ai import prices, transport, wire
from sidedesk.ai.answers import Answer, Transcript, Usage
from sidedesk.ai.calls import Caller
from sidedesk.ai.errors import ProviderRejected
from sidedesk.ai.ledger import Order
from sidedesk.ai.redaction import Redactor
from sidedesk.platform.errors import InvalidRequest, TooLarge

FORMATS: Mapping[str, str] = {
    "flac": "audio/flac", "m4a": "audio/mp4", "mp3": "audio/mpeg", "mp4": "audio/mp4", "mpeg": "audio/mpeg", "mpga": "audio/mpeg",
    "oga": "audio/ogg", "ogg": "audio/ogg", "wav": "audio/wav", "webm": "audio/webm",
}  # fmt: skip
MOST_BYTES = 25 * 1024 * 1024
# The thinnest speech codec in use: no recording of these formats is longer than its bytes at this rate.
LEAST_BYTES_A_SECOND = 750


@dataclass(frozen=True, slots=True)
class Audio:
    name: str
    content: bytes

    @property
    def format(self) -> str:
        return self.name.rsplit(".", 1)[-1].lower()


def transcribe(
    caller: Caller,
    purpose: str,
    audio: Audio,
    *,
    language: str,
    hint: str,
    redactor: Redactor,
    redacted: bool,
    job_id: UUID | None,
) -> Answer[Transcript]:
    if not caller.capabilities.transcription:
        raise ProviderRejected(f"The model provider {caller.provider.name} understands no speech. Choose another.")
    if audio.format not in FORMATS:
        raise InvalidRequest.of("file", f"Send one of these kinds of recordings: {', '.join(sorted(FORMATS))}.")
    if not audio.content:
        raise InvalidRequest.of("file", "The recording is empty.")
    if len(audio.content) > MOST_BYTES:
        raise TooLarge("A recording may have 25 MiB at most.")
    known = _wave_seconds(audio)
    longest = known or len(audio.content) / LEAST_BYTES_A_SECOND
    order = Order(
        purpose,
        caller.provider.name,
        caller.model,
        prices.find(caller.model, "seconds", caller.provider.prices),
        most_in=_seconds(longest),
        job_id=job_id,
    )
    hidden_hint = redactor.redact(hint)

    def payload() -> dict[str, Any]:
        asked: dict[str, Any] = {
            "model": caller.model,
            # The person's own file name stays here.
            "file": (f"recording.{audio.format}", audio.content, FORMATS[audio.format]),
            "response_format": caller.capabilities.transcription_format,
        }
        return asked | ({"language": language} if language else {}) | ({"prompt": hidden_hint} if hidden_hint else {})

    reply, usage = caller.paid(
        lambda: order,
        lambda seconds: transport.transcription(caller.provider.base_url, caller.provider.api_key, payload(), seconds),
        lambda raw: wire.speech(raw.body),
        # A provider that does not say how long it listened is charged the length we know, or else the longest possible.
        lambda reply: reply.usage or Usage("seconds", order.most_in, basis="counted"),
    )
    seconds = reply.transcript.seconds if reply.transcript.seconds is not None else known
    text = redactor.redact(reply.transcript.text) if redacted else redactor.restore(reply.transcript.text)
    return Answer(
        replace(reply.transcript, text=text, seconds=seconds),
        usage,
        caller.spent_usd,
        caller.model,
        caller.provider.name,
        redactions=redactor.counts,
        calls=caller.calls,
        settings={"language": language, "response_format": caller.capabilities.transcription_format},
    )


def _wave_seconds(audio: Audio) -> float | None:
    """WAV files say how long they are; the others would have to be decoded."""
    if audio.format != "wav":
        return None
    try:
        with wave.open(io.BytesIO(audio.content)) as file:
            frames = len(audio.content) / max(1, file.getsampwidth() * file.getnchannels())
            # The header may lie; the bytes cannot hold more than they are.
            return float(min(file.getnframes(), frames) / max(1, file.getframerate()))
    except (wave.Error, EOFError):
        return None


def _seconds(value: float) -> Decimal:
    return Decimal(str(round(value + 0.0005, 3)))
