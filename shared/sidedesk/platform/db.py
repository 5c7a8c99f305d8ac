"""Two doors to Postgres.

`database.batch(scope)` sends the scope and any number of statements in one round trip: one implicit transaction, results
read after the block. `database.transaction(scope)` opens a real one, for when a later statement needs an earlier result.

One connection per container, checked before a unit of work and never inside one. Safe behind a transaction pooler:
no session state, and no server-side prepared statements unless the settings say that nothing stands in between.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import BaseRowFactory, class_row, dict_row, scalar_row

from sidedesk.platform.errors import DomainError, Forbidden, Unauthenticated, Unavailable
from sidedesk.platform.scope import AnyScope, ServiceScope

Params = Mapping[str, Any] | None
Row = TypeVar("Row")

# A connection that slept longer than this may have been cut by something in between that told nobody.
IDLE_CHECK_SECONDS = 45.0
CONNECT_TIMEOUT_SECONDS = 5
# Uses of a statement before the server keeps its plan, where it may.
PREPARE_AFTER = 3

_ABANDON = "SELECT 1/0"
_REFUSALS: dict[str, type[DomainError]] = {"SD401": Unauthenticated, "SD403": Forbidden}


class Pending(Generic[Row]):
    """A result that exists once the batch is through."""

    def __init__(self, cursor: Cursor[Row]) -> None:
        self._cursor = cursor

    def all(self) -> list[Row]:
        return self._cursor.fetchall()

    def first(self) -> Row | None:
        return self._cursor.fetchone()

    def count(self) -> int:
        return self._cursor.rowcount


class Batch:
    """Statements that travel together."""

    def __init__(self, connection: Connection[Any], open_unit: Callable[[], None], sync: Callable[[], None]) -> None:
        self._connection = connection
        self._open_unit = open_unit
        self._sync = sync

    def rows(self, model: type[Row], sql: str, params: Params = None) -> Pending[Row]:
        return self._send(class_row(model), sql, params)

    def values(self, sql: str, params: Params = None) -> Pending[Any]:
        """The first column of each row."""
        return self._send(scalar_row, sql, params)

    def dicts(self, sql: str, params: Params = None) -> Pending[dict[str, Any]]:
        return self._send(dict_row, sql, params)

    def run(self, sql: str, params: Params = None) -> Pending[Any]:
        return self._send(scalar_row, sql, params)

    def commit(self) -> None:
        """End the transaction here and go on in a new one, with a new snapshot, still in the same round trip.

        Nobody waits for the first part: the second is sent and carried out even if the first one failed, and the
        block then raises the first one's error.
        """
        self._sync()
        self._open_unit()

    def _send(self, factory: BaseRowFactory[Any], sql: str, params: Params) -> Pending[Any]:
        cursor = self._connection.cursor(row_factory=factory)
        cursor.execute(sql, params)
        return Pending(cursor)


class Transaction:
    """Statements one after the other, each with its result."""

    def __init__(self, connection: Connection[Any]) -> None:
        self.connection = connection

    def rows(self, model: type[Row], sql: str, params: Params = None) -> list[Row]:
        return self._run(class_row(model), sql, params).fetchall()

    def row(self, model: type[Row], sql: str, params: Params = None) -> Row | None:
        return self._run(class_row(model), sql, params).fetchone()

    def values(self, sql: str, params: Params = None) -> list[Any]:
        return self._run(scalar_row, sql, params).fetchall()

    def value(self, sql: str, params: Params = None) -> Any:
        return self._run(scalar_row, sql, params).fetchone()

    def dicts(self, sql: str, params: Params = None) -> list[dict[str, Any]]:
        return self._run(dict_row, sql, params).fetchall()

    def run(self, sql: str, params: Params = None) -> int:
        return self._run(scalar_row, sql, params).rowcount

    def _run(self, factory: BaseRowFactory[Any], sql: str, params: Params) -> Cursor[Any]:
        cursor = self.connection.cursor(row_factory=factory)
        cursor.execute(sql, params)
        return cursor


class Database:
    """The one connection of this container."""

    def __init__(self, dsn: Callable[[], str], *, statement_timeout_ms: int = 20_000, prepare: bool = False) -> None:
        self._dsn = dsn
        self._timeout_ms = statement_timeout_ms
        self._prepare_after = PREPARE_AFTER if prepare else None
        self._connection: Connection[Any] | None = None
        self._used = 0.0
        self.round_trips = 0

    # One round trip -------------------------------------------------------------------------------------------------

    @contextmanager
    def batch(self, scope: AnyScope | None) -> Iterator[Batch]:
        """One implicit transaction: all of it happens or nothing. `scope=None` only for definer functions."""
        with _translated():
            connection = self._ready()
            entered: list[Cursor[Any]] = []
            with connection.pipeline() as pipeline:

                def open_unit() -> None:
                    if scope is not None:
                        entered.append(self._enter(connection, scope))

                open_unit()
                self.round_trips += 1
                # The public `sync()` waits for the answers so far: a round trip more. This only puts the mark.
                try:
                    yield Batch(connection, open_unit, pipeline._enqueue_sync)
                except BaseException:
                    # What was queued shares this statement's transaction, and falls with it.
                    connection.execute(_ABANDON)
                    raise
            self._settle(scope, entered)

    def rows(self, scope: AnyScope | None, model: type[Row], sql: str, params: Params = None) -> list[Row]:
        with self.batch(scope) as batch:
            pending = batch.rows(model, sql, params)
        return pending.all()

    def row(self, scope: AnyScope | None, model: type[Row], sql: str, params: Params = None) -> Row | None:
        with self.batch(scope) as batch:
            pending = batch.rows(model, sql, params)
        return pending.first()

    def values(self, scope: AnyScope | None, sql: str, params: Params = None) -> list[Any]:
        with self.batch(scope) as batch:
            pending = batch.values(sql, params)
        return pending.all()

    def value(self, scope: AnyScope | None, sql: str, params: Params = None) -> Any:
        with self.batch(scope) as batch:
            pending = batch.values(sql, params)
        return pending.first()

    def dicts(self, scope: AnyScope | None, sql: str, params: Params = None) -> list[dict[str, Any]]:
        with self.batch(scope) as batch:
            pending = batch.dicts(sql, params)
        return pending.all()

    def run(self, scope: AnyScope | None, sql: str, params: Params = None) -> int:
        with self.batch(scope) as batch:
            pending = batch.run(sql, params)
        return pending.count()

    # A conversation -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, scope: AnyScope) -> Iterator[Transaction]:
        """A real transaction. Hold none across a network call."""
        with _translated():
            connection = self._ready()
            with connection.transaction():
                entered = self._enter(connection, scope)
                self._settle(scope, [entered])
                self.round_trips += 1
                yield Transaction(connection)
            self._used = time.monotonic()

    # The connection -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _enter(self, connection: Connection[Any], scope: AnyScope) -> Cursor[Any]:
        cursor = connection.cursor(row_factory=scalar_row)
        sql, params = scope.entering(self._timeout_ms)
        cursor.execute(sql, params)
        return cursor

    def _settle(self, scope: AnyScope | None, entered: list[Cursor[Any]]) -> None:
        self._used = time.monotonic()
        if isinstance(scope, ServiceScope) and scope.proven is None and entered:
            scope.proven = entered[0].fetchone()

    def _ready(self) -> Connection[Any]:
        if self._connection is not None and not self._alive(self._connection):
            self.close()
        if self._connection is None:
            self._connection = self._connect()
            self._used = time.monotonic()
        return self._connection

    def _alive(self, connection: Connection[Any]) -> bool:
        if connection.closed or connection.broken:
            return False
        # An idle connection has nothing to say: if its socket is readable, the server has hung up.
        if select.select([connection.fileno()], [], [], 0)[0]:
            return False
        if time.monotonic() - self._used < IDLE_CHECK_SECONDS:
            return True
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> Connection[Any]:
        return psycopg.connect(
            self._dsn(),
            autocommit=True,
            prepare_threshold=self._prepare_after,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            keepalives_idle=30,
            tcp_user_timeout=10_000,
            application_name="sidedesk",
        )


@contextmanager
def _translated() -> Iterator[None]:
    """Driver errors that mean something to callers become ours; the rest passes."""
    try:
        yield
    except psycopg.errors.QueryCanceled as error:
        raise Unavailable("The database took too long. Try again, or ask for less.", code="database_timeout") from error
    except psycopg.OperationalError as error:
        raise Unavailable(
            "The database cannot be reached. Try again in a moment.", code="database_unavailable", retry_after=2
        ) from error
    except psycopg.Error as error:
        refusal = _REFUSALS.get(error.sqlstate or "")
        if refusal is None:
            raise
        message, _, code = (error.diag.message_primary or "").partition(" | ")
        raise refusal(message, code=code or None) from error


def constraint_of(error: psycopg.Error) -> str:
    """The name of the constraint that refused; services map names to domain errors."""
    return error.diag.constraint_name or ""
