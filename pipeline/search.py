"""What makes a million rows answer at once: an index for every column, and one for words.

Every column of a transformed table gets a B-tree in the order in which the viewer sorts it; names
and CPFs, the only text with many values, also a GIN index of their words. dbt makes its tables
without these, and notes values and words (macro `note_values`), so that a piece of text finds what
contains it: the embedded PostgreSQL has no pg_trgm. The rows can be read at once, and are quick to
search when this is done.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type

from pipeline import database
from pipeline.settings import Settings

logger = logging.getLogger(__name__)

TABLES: Mapping[str, str] = {"recente": "transformed", "historico": "historic_transformed"}
"""The table of schema staging that each target of a materialization ends in."""
SORTED_TYPES = {"text", "bigint", "smallint", "integer", "boolean", "date"}
BUILD_MEMORY = "256MB"
WORDS = sql.SQL(
    "using gin (public.palavras(coalesce(nome, '') || ' ' || coalesce(replace(cpf, '.', ' '), '')))"
)


def prepare_search(settings: Settings, target: str) -> int:
    """Make the indexes that the target's table still lacks; return how many.

    Rows can be read meanwhile. A run that dies leaves what it has made; the next one goes on.
    """
    started = time.monotonic()
    table = TABLES[target]
    with database.transaction(settings) as connection:
        missing = _missing_indexes(connection, table)
    for statement in missing:
        with database.transaction(settings) as connection, connection.cursor() as cursor:
            cursor.execute("select set_config('maintenance_work_mem', %s, true)", [BUILD_MEMORY])
            cursor.execute(statement)
    if missing:
        with database.transaction(settings) as connection, connection.cursor() as cursor:
            cursor.execute(sql.SQL("analyze {}").format(sql.Identifier("staging", table)))
        seconds = time.monotonic() - started
        logger.info("staging.%s: %d índices da busca em %.1f s", table, len(missing), seconds)
    return len(missing)


def _columns(connection: Connection, table: str) -> dict[str, str]:
    """Return the columns that can be sorted and their types, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select attname, format_type(atttypid, null) from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            [f"staging.{table}"],
        )
        return {
            name: kind
            for name, kind in cursor
            if kind in SORTED_TYPES or kind.startswith(("numeric", "timestamp"))
        }


def _missing_indexes(connection: Connection, table: str) -> list[sql.Composed]:
    """Return a statement for each index that the table ought to have and has not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select indexname from pg_indexes where schemaname = 'staging' and tablename = %s",
            [table],
        )
        present = {name for (name,) in cursor}
    columns = _columns(connection, table)
    wanted: dict[str, sql.Composable] = {
        f"{table}_ordem_{place}": _sorted(name, kind)
        for place, (name, kind) in enumerate(columns.items(), 1)
    }
    wanted[f"{table}_palavras"] = WORDS
    return [
        sql.SQL("create index {} on {} {}").format(
            sql.Identifier(name), sql.Identifier("staging", table), definition
        )
        for name, definition in wanted.items()
        if name not in present
    ]


def _sorted(name: str, kind: str) -> sql.Composed:
    """Return the order of a column's index: text from A on, amounts and dates from the greatest."""
    template = '((public.sem_acento({}) collate "C"))' if kind == "text" else "({} desc nulls last)"
    return sql.SQL(template).format(sql.Identifier(name))
