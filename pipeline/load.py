"""Put a parsed file into PostgreSQL: one transaction, `COPY`, a partition per release.

The rows go into a new table that then takes the place of the release's partition, so readers see
the old rows until the new ones are all there, and a process that dies leaves the old ones whole.
"""

from __future__ import annotations

import io
import logging
import threading
from typing import Any

import pyarrow.csv as pa_csv
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type

from pipeline import database, ledger
from pipeline.columns import PUBLISHED
from pipeline.errors import DatabaseError
from pipeline.ledger import Capture
from pipeline.parsed import ROW_SCHEMA
from pipeline.settings import Settings

logger = logging.getLogger(__name__)

LOCK = "terceirizados.carga"
BATCH_ROWS = 4_096
READ_BYTES = 1 << 18
_one_at_a_time = threading.Lock()  # threads of one run wait for each other without a word


def load(settings: Settings, capture: Capture, *, refresh: bool = False) -> bool:
    """Replace the release's rows, set-aside lines and ledger entry by those of the capture.

    Returns False when another run has loaded the same file meanwhile (with `refresh` it is loaded
    again all the same). Raises DatabaseError when
    PostgreSQL refuses it or counts other rows than were parsed; nothing is changed then.
    """
    release = capture.release
    with _one_at_a_time, database.transaction(settings) as connection:
        _wait_for_lock(connection)
        if not refresh and ledger.is_current(connection, release, capture.download.sha256):
            return False
        names = _names(capture)
        loaded = _copy_into_new_table(connection, capture, names)
        if loaded != capture.parsed.rows.num_rows:
            raise DatabaseError(
                f"{release.name}: {capture.parsed.rows.num_rows} linhas lidas, {loaded} gravadas; "
                "nada foi trocado. Repita a captura"
            )
        difference = _difference(connection, names)
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(SWAP).format(**names))
        ledger.replace_odd_lines(connection, capture)
        ledger.enter(connection, capture, difference)
        _point_raw_at_newest(connection)
    return True


def _wait_for_lock(connection: Connection) -> None:
    """Let one load at a time write; say who holds the lock while waiting for it."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtext(%s))", [LOCK])
        if cursor.fetchone() == (True,):
            return
        cursor.execute(HOLDER, [LOCK])
        pid, since = cursor.fetchone() or ("?", "?")
        logger.info(
            "Outra captura está gravando (processo %s do banco, desde %s); esperando que termine",
            pid,
            since,
        )
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [LOCK])


HOLDER = """
    select pg_stat_activity.pid, to_char(pg_stat_activity.xact_start, 'HH24:MI:SS')
    from pg_locks inner join pg_stat_activity using (pid)
    where pg_locks.locktype = 'advisory' and pg_locks.granted
    and pg_stat_activity.datname = current_database()
    and (pg_locks.classid::bigint << 32 | pg_locks.objid::bigint) = hashtext(%s)
    limit 1
"""


def _names(capture: Capture) -> dict[str, sql.Composable]:
    """Return what the statements below speak of."""
    release = capture.release
    name = f"historic_raw_{release.year}_{release.month:02d}"
    return {
        "partition": sql.Identifier("public", name),
        "incoming": sql.Identifier("public", f"chegando_{release.year}_{release.month:02d}"),
        "name": sql.Identifier(name),
        "partition_text": sql.Literal(f"public.{name}"),
        "year": sql.Literal(release.year),
        "month": sql.Literal(release.month),
        "next_month": sql.Literal(release.month + 1),
        "file": sql.Literal(release.name),
        "columns": sql.SQL(", ").join(map(sql.Identifier, ROW_SCHEMA.names)),
        "published": sql.SQL(", ").join(map(sql.Identifier, PUBLISHED)),
    }


def _copy_into_new_table(
    connection: Connection, capture: Capture, names: dict[str, sql.Composable]
) -> int:
    """Fill a new table with the rows; return how many PostgreSQL took."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL(NEW_TABLE).format(**names))
        cursor.copy_expert(
            sql.SQL(COPY).format(**names), _CsvStream(capture.parsed.rows), size=READ_BYTES
        )
        return int(cursor.rowcount)


def _difference(
    connection: Connection, names: dict[str, sql.Composable]
) -> ledger.Difference | None:
    """Compare the new table with the partition it will replace; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("select to_regclass({partition_text})").format(**names))
        if cursor.fetchone() == (None,):
            return None
        cursor.execute(sql.SQL(DIFFERENCE).format(**names))
        came, left, changed = cursor.fetchone() or (0, 0, 0)
    return ledger.Difference(came - changed, left - changed, changed)


NEW_TABLE = """
    drop table if exists {incoming};
    create table {incoming} (like public.historic_raw including defaults including comments);
    alter table {incoming}
        alter ano set default {year},
        alter mes set default {month},
        alter arquivo_origem set default {file},
        add constraint versao check (ano = {year} and mes = {month});
"""
COPY = "copy {incoming} ({columns}) from stdin with (format csv)"
DIFFERENCE = """
    with before as (select id_terc, md5(row({published})::text) as row_hash from {partition}),
    after as (select id_terc, md5(row({published})::text) as row_hash from {incoming}),
    came as (select * from after except all select * from before),
    gone as (select * from before except all select * from after),
    changed as (select id_terc from came intersect all select id_terc from gone)
    select
        (select count(*) from came),
        (select count(*) from gone),
        (select count(*) from changed)
"""
# The locks are taken in the order in which a reader of the view takes them; else both could wait
# for each other for ever.
SWAP = """
    lock table public.raw, public.historic_raw in access exclusive mode;
    drop table if exists {partition};
    alter table {incoming} rename to {name};
    alter table public.historic_raw attach partition {partition}
        for values from ({year}, {month}) to ({year}, {next_month});
    alter table {partition} drop constraint versao;
"""


class _CsvStream(io.RawIOBase):
    """The rows as CSV, made batch by batch while `COPY` reads."""

    def __init__(self, rows: Any) -> None:
        self._batches = iter(rows.to_batches(max_chunksize=BATCH_ROWS))
        self._options = pa_csv.WriteOptions(include_header=False, batch_size=BATCH_ROWS)
        self._buffer = io.BytesIO()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes; an empty answer is the end."""
        chunk = self._buffer.read(size)
        while not chunk:
            batch = next(self._batches, None)
            if batch is None:
                return b""
            self._buffer = io.BytesIO()
            pa_csv.write_csv(batch, self._buffer, self._options)
            self._buffer.seek(0)
            chunk = self._buffer.read(size)
        return chunk


def _point_raw_at_newest(connection: Connection) -> None:
    """Let `public.raw` read the newest release's partition; constants let PostgreSQL see that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select ano, mes from public.arquivos where vigente order by ano desc, mes desc limit 1"
        )
        year, month = cursor.fetchone() or (None, None)
        cursor.execute(
            sql.SQL(
                "create or replace view public.raw as "
                "select * from public.historic_raw where ano = {} and mes = {}"
            ).format(sql.Literal(year), sql.Literal(month))
        )
