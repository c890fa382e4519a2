"""The rows of any table: one page of them, how many, all of them.

How a page is read stands in viewer/reading.py. A large table without indexes is looked at one
release at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from viewer.catalog import Relation, planned_rows
from viewer.filters import TRUE, FilterError, where
from viewer.formats import cell
from viewer.lookup import Lookup
from viewer.pool import ReadPool, SlowQueryError
from viewer.reading import Plan, Reading, Window, column_names, table_name
from viewer.releases import Release

LARGE_ROWS = 200_000
COUNTED_ROWS = 50_000
"""So many rows are counted at once; of more, an estimate is given."""
SEARCHABLE_ROWS = 30_000
COUNT_TIMEOUT_MS = 20_000
LONGEST_PAGE = 1_000
LAST_ROW = 2**31


@dataclass(frozen=True)
class View:
    """What a reader asked of a table: AG Grid's filter and sort models, search, one release."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    sorts: Sequence[Mapping[str, Any]] = ()
    search: str = ""
    release: Release | None = None


@dataclass(frozen=True)
class Count:
    """How many rows; `kind` is exact, about (an estimate) or unknown."""

    rows: int
    kind: str


def needs_release(relation: Relation) -> bool:
    """Tell whether a table is too large to be looked at as a whole: large, and without indexes."""
    is_large = relation.estimate >= LARGE_ROWS
    return is_large and not relation.words and relation.has("ano", "mes")


def can_search(relation: Relation) -> bool:
    """Tell whether a search through all text answers in good time."""
    return bool(relation.words) or relation.estimate < SEARCHABLE_ROWS


def page(
    pool: ReadPool, relation: Relation, view: View, start: int, end: int
) -> list[dict[str, str | None]]:
    """Return rows `start` to `end` (excluded) as text; fewer mean that the table ends there.

    Raises FilterError for what is not in the table, and what `ReadPool.fetch` raises.
    """
    start = max(int(start), 0)
    limit = min(max(int(end) - start, 0), LONGEST_PAGE)
    plan = _plan(pool, relation, view)
    found = Reading(pool, relation, plan, view.sorts).rows(Window(start, limit))
    return [
        {column.name: cell(row[column.name], column) for column in relation.columns}
        for row in found
    ]


def count(pool: ReadPool, relation: Relation, view: View, *, exactly: bool = False) -> Count:
    """Count the rows that pass: an estimate where there are many, unless `exactly` is asked."""
    plan = _plan(pool, relation, view)
    if not exactly and plan.expected > COUNTED_ROWS:
        return Count(plan.expected, "about")
    query = sql.SQL("select count(*) as rows from {} as t where {}").format(
        table_name(relation), plan.condition
    )
    try:
        rows = pool.fetch(query, timeout_ms=COUNT_TIMEOUT_MS)
    except SlowQueryError:
        return Count(0, "unknown")
    return Count(int(rows[0]["rows"]), "exact")


def stream(pool: ReadPool, relation: Relation, view: View) -> Iterator[list[tuple[Any, ...]]]:
    """Give all rows that pass, in the order of the grid, as values of the table's columns."""
    plan = _plan(pool, relation, view)
    chosen: sql.Composable = Reading(pool, relation, plan, view.sorts).chosen
    if relation.words and plan.expected > COUNTED_ROWS and not view.sorts:
        chosen = sql.SQL("where {}").format(plan.condition)
    query = sql.SQL("select {} from {} as t {}").format(
        column_names(relation), table_name(relation), chosen
    )
    return pool.stream(query)


def _plan(pool: ReadPool, relation: Relation, view: View) -> Plan:
    if view.search and not can_search(relation):
        raise FilterError(
            f"{relation.full_name} não tem índice de busca; filtre uma coluna, ou busque em "
            "staging.historic_transformed"
        )
    narrowing = Lookup(pool, relation) if relation.words else None
    condition = where(relation, view.filters, view.search, narrowing)
    if view.release:
        condition = sql.SQL("t.ano = {} and t.mes = {} and {}").format(
            *map(sql.Literal, view.release), condition
        )
    if condition is TRUE:
        return Plan(TRUE, relation.estimate, relation.estimate, relation.estimate)
    query = sql.SQL("explain (format json) select 1 from {} as t where {}")
    expected, visited = planned_rows(pool.fetch(query.format(table_name(relation), condition)))
    return Plan(condition, expected, visited, relation.estimate)
