"""The wire of the OpenAI-compatible provider, seen through the real client."""

import base64
import io
import json
import math
import struct
import wave

import httpx
import openai
import pytest
from pydantic import BaseModel


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True))


def test_plain_answer_is_marked_and_counted(model):
    asked = [{"role": "user", "content": "Summarise: The parcel is late. The customer wants a refund."}]
    answer = model.chat.completions.create(model="gpt-4o-mini", messages=asked)
    again = model.chat.completions.create(model="gpt-4o-mini", messages=asked)
    assert answer.model == "gpt-4o-mini-sandbox"
    assert answer.system_fingerprint == "sandbox"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.content == again.choices[0].message.content
    assert answer.id == again.id
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id.startswith("req_")


def test_usage_is_about_four_characters_a_token(model):
    text = "word " * 400
    answer = model.chat.completions.create(model="m", messages=[{"role": "user", "content": text}])
    assert 480 <= answer.usage.prompt_tokens <= 540


def test_stream_ends_with_usage_only_when_asked(model):
    asked = [{"role": "user", "content": "Tell me about delivery times and refunds."}]
    whole = model.chat.completions.create(model="m", messages=asked)
    chunks = list(
        model.chat.completions.create(model="m", messages=asked, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens == whole.usage.total_tokens
    plain = list(model.chat.completions.create(model="m", messages=asked, stream=True))
    assert all(c.usage is None for c in plain)
    assert plain[-1].choices[0].finish_reason == "stop"


class Ticket(BaseModel):
    subject: str
    email: str | None
    amount: float
    urgent: bool
    topic: str


def test_structured_output_is_taken_from_the_text(model):
    text = (
        "Please refund 42.50 euros for order NW-20001. Write to kim.lee@example.com. This is unacceptable, I am angry!"
    )
    answer = model.chat.completions.parse(
        model="m", messages=[{"role": "user", "content": text}], response_format=Ticket
    )
    ticket = answer.choices[0].message.parsed
    assert ticket.email == "kim.lee@example.com"
    assert ticket.amount == 42.5
    assert ticket.urgent is True


def test_tool_call_and_result(model):
    tools = [
        {
            "type": "function",
            "function": {
                "name": "search_contacts",
                "description": "Find contacts by name",
                "parameters": {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
            },
        },
        {
            "type": "function",
            "function": {
                "name": "delete_contact",
                "description": "Delete a contact",
                "parameters": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
            },
        },
    ]
    messages = [{"role": "user", "content": "Search the contacts for Dana Whitfield"}]
    first = model.chat.completions.create(model="m", messages=messages, tools=tools)
    assert first.choices[0].finish_reason == "tool_calls"
    call = first.choices[0].message.tool_calls[0]
    assert call.function.name == "search_contacts"
    assert "Dana" in json.loads(call.function.arguments)["query"]
    messages += [
        {"role": "assistant", "content": None, "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": '{"name": "Dana Whitfield", "city": "Lisbon"}'},
    ]
    second = model.chat.completions.create(model="m", messages=messages, tools=tools)
    assert second.choices[0].finish_reason == "stop"
    assert "Lisbon" in second.choices[0].message.content


def test_tool_calls_without_an_answer_are_refused(model):
    call = {"id": "call_1", "type": "function", "function": {"name": "x", "arguments": "{}"}}
    with pytest.raises(openai.BadRequestError, match="tool_call_id"):
        model.chat.completions.create(
            model="m", messages=[{"role": "assistant", "tool_calls": [call]}, {"role": "user", "content": "and?"}]
        )


@pytest.mark.parametrize(
    ("change", "kind", "code"),
    [
        ({"model": "no-such-model"}, openai.NotFoundError, "model_not_found"),
        ({"messages": []}, openai.BadRequestError, "empty_array"),
        ({"temperature": 9}, openai.BadRequestError, "invalid_value"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "A", "strict": True, "schema": {"type": "object", "properties": {"a": {}}}},
                }
            },
            openai.BadRequestError,
            "invalid_json_schema",
        ),
        ({"response_format": {"type": "json_object"}}, openai.BadRequestError, None),
    ],
)
def test_refusals_have_openais_envelope(model, change, kind, code):
    request = {"model": "m", "messages": [{"role": "user", "content": "hello"}], **change}
    with pytest.raises(kind) as caught:
        model.chat.completions.create(**request)
    assert caught.value.code == code
    assert caught.value.request_id


def test_keys(sandbox, model):
    with pytest.raises(openai.AuthenticationError) as caught:
        model.with_options(api_key="bad-key").models.list()
    assert caught.value.code == "invalid_api_key"
    assert httpx.get(f"{sandbox.base}/openai/v1/models").status_code == 401
    assert {m.id for m in model.models.list()} >= {"gpt-4o-mini", "text-embedding-3-small"}


def test_embeddings_in_both_encodings(model):
    texts = ["Where is my parcel?", "I want my money back"]
    plain = model.embeddings.create(model="text-embedding-3-small", input=texts, encoding_format="float")
    packed = model.embeddings.create(model="text-embedding-3-small", input=texts)
    raw = model.embeddings.with_raw_response.create(
        model="text-embedding-3-small", input=texts, encoding_format="base64"
    )
    first = json.loads(raw.text)["data"][0]["embedding"]
    assert isinstance(first, str)
    assert struct.unpack("<2f", base64.b64decode(first)[:8])[0] == pytest.approx(plain.data[0].embedding[0], abs=1e-6)
    assert [d.index for d in packed.data] == [0, 1]
    for a, b in zip(plain.data, packed.data, strict=True):
        assert len(a.embedding) == 1536
        assert b.embedding == pytest.approx(a.embedding, abs=1e-6)
        assert math.hypot(*a.embedding) == pytest.approx(1)


