"""Retrieval in a table that tenants of every size share: what a search misses, and what it costs.

The vectors are made: clusters around random centres, so that near ones exist and are not trivially near. Real ones are
not distributed like that; docs/decisions/0008 says what was measured on texts.
"""

from __future__ import annotations

import random
import statistics
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg

from bench.findings import Finding, at_least
from bench.rounds import interleaved
from bench.stage import Place, Stage
from sidedesk.knowledge import retrieval
from sidedesk.platform import tenants
from sidedesk.platform.db import Database
from sidedesk.platform.scope import Scope
from sidedesk.platform.vectors import HalfVector

SIZE = 1536
MODEL = "bench"
TENANTS = (50, 1_000, 5_000, 10_000, 30_000)
RECALL_BAR = 0.99
QUERIES = 40
CLUSTER = 60  # texts that say nearly the same
SPREAD = 1.1  # of a text around its cluster, in units of the centre: their cosine is about 0.45
WORDS = 60
VOCABULARY = 8_000
EXACT = """
SELECT v.id FROM retrieval_vectors v WHERE v.tenant_id = (SELECT current_tenant()) AND v.model = %(model)s
 ORDER BY v.vector <=> %(vector)s::halfvec LIMIT 10
"""


@dataclass
class Ask:
    vector: list[float]
    text: str


class Corpus:
    """Deterministic vectors and texts. Noise is read at random places of one long strip: making it anew would take minutes."""

    def __init__(self) -> None:
        self.random = random.Random(15)
        self.strip = [self.random.gauss(0, 1) for _ in range(400_000)]
        self.words = [f"{self.random.choice('bdfgklmnprst')}{number:x}o" for number in range(VOCABULARY)]
        self.weights = [1 / (place + 30) for place in range(VOCABULARY)]  # the most frequent is in a third of all texts

    def noise(self) -> list[float]:
        begin = self.random.randrange(len(self.strip) - SIZE)
        return self.strip[begin : begin + SIZE]

    def near(self, centre: Sequence[float], spread: float = SPREAD) -> list[float]:
        return [value + spread * other for value, other in zip(centre, self.noise(), strict=True)]

    def text(self) -> str:
        return " ".join(self.random.choices(self.words, self.weights, k=WORDS))

    def question(self, text: str) -> str:
        return " ".join(self.random.sample(text.split(), 6))


def measure(stage: Stage) -> list[Finding]:
    with stage.place() as place:
        corpus = Corpus()
        scopes = _fill(place, corpus)
        findings = [found for size, scope in scopes.items() for found in _of_size(place, corpus, size, scope)]
        findings.append(_against_exact(place, corpus, scopes[10_000]))
        return findings


def _of_size(place: Place, corpus: Corpus, size: int, scope: Scope) -> list[Finding]:
    database = place.world.database
    asks = list(_asks(corpus, database, scope))
    recalls = []
    for ask in asks:
        with database.batch(scope) as batch:
            exact = batch.values(EXACT, {"vector": HalfVector(ask.vector), "model": MODEL})
        true = set(exact.all())
        found = {hit.id for hit in _search(database, scope, ask.vector, "", 10)}
        recalls.append(len(found & true) / len(true))
    low, mean = min(recalls), statistics.fmean(recalls)
    name = f"tenant of {size:,} texts"
    trips = database.round_trips
    _search(database, scope, asks[0].vector, asks[0].text, 8)
    trips = database.round_trips - trips
    times = {what: _median(database, scope, asks, what == "hybrid") for what in ("meaning", "hybrid")}
    note = f"meaning {times['meaning']:.1f} ms, with words {times['hybrid']:.1f} ms, {trips} round trip"
    return [Finding(f"{name}: recall@10 of the exact scan", round(mean, 4), low, max(recalls), at_least=RECALL_BAR, note=note)]  # fmt: skip


def _median(database: Database, scope: Scope, asks: Sequence[Ask], words: bool) -> float:
    taken = []
    for ask in asks:
        begun = time.perf_counter()
        _search(database, scope, ask.vector, ask.text if words else "", 8)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken) * 1000


def _search(database: Database, scope: Scope, vector: list[float], text: str, limit: int) -> list[retrieval.Hit]:
    return retrieval.search(
        database, scope, text=text, vector=vector, model=MODEL, collections=("kb",), limit=limit
    )  # fmt: skip


def _asks(corpus: Corpus, database: Database, scope: Scope) -> Iterator[Ask]:
    """Questions near a text of the tenant, in some of its words."""
    sql = (
        "SELECT v.vector::text AS vector, t.text FROM retrieval_vectors v JOIN retrieval_texts t USING (tenant_id, id) "
        "ORDER BY v.id LIMIT %(many)s"
    )
    for row in database.dicts(scope, sql, {"many": QUERIES}):
        values = [float(value) for value in row["vector"][1:-1].split(",")]
        yield Ask(corpus.near(values, SPREAD), corpus.question(row["text"]))


def _against_exact(place: Place, corpus: Corpus, scope: Scope) -> Finding:
    """Beside comparing every vector, in C and in the same memory. An array library would be the better rival; the project
    has none, so docs/decisions/0008 tells how it compared once."""
    database = place.world.database
    [ask] = list(_asks(corpus, database, scope))[:1]

    def exact() -> None:
        database.values(scope, EXACT, {"vector": HalfVector(ask.vector), "model": MODEL})

    rounds = interleaved({"exact": exact, "search": lambda: _search(database, scope, ask.vector, "", 10)}, rounds=30)
    note = f"{rounds.milliseconds('search')} against {rounds.milliseconds('exact')}"
    return at_least("10,000 texts: times faster than comparing every vector", rounds.ratio("exact", "search"), 2, note)


# Rows ------------------------------------------------------------------------------------------------------------------


def _fill(place: Place, corpus: Corpus) -> dict[int, Scope]:
    """Tenants of every size, their rows mixed on the pages as time would mix them. Written past the application for speed."""
    scopes = {}
    for size in TENANTS:
        tenant = uuid4()
        tenants.create(place.world.database, tenant, slug=f"size-{size}", name=str(size), timezone="UTC", members=[])
        scopes[size] = Scope.system(tenant, "bench")
    rows = [(scope.tenant_id, number) for size, scope in scopes.items() for number in range(size)]
    centres: dict[tuple[UUID, int], list[float]] = {}
    corpus.random.shuffle(rows)
    with psycopg.connect(place.world.owner_url) as connection, connection.cursor() as cursor:
        ids = [uuid4() for _ in rows]
        columns = "(tenant_id, id, collection, title, text)"
        with cursor.copy(f"COPY retrieval_texts {columns} FROM STDIN") as copy:
            for (tenant, _), row_id in zip(rows, ids, strict=True):
                copy.write_row((tenant, row_id, "kb", "", corpus.text()))
        with cursor.copy("COPY retrieval_vectors (tenant_id, id, model, vector) FROM STDIN (FORMAT BINARY)") as copy:
            for (tenant, number), row_id in zip(rows, ids, strict=True):
                key = tenant, number // CLUSTER
                if key not in centres:
                    centres[key] = corpus.noise()
                packed = struct.pack(f">HH{SIZE}e", SIZE, 0, *corpus.near(centres[key]))
                copy.write_row((tenant.bytes, row_id.bytes, MODEL.encode(), packed))
        cursor.execute(
            "INSERT INTO retrieval_bits (tenant_id, id, collection, model, bits) "
            "SELECT tenant_id, id, 'kb', model, binary_quantize(vector)::bit(1536) FROM retrieval_vectors"
        )
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE retrieval_texts, retrieval_bits, retrieval_vectors")
    return scopes
