"""The OpenAI-compatible routes."""

import asyncio
import json
import time
import uuid
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from local.sandbox import credentials, errors
from local.sandbox.openai import audio, chat, embeddings, envelope, moderation, prompt
from local.sandbox.text import language, tokens
from local.sandbox.world import World

CHAT_MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1", "gpt-5-mini")
AUDIO_MODELS = ("gpt-transcribe", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
MODELS = (*CHAT_MODELS, *embeddings.NATIVE, *AUDIO_MODELS, "omni-moderation-latest")
MISSING_MODEL = "no-such-model"


class OpenAI:
    def __init__(self, world: World) -> None:
        self.world = world
        world.add_headers("openai", self._headers)

    def _headers(self) -> dict[str, str]:
        return {"x-request-id": f"req_{uuid.uuid4().hex}", "openai-processing-ms": "5", "openai-version": "2020-10-01"}

    def routes(self) -> list[Route]:
        return [
            Route("/chat/completions", self.chat, methods=["POST"]),
            Route("/embeddings", self.embed, methods=["POST"]),
            Route("/audio/transcriptions", self.transcribe, methods=["POST"]),
            Route("/moderations", self.moderate, methods=["POST"]),
            Route("/models", self.models, methods=["GET"]),
            Route("/models/{model}", self.model, methods=["GET"]),
            Route("/{rest:path}", self.unknown, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    async def chat(self, request: Request) -> Response:
        body = await _json(request)
        self._check(request, body)
        asked = prompt.read(body)
        for name, low, high in (("temperature", 0, 2), ("top_p", 0, 1)):
            value = body.get(name)
            if value is not None and not (isinstance(value, (int, float)) and low <= value <= high):
                raise errors.openai(
                    400,
                    f"Invalid '{name}': expected a number between {low} and {high}.",
                    param=name,
                    code="invalid_value",
                )
        await asyncio.sleep(self.world.modes["openai_latency_ms"] / 1000)
        whole = chat.reply(asked, body, self.world.modes["gullible"], self.world.faults)
        if body.get("stream"):
            with_usage = bool((body.get("stream_options") or {}).get("include_usage"))
            return StreamingResponse(envelope.stream(whole, with_usage), media_type="text/event-stream")
        return JSONResponse(whole)

    async def embed(self, request: Request) -> Response:
        body = await _json(request)
        self._check(request, body)
        texts = _inputs(body.get("input"))
        model = body["model"]
        native = embeddings.NATIVE.get(model, 1536)
        wanted = body.get("dimensions")
        if wanted is not None:
            if model == "text-embedding-ada-002":
                raise errors.openai(400, "This model does not support specifying dimensions.", param="dimensions")
            if not isinstance(wanted, int) or isinstance(wanted, bool) or not 1 <= wanted <= native:
                raise errors.openai(
                    400,
                    f"Invalid value for 'dimensions': must be between 1 and {native}.",
                    param="dimensions",
                    code="invalid_value",
                )
        form = body.get("encoding_format") or "float"
        if form not in ("float", "base64"):
            raise errors.openai(
                400,
                "Invalid 'encoding_format': expected 'float' or 'base64'.",
                param="encoding_format",
                code="invalid_value",
            )
        vectors: list[Any] = []
        for number, text in enumerate(texts):
            vector = embeddings.embed(text, native, wanted)
            vectors.append(embeddings.packed(vector) if form == "base64" else vector)
            if number % 50 == 49:
                await asyncio.sleep(0)
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        used = sum(map(tokens, texts))
        return JSONResponse(
            {
                "object": "list",
                "data": data,
                "model": envelope.marked(model),
                "usage": {"prompt_tokens": used, "total_tokens": used},
            }
        )

    async def transcribe(self, request: Request) -> Response:
        self._check(request, None)
        async with request.form(max_part_size=audio.MAX_BYTES + 1024) as form:
            upload, model = form.get("file"), form.get("model")
            if not isinstance(upload, UploadFile):
                raise errors.openai(
                    400, "Missing required parameter: 'file'.", param="file", code="missing_required_parameter"
                )
            if not isinstance(model, str) or not model:
                raise errors.openai(400, "you must provide a model parameter", param="model")
            name, data = upload.filename or "", await upload.read()
            wanted = str(form.get("response_format") or "json")
            detail = {str(v) for k, v in form.multi_items() if k.startswith("timestamp_granularities")}
        self._known(model)
        if len(data) > audio.MAX_BYTES:
            raise errors.openai(
                413,
                f"413: Maximum content size limit ({audio.MAX_BYTES}) exceeded ({len(data)} bytes read)",
                "server_error",
            )
        if name.rsplit(".", 1)[-1].lower() not in audio.FORMATS or "." not in name:
            raise errors.openai(
                400, f"Unrecognized file format. Supported formats: {list(audio.FORMATS)}", param="file"
            )
        try:
            heard = audio.listen(data)
        except audio.NotAudio:
            raise errors.openai(
                400, "Audio file might be corrupted or unsupported", param="file", code="invalid_value"
            ) from None
        if heard.seconds < 0.1:
            raise errors.openai(
                400,
                "Audio file is too short. Minimum audio length is 0.1 seconds.",
                param="file",
                code="audio_too_short",
            )
        if model != "whisper-1" and wanted not in ("json", "text"):
            raise errors.openai(
                400,
                f"response_format '{wanted}' is not compatible with model '{model}'. Use 'json' or 'text' instead.",
                param="response_format",
                code="unsupported_value",
            )
        return _transcript(heard, model, wanted, detail)

    async def moderate(self, request: Request) -> Response:
        body = await _json(request)
        self._check(request, {"model": "omni-moderation-latest", **body})
        given = body.get("input")
        texts = given if isinstance(given, list) else [given]
        results = [moderation.judge(prompt.text_of([t] if isinstance(t, dict) else t)) for t in texts]
        return JSONResponse(
            {
                "id": f"modr-{uuid.uuid4().hex[:24]}",
                "model": envelope.marked(body.get("model") or "omni-moderation-latest"),
                "results": results,
            }
        )

    async def models(self, request: Request) -> Response:
        self._check(request, None)
        return JSONResponse({"object": "list", "data": [_model(m, self.world.started_at) for m in MODELS]})

    async def model(self, request: Request) -> Response:
        self._check(request, None)
        name = request.path_params["model"]
        if name not in MODELS:
            self._missing(name)
        return JSONResponse(_model(name, self.world.started_at))

    async def unknown(self, request: Request) -> Response:
        self._check(request, None)
        raise errors.openai(404, f"Invalid URL ({request.method} /v1{request.url.path.removeprefix('/openai/v1')})")

    def _check(self, request: Request, body: dict[str, Any] | None) -> None:
        given = request.headers.get("authorization", "")
        key = (
            given.removeprefix("Bearer ").strip() if given.startswith("Bearer ") else request.headers.get("api-key", "")
        )
        if not key:
            raise errors.openai(
                401,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
            )
        if key == credentials.REFUSED_KEY:
            raise errors.openai(401, "Incorrect API key provided: bad-key.", code="invalid_api_key")
        if body is not None:
            if not isinstance(body.get("model"), str) or not body["model"]:
                raise errors.openai(400, "you must provide a model parameter", param="model")
            self._known(body["model"])

    def _known(self, model: str) -> None:
        """Any name will do, since the name is the tenant's setting; one is reserved for testing the refusal."""
        if model == MISSING_MODEL:
            self._missing(model)

    @staticmethod
    def _missing(model: str) -> None:
        raise errors.openai(
            404, f"The model `{model}` does not exist or you do not have access to it.", code="model_not_found"
        )


def _model(name: str, created: float) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": int(created), "owned_by": "sandbox"}


async def _json(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise errors.openai(400, "We could not parse the JSON body of your request.")
    return body


def _inputs(given: Any) -> list[str]:
    texts = given if isinstance(given, list) else [given]
    if texts and all(isinstance(t, int) and not isinstance(t, bool) for t in texts):
        texts = [" ".join(map(str, texts))]
    if not texts or not all(isinstance(t, str) for t in texts):
        raise errors.openai(400, "'$.input' is invalid. Please check the API reference.", param="input")
    if any(not t for t in texts):
        raise errors.openai(400, "'$.input' is invalid: input cannot be an empty string.", param="input")
    if len(texts) > embeddings.MAX_INPUTS:
        raise errors.openai(
            400, f"'$.input' is invalid: array must be {embeddings.MAX_INPUTS} dimensions or less.", param="input"
        )
    longest = max(map(tokens, texts))
    if longest > embeddings.MAX_TOKENS:
        raise errors.openai(
            400,
            f"This model's maximum context length is {embeddings.MAX_TOKENS} tokens, however you requested {longest} tokens.",
            param="input",
        )
    if sum(map(tokens, texts)) > embeddings.MAX_TOTAL:
        raise errors.openai(
            400,
            f"Requested more than {embeddings.MAX_TOTAL} tokens in one request.",
            "max_tokens_per_request",
            code="max_tokens_per_request",
        )
    return texts


def _transcript(heard: audio.Recording, model: str, wanted: str, detail: set[str]) -> Response:
    by_time = model == "whisper-1"
    said = tokens(heard.text)
    heard_tokens = round(heard.seconds * 10)
    used: dict[str, Any] = (
        {"type": "duration", "seconds": max(1, round(heard.seconds))}
        if by_time
        else {"type": "tokens", "input_tokens": heard_tokens, "output_tokens": said, "total_tokens": heard_tokens + said,
              "input_token_details": {"text_tokens": 0, "audio_tokens": heard_tokens}}
    )  # fmt: skip
    if wanted == "text":
        return PlainTextResponse(heard.text + "\n")
    if wanted in ("srt", "vtt"):
        return PlainTextResponse(_subtitles(heard, wanted))
    if wanted == "verbose_json":
        spoken = {"en": "english", "es": "spanish", "de": "german", "fr": "french", "pt": "portuguese"}.get(
            language(heard.text), "english"
        )
        body: dict[str, Any] = {
            "task": "transcribe",
            "language": spoken,
            "duration": heard.seconds,
            "text": heard.text,
            "segments": audio.segments(heard),
            "usage": used,
        }
        if "word" in detail:
            body["words"] = audio.words(heard)
        return JSONResponse(body)
    if wanted != "json":
        raise errors.openai(
            400, f"Invalid value for 'response_format': '{wanted}'.", param="response_format", code="invalid_value"
        )
    return JSONResponse({"text": heard.text, "usage": used})


def _subtitles(heard: audio.Recording, form: str) -> str:
    mark = "," if form == "srt" else "."

    def clock(seconds: float) -> str:
        return time.strftime("%H:%M:%S", time.gmtime(seconds)) + f"{mark}{int(seconds % 1 * 1000):03d}"

    lines = ["WEBVTT\n"] if form == "vtt" else []
    for number, s in enumerate(audio.segments(heard), 1):
        head = f"{number}\n" if form == "srt" else ""
        lines.append(f"{head}{clock(float(str(s['start'])))} --> {clock(float(str(s['end'])))}\n{s['text']}\n")
    return "\n".join(lines)
