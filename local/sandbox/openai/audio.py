"""Transcription without ears: the words come from the file's own metadata, loudness and length from its samples."""

import array
import math
import re
import struct
import sys
from dataclasses import dataclass

FORMATS = ("flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm")
MAX_BYTES = 25 * 1024 * 1024
SILENCE = 0.004  # root mean square, 1.0 is full scale
_COMMENT = re.compile(rb"TRANSCRIPT=([^\x00]{1,4000})")


@dataclass(frozen=True)
class Recording:
    seconds: float
    text: str
    silent: bool


class NotAudio(Exception):
    """The bytes are not what the name says."""


def listen(data: bytes) -> Recording:
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return _wav(data)
    known = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"OggS", b"fLaC", b"\x1aE\xdf\xa3")
    if not data.startswith(known) and data[4:8] != b"ftyp":
        raise NotAudio
    found = _COMMENT.search(data)
    text = found.group(1).decode("utf-8", "replace").strip() if found else ""
    return Recording(round(max(0.1, len(data) / 16_000), 2), text, silent=not text)


def _wav(data: bytes) -> Recording:
    rate, channels, bits, samples, text = 0, 1, 16, b"", ""
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        chunk = data[at + 8 : at + 8 + size]
        if name == b"fmt " and len(chunk) >= 16:
            _, channels, rate, _, _, bits = struct.unpack("<HHIIHH", chunk[:16])
        elif name == b"data":
            samples = chunk
        elif name == b"LIST" and chunk[:4] == b"INFO":
            text = _info(chunk[4:])
        at += 8 + size + (size & 1)
    if not rate or not channels or bits not in (8, 16, 24, 32):
        raise NotAudio
    seconds = len(samples) / (rate * channels * bits // 8)
    silent = _loudness(samples, bits) < SILENCE
    return Recording(round(seconds, 2), "" if silent else text, silent)


def _info(chunk: bytes) -> str:
    """The comment (ICMT), else the subject or the title."""
    found: dict[bytes, str] = {}
    at = 0
    while at + 8 <= len(chunk):
        name, size = chunk[at : at + 4], struct.unpack("<I", chunk[at + 4 : at + 8])[0]
        found[name] = chunk[at + 8 : at + 8 + size].split(b"\x00")[0].decode("utf-8", "replace").strip()
        at += 8 + size + (size & 1)
    return found.get(b"ICMT") or found.get(b"ISBJ") or found.get(b"INAM") or ""


def _loudness(samples: bytes, bits: int) -> float:
    if bits == 8:
        values = [b - 128 for b in samples[::7]]
        full = 128
    elif bits == 16:
        numbers = array.array("h", samples[: len(samples) // 2 * 2])
        if sys.byteorder == "big":
            numbers.byteswap()
        values, full = list(numbers[::7]), 32768
    else:
        step = bits // 8
        values = [
            int.from_bytes(samples[i : i + step], "little", signed=True)
            for i in range(0, len(samples) - step + 1, step * 7)
        ]
        full = 1 << (bits - 1)
    return math.sqrt(sum(v * v for v in values) / len(values)) / full if values else 0.0


def segments(recording: Recording) -> list[dict[str, object]]:
    """Sentences spread over the length by their share of the characters."""
    pieces = re.findall(r"[^.!?]+[.!?]*\s*", recording.text) or ([recording.text] if recording.text else [])
    total = sum(map(len, pieces)) or 1
    found: list[dict[str, object]] = []
    start = 0.0
    for number, piece in enumerate(pieces):
        end = start + recording.seconds * len(piece) / total
        found.append(
            {
                "id": number, "seek": 0, "start": round(start, 2), "end": round(end, 2), "text": piece.strip(), "tokens": [],
                "temperature": 0.0, "avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01,
            }
        )  # fmt: skip
        start = end
    if not found:
        found.append(
            {
                "id": 0, "seek": 0, "start": 0.0, "end": recording.seconds, "text": "", "tokens": [],
                "temperature": 0.0, "avg_logprob": -1.0, "compression_ratio": 0.0, "no_speech_prob": 0.98 if recording.silent else 0.4,
            }
        )  # fmt: skip
    return found


def words(recording: Recording) -> list[dict[str, object]]:
    said = recording.text.split()
    step = recording.seconds / len(said) if said else 0
    return [{"word": w, "start": round(i * step, 2), "end": round((i + 1) * step, 2)} for i, w in enumerate(said)]
