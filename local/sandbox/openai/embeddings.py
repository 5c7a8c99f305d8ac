"""Embeddings without a model: hashed words, word parts and a small thesaurus; near texts get near vectors."""

import base64
import math
import struct
import zlib
from functools import lru_cache

from local.sandbox.text import STOPWORDS, bare, stem, words

NATIVE = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
MAX_TOKENS = 8192
MAX_TOTAL = 300_000
MAX_INPUTS = 2048

_CONCEPTS = (
    "refund reimburse moneyback repay reembolso rembours ruckerstatt rueckerstattung return",
    "delivery shipping shipment parcel package courier tracking arrive envio lieferung paket colis livraison entrega dispatch",
    "invoice bill billing receipt factura rechnung facture fatura",
    "charge charged payment pay paid card debit cobro abgebucht prelevement",
    "cancel cancellation terminate unsubscribe close kundigung resiliation cancelar",
    "password login signin credentials locked account contrasena passwort anmelden senha",
    "broken damaged defective cracked faulty roto kaputt casse quebrado",
    "error bug crash fail failure problem issue fehler erreur erro",
    "price cost pricing fee tarif plan subscription quote",
    "upgrade premium seats expand enterprise",
    "customer client buyer user contact cliente kunde",
    "meeting call appointment schedule demo",
    "deal opportunity pipeline sale contract",
    "late delay delayed overdue slow waiting retraso verspatet retard atraso",
    "angry upset unhappy disappointed frustrated complaint",
    "phone telephone mobile number",
    "email mail e-mail message inbox",
    "warranty guarantee repair replacement replace exchange",
    "address move relocation location",
    "opening hours open weekend holiday",
)
_CONCEPT_OF = {stem(bare(w)): f"concept:{n}" for n, group in enumerate(_CONCEPTS) for w in group.split()}


@lru_cache(maxsize=20_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    root = stem(bare(word))
    weight = 0.15 if word in STOPWORDS else 1.0
    named = [(f"w:{root}", weight)]
    if concept := _CONCEPT_OF.get(root):
        named.append((concept, 0.9))
    if word not in STOPWORDS:
        padded = f"^{root}$"
        grams = [padded[i : i + 3] for i in range(len(padded) - 2)]
        named += [(f"g:{g}", 0.35 / math.sqrt(len(grams))) for g in grams]
    return tuple((zlib.crc32(name.encode()), w) for name, w in named)


def _counted(text: str) -> dict[int, float]:
    total: dict[int, float] = {}
    previous = ""
    for word in words(text) or list(text.strip()) or [" "]:
        for feature, weight in _features(word):
            total[feature] = total.get(feature, 0.0) + weight
        if previous and word not in STOPWORDS and previous not in STOPWORDS:
            pair = zlib.crc32(f"p:{stem(previous)} {stem(word)}".encode())
            total[pair] = total.get(pair, 0.0) + 0.5
        previous = word
    return {feature: 1 + math.log(w) if w > 1 else w for feature, w in total.items()}


def embed(text: str, native: int, dimensions: int | None = None) -> list[float]:
    """Unit length, shortened ones too. Each feature leaves a faint copy in the first slots, so that short vectors still tell."""
    vector = [0.0] * native
    for feature, weight in _counted(text).items():
        for salt, room, share in ((0x9E3779B1, native, 1.0), (0x85EBCA77, 256, 0.3)):
            mixed = (feature * salt) & 0xFFFFFFFF
            vector[(mixed >> 8) % room] += weight * share if mixed & 1 else -weight * share
    vector = vector[: dimensions or native]
    length = math.sqrt(sum(v * v for v in vector)) or 1.0
    if length == 1.0 and not any(vector):
        vector[0] = 1.0
    return [v / length for v in vector]


def packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def closeness(a: str, b: str) -> float:
    """Cosine of the raw features: the same nearness without the detour over a vector."""
    left, right = _counted(a), _counted(b)
    dot = sum(w * right.get(f, 0.0) for f, w in left.items())
    size = math.sqrt(sum(w * w for w in left.values()) * sum(w * w for w in right.values()))
    return dot / size if size else 0.0
