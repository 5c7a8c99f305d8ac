"""Documents that survive kill -9: one SQLite file, written through, read whole at start."""

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

Doc = dict[str, Any]


class Store:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "sandbox.db", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS docs (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))")

    def all(self, kind: str) -> list[Doc]:
        rows = self._db.execute("SELECT body FROM docs WHERE kind = ? ORDER BY length(id), id", (kind,))
        return [json.loads(body) for (body,) in rows]

    def put(self, kind: str, *docs: Doc) -> None:
        self.put_many((kind, doc) for doc in docs)

    def put_many(self, docs: Iterable[tuple[str, Doc]]) -> None:
        rows = [(kind, str(doc["id"]), json.dumps(doc)) for kind, doc in docs]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO docs VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def delete(self, kind: str, doc_id: str | int) -> None:
        self._db.execute("DELETE FROM docs WHERE kind = ? AND id = ?", (kind, str(doc_id)))

    def clear(self) -> None:
        self._db.execute("DELETE FROM docs")

    def close(self) -> None:
        self._db.close()
