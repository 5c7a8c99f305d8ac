"""The doors that are not chat: vectors and speech."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from sidedesk.ai import errors, speech, vectors
from sidedesk.ai.gateway import Audio, Gateway
from sidedesk.platform.errors import InvalidRequest, TooLarge
from tests.support import model_server as say
from tests.support.model_server import ModelServer, recording
from tests.support.world import World

Make = Callable[..., Gateway]


class TestVectors:
    @pytest.mark.parametrize("as_float", [False, True])
    def test_base64_and_floats_in_the_order_of_the_texts(
        self, world: World, server: ModelServer, gateway: Make, as_float: bool
    ) -> None:
        server.will(say.vectors(3, as_float=as_float, shuffled=True))
        answer = gateway().embed(["a", "b", "mail jo@example.com"])
        assert [vector[0] for vector in answer.value] == [1, 2, 3] and {len(vector) for vector in answer.value} == {
            1536
        }
        assert server.bodies[0]["input"] == ["a", "b", "mail <EMAIL_1>"] and answer.redactions == {"EMAIL": 1}
        assert answer.cost_usd == 9 * Decimal("0.02") / 1_000_000
        assert world.sql("SELECT purpose, unit, quantity_in FROM ai_usage") == [("embed", "tokens", 9)]

    def test_many_texts_go_in_parts(self, server: ModelServer, gateway: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(vectors, "MOST_TEXTS", 2)
        server.will(say.vectors(2), say.vectors(2), say.vectors(1))
        answer = gateway().embed(list("abcde"))
        assert len(answer.value) == 5 and answer.calls == 3 and answer.usage.quantity_in == 27

    def test_another_size_is_refused_and_paid(self, world: World, server: ModelServer, gateway: Make) -> None:
        server.will(say.vectors(1, size=768))
        with pytest.raises(errors.ProviderRejected, match="768"):
            gateway().embed(["a"])
        assert world.sql("SELECT count(*) FROM ai_usage") == [(1,)]

    def test_a_server_that_knows_only_floats(self, server: ModelServer, gateway: Make) -> None:
        server.will(say.error(400, param="encoding_format"), say.vectors(1, as_float=True))
        assert len(gateway().embed(["a"]).value) == 1 and server.bodies[1]["encoding_format"] == "float"

    def test_too_few_vectors_are_no_answer(self, server: ModelServer, gateway: Make) -> None:
        server.will(say.vectors(1), say.vectors(2))
        assert len(gateway().embed(["a", "b"]).value) == 2 and len(server.requests) == 2

    @pytest.mark.parametrize("text", ["", "  ", "word " * 10_000])
    def test_texts_that_cannot_be_embedded(self, server: ModelServer, gateway: Make, text: str) -> None:
        with pytest.raises(InvalidRequest):
            gateway().embed(["fine", text])
        assert server.requests == []


class TestSpeech:
    def test_seconds_are_billed(self, world: World, server: ModelServer, gateway: Make) -> None:
        server.will(say.json_reply({"text": " Hello there. ", "usage": {"type": "duration", "seconds": 3}}))
        answer = gateway().transcribe(
            Audio("Call with Kim Doe.wav", recording(3)), language="en", hint="Ask jo@example.com"
        )
        assert answer.value.text == "Hello there." and answer.value.seconds == 3 and not answer.value.silent
        assert answer.cost_usd == 3 * Decimal("0.00005") and answer.usage.basis == "measured"
        assert world.sql("SELECT unit, quantity_in, basis FROM ai_usage") == [("seconds", 3, "measured")]
        assert "Kim Doe" not in server.sent and "jo@example.com" not in server.sent and "<EMAIL_1>" in server.sent

    def test_without_usage_the_files_own_length_counts(self, server: ModelServer, gateway: Make) -> None:
        server.will(say.json_reply({"text": "Call +49 151 2345678"}))
        answer = gateway().transcribe(Audio("a.wav", recording(2)), redacted=True)
        assert answer.usage.basis == "counted" and answer.usage.quantity_in == Decimal("2.001").quantize(
            Decimal("0.001")
        )
        assert answer.value.text == "Call <PHONE_1>"

    def test_other_formats_reserve_the_longest_they_can_be(
        self, world: World, server: ModelServer, gateway: Make
    ) -> None:
        world.sql("UPDATE tenants SET month_cap_usd = 0.01")
        with pytest.raises(errors.CapReached):
            gateway().transcribe(Audio("a.mp3", b"x" * 750 * 300))
        server.will(say.json_reply({"text": "Hi", "duration": 40.0, "segments": []}))
        assert gateway().transcribe(Audio("a.mp3", b"x" * 750 * 100)).usage.quantity_in == 40

    @pytest.mark.parametrize(
        "body",
        [
            {"text": ""},
            {"text": "Thank you for watching!", "duration": 9, "segments": [{"start": 0, "end": 9, "text": "Thank you", "no_speech_prob": 0.93}]},
            {"text": "you", "duration": 0.1},
        ],
    )  # fmt: skip
    def test_silence_is_noticed(self, server: ModelServer, gateway: Make, body: Any) -> None:
        server.will(say.json_reply(body))
        assert gateway().transcribe(Audio("a.ogg", b"OggS" * 100)).value.silent

    def test_what_cannot_be_sent(self, server: ModelServer, gateway: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(speech, "MOST_BYTES", 10)
        for audio, kind in (
            (Audio("a.exe", b"x"), InvalidRequest),
            (Audio("a.wav", b""), InvalidRequest),
            (Audio("a.mp3", b"x" * 11), TooLarge),
        ):
            with pytest.raises(kind):
                gateway().transcribe(audio)
        assert server.requests == []