@pytest.mark.parametrize("dimensions", [None, 256])
def test_near_texts_have_near_vectors(model, dimensions):
    texts = [
        "How do I get a refund for my order?",
        "I would like my money back for the purchase, please reimburse me",
        "The app crashes when I open the calendar",
        "How can I get refunded for an order?",
    ]
    extra = {"dimensions": dimensions} if dimensions else {}
    vectors = [d.embedding for d in model.embeddings.create(model="text-embedding-3-small", input=texts, **extra).data]
    assert math.hypot(*vectors[0]) == pytest.approx(1, abs=1e-5)
    to = [cosine(vectors[0], v) for v in vectors]
    assert to[3] > to[1] > to[2] + 0.05


def test_embedding_limits(model):
    with pytest.raises(openai.BadRequestError):
        model.embeddings.create(model="m", input=["fine", ""])
    with pytest.raises(openai.BadRequestError):
        model.embeddings.create(model="m", input=["x"] * 2049)
    with pytest.raises(openai.BadRequestError):
        model.embeddings.create(model="m", input="word " * 8000)
    with pytest.raises(openai.BadRequestError):
        model.embeddings.create(model="text-embedding-3-small", input="x", dimensions=5000)


def recording(text: str | None, loud: bool = True, seconds: float = 1.5) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as made:
        made.setnchannels(1)
        made.setsampwidth(2)
        made.setframerate(16000)
        made.writeframes(
            b"".join(struct.pack("<h", int(9000 * math.sin(i / 9)) if loud else 0) for i in range(int(16000 * seconds)))
        )
    data = out.getvalue()
    if text is not None:
        said = text.encode() + b"\0"
        said += b"\0" * (len(said) % 2)
        info = b"INFO" + b"ICMT" + struct.pack("<I", len(said)) + said
        data += b"LIST" + struct.pack("<I", len(info)) + info
    return data


def test_transcription_reads_the_file(model):
    said = "Create a task for Dana. Due tomorrow."
    file = ("note.wav", recording(said), "audio/wav")
    assert model.audio.transcriptions.create(model="gpt-transcribe", file=file).text == said
    text = model.audio.transcriptions.create(model="gpt-transcribe", file=file, response_format="text")
    assert text.strip() == said
    long = model.audio.transcriptions.create(
        model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word", "segment"]
    )
    assert long.duration == pytest.approx(1.5)
    assert long.language == "english"
    assert [s.text for s in long.segments] == ["Create a task for Dana.", "Due tomorrow."]
    assert long.words[0].word == "Create"


def test_silence_is_heard_as_silence(model):
    file = ("quiet.wav", recording("phantom words", loud=False), "audio/wav")
    heard = model.audio.transcriptions.create(model="whisper-1", file=file, response_format="verbose_json")
    assert heard.text == ""
    assert heard.segments[0].no_speech_prob > 0.9


@pytest.mark.parametrize(
    ("name", "data"), [("note", b"RIFF"), ("note.txt", b"x" * 400), ("note.wav", b"this is not sound" * 40)]
)
def test_not_audio_is_refused(model, name, data):
    with pytest.raises(openai.BadRequestError):
        model.audio.transcriptions.create(model="whisper-1", file=(name, data))


def test_only_whisper_knows_segments(model):
    with pytest.raises(openai.BadRequestError) as caught:
        model.audio.transcriptions.create(
            model="gpt-transcribe", file=("a.wav", recording("hi")), response_format="verbose_json"
        )
    assert caught.value.code == "unsupported_value"


def test_moderation(model):
    results = model.moderations.create(
        model="omni-moderation-latest", input=["You are an idiot", "My parcel is late"]
    ).results
    assert [r.flagged for r in results] == [True, False]
    assert results[0].categories.harassment is True


@pytest.mark.parametrize(
    ("effect", "check"),
    [
        ("no_usage", lambda a: a.usage is None),
        ("refusal", lambda a: a.choices[0].message.refusal and a.choices[0].message.content is None),
        ("length", lambda a: a.choices[0].finish_reason == "length"),
        ("content_filter", lambda a: a.choices[0].finish_reason == "content_filter"),
        ("empty", lambda a: a.choices[0].message.content == ""),
    ],
)
def test_faults_inside_the_envelope(sandbox, model, effect, check):
    sandbox.fault("openai", effect=effect, times=1)
    asked = [{"role": "user", "content": "Where is my parcel? It is late again."}]
    assert check(model.chat.completions.create(model="m", messages=asked))
    assert model.chat.completions.create(model="m", messages=asked).choices[0].finish_reason == "stop"


def test_broken_json_breaks_the_parser(sandbox, model):
    sandbox.fault("openai", effect="broken_json", times=1)
    with pytest.raises(ValueError, match="JSON"):
        model.chat.completions.parse(
            model="m", messages=[{"role": "user", "content": "hi there"}], response_format=Ticket
        )
