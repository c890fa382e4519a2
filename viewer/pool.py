"""A few read-only connections, shared by the threads of the viewer; a few more for exports.

A connection that the server closed (it was restarted) is thrown away and the query asked again on
a new one: reading twice harms nothing. The embedded PostgreSQL is never started from here, or a
page left open in a browser would bring it back after `./stop.sh`.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, TypeVar

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type
from psycopg2.extras import RealDictCursor

from pipeline import database
from pipeline.errors import DatabaseError, DatabaseUnavailableError, PipelineError
from pipeline.settings import Settings

Row = dict[str, Any]
Answer = TypeVar("Answer")
TIME_ZONE = "America/Sao_Paulo"
SESSION = {
    "timezone": TIME_ZONE,
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
}
"""Many readers share the machine's cores; and a table is always read from its first row on."""
MOST_STREAMS = 3
MOST_ANSWERS = 100
STREAM_PATIENCE_S = 5.0


class NotPreparedError(DatabaseUnavailableError):
    """The database or its reading role is not there yet: nothing was ever captured."""


class SlowQueryError(DatabaseError):
    """PostgreSQL gave up a query that took longer than it may."""


class BusyError(DatabaseError):
    """As many exports as may run at once do so already."""


class ReadPool:
    """Up to `size` connections, opened when first needed; thread-safe."""

    def __init__(self, settings: Settings, size: int = 8) -> None:
        self._settings = settings
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._slots = threading.BoundedSemaphore(size)
        self._streams = threading.BoundedSemaphore(MOST_STREAMS)
        self._answers: dict[Hashable, Any] = {}
        self.long = threading.Lock()
        """To be held by what takes long, so that there is one such at a time."""

    def fetch(
        self,
        query: str | sql.Composable,
        values: Any = None,
        *,
        timeout_ms: int = 0,
        avoid: Sequence[str] = (),
    ) -> list[Row]:
        """Run one query; return its rows as dictionaries, times in America/Sao_Paulo.

        What to `avoid` (sort, indexscan, seqscan) is done where there is no other way. Raises
        NotPreparedError, SlowQueryError (after 30 s, or `timeout_ms`), and what `database.connect`
        and `database.translated` raise.
        """
        options = {"statement_timeout": str(timeout_ms)} if timeout_ms else {}
        options |= {f"enable_{step}": "off" for step in avoid}
        with self._slots, database.translated():
            while True:
                connection, is_reused = self._take()
                try:
                    return _run(connection, query, values, options)
                except psycopg2.errors.QueryCanceled as error:
                    raise _slow() from error
                except psycopg2.Error:
                    if not (connection.closed and is_reused):
                        raise
                finally:
                    if not connection.closed:
                        self._idle.put(connection)

    def stream(
        self, query: str | sql.Composable, values: Any = None, chunk_rows: int = 5_000
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Run one query; give its rows in chunks, none of them kept; for exports.

        It has a connection of its own, so that slow downloads leave the pages alone. Raises
        BusyError when three run already, and what `fetch` raises.
        """
        if not self._streams.acquire(timeout=STREAM_PATIENCE_S):
            raise BusyError(
                f"já há {MOST_STREAMS} exportações em curso. Espere que uma termine e repita"
            )
        try:
            with database.translated():
                connection = self._connect()
                try:
                    connection.autocommit = False
                    with connection.cursor(name="exportacao") as cursor:
                        cursor.itersize = chunk_rows
                        cursor.execute(query, values)
                        while rows := cursor.fetchmany(chunk_rows):
                            yield rows
                except psycopg2.errors.QueryCanceled as error:
                    raise _slow() from error
                finally:
                    connection.close()
        finally:
            self._streams.release()

    def remembered(self, key: Hashable, ask: Callable[[], Answer]) -> Answer:
        """Return what `ask` returned for this key before, never None.

        For what takes long to find out, one at a time; the key must say all that it depends on.
        """
        found: Answer | None = self._answers.get(key)
        if found is not None:
            return found
        with self.long:
            found = self._answers.get(key)
            if found is None:
                found = self._answers[key] = ask()
                while len(self._answers) > MOST_ANSWERS:
                    del self._answers[next(iter(self._answers))]
            return found

    def check(self) -> None:
        """Ask the database for one row; raises what `fetch` raises when it does not answer."""
        self.fetch("select 1", timeout_ms=3_000)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while not self._idle.empty():
            self._idle.get_nowait().close()

    def _take(self) -> tuple[Connection, bool]:
        try:
            return self._idle.get_nowait(), True
        except queue.Empty:
            return self._connect(), False

    def _connect(self) -> Connection:
        _refuse_to_start(self._settings)
        try:
            connection = database.connect(self._settings, read_only=True)
        except PipelineError as error:
            if "does not exist" in str(error.__cause__):
                raise NotPreparedError(
                    f"o banco {self._settings.db_name!r} ainda não foi criado. "
                    "Rode python run/capture.py"
                ) from error
            raise
        connection.autocommit = True
        with connection.cursor() as cursor:
            for name, value in SESSION.items():
                cursor.execute("select set_config(%s, %s, false)", [name, value])
        return connection


def _refuse_to_start(settings: Settings) -> None:
    folder = settings.data_dir / "postgres"
    if not settings.is_embedded or (folder / "postmaster.pid").exists():
        return
    if not (folder / "PG_VERSION").exists():
        raise NotPreparedError(
            f"ainda não há banco em {settings.data_dir.name}. Rode python run/capture.py"
        )
    raise DatabaseUnavailableError(
        f"o PostgreSQL embutido de {settings.data_dir.name} está parado. Rode ./start.sh"
    )


def _slow() -> SlowQueryError:
    return SlowQueryError(
        "a consulta demorou demais e foi interrompida. Restrinja o filtro e repita"
    )


def _run(
    connection: Connection, query: str | sql.Composable, values: Any, options: dict[str, str]
) -> list[Row]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        for name, value in options.items():
            cursor.execute("select set_config(%s, %s, false)", [name, value])
        try:
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]
        finally:
            for name in options:
                if not connection.closed:
                    cursor.execute(sql.SQL("reset {}").format(sql.Identifier(name)))
