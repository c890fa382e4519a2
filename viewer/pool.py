"""A few read-only connections, shared by the threads of the viewer.

A connection that the server closed (it was restarted) is thrown away and the query asked again on
a new one: reading twice harms nothing. The embedded PostgreSQL is never started from here, or a
page left open in a browser would bring it back after `./stop.sh`.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type
from psycopg2.extras import RealDictCursor

from pipeline import database
from pipeline.errors import DatabaseError, DatabaseUnavailableError, PipelineError
from pipeline.settings import Settings

Row = dict[str, Any]
TIME_ZONE = "America/Sao_Paulo"


class NotPreparedError(DatabaseUnavailableError):
    """The database or its reading role is not there yet: nothing was ever captured."""


class SlowQueryError(DatabaseError):
    """PostgreSQL gave up a query that took longer than it may."""


class ReadPool:
    """Up to `size` connections, opened when first needed; thread-safe."""

    def __init__(self, settings: Settings, size: int = 8) -> None:
        self._settings = settings
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._slots = threading.BoundedSemaphore(size)

    def fetch(
        self, query: str | sql.Composable, values: Any = None, *, timeout_ms: int = 0
    ) -> list[Row]:
        """Run one query; return its rows as dictionaries, times in America/Sao_Paulo.

        Raises NotPreparedError, SlowQueryError (after 30 s, or `timeout_ms`), and what
        `database.connect` and `database.translated` raise.
        """
        with self._slots, database.translated():
            while True:
                connection, is_reused = self._take()
                try:
                    return _run(connection, query, values, timeout_ms)
                except psycopg2.errors.QueryCanceled as error:
                    raise SlowQueryError(
                        "a consulta demorou demais e foi interrompida. Restrinja o filtro e repita"
                    ) from error
                except psycopg2.Error:
                    if not (connection.closed and is_reused):
                        raise
                finally:
                    if not connection.closed:
                        self._idle.put(connection)

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
            cursor.execute("select set_config('timezone', %s, false)", [TIME_ZONE])
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


def _run(
    connection: Connection, query: str | sql.Composable, values: Any, timeout_ms: int
) -> list[Row]:
    with connection.cursor(cursor_factory=RealDictCursor) as cursor:
        if timeout_ms:
            cursor.execute("select set_config('statement_timeout', %s, false)", [str(timeout_ms)])
        try:
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]
        finally:
            if timeout_ms and not connection.closed:
                cursor.execute("reset statement_timeout")
