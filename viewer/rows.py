"""The rows of any table: one page of them, how many, all of them.

A table with an index for every column (`Relation.words`) is read in one of two ways. Where few rows
pass, they are collected by their words and sorted. Where many pass, an index is walked in the order
that is wanted until the page is full. PostgreSQL's planner says which; a walk that takes long is
given up for the other way, which gives the same order.
Any other table is sorted as it is; a large one is looked at one release at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from viewer.catalog import Relation, planned_rows
from viewer.filters import TRUE, FilterError, SortKey, order_by, sort_keys, where
from viewer.formats import cell
from viewer.lookup import Lookup
from viewer.pool import ReadPool, Row, SlowQueryError

LARGE_ROWS = 200_000
FEW_ROWS = 120_000
SEARCHABLE_ROWS = 30_000
WALK_TIMEOUT_MS = 150
COUNT_TIMEOUT_MS = 20_000
LONGEST_PAGE = 1_000
MOST_REMEMBERED = 500
LAST_ROW = 2**31
Release = tuple[int, int]


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


@dataclass(frozen=True)
class _Plan:
    """How to read: the condition, how many rows may pass, whether to walk an index."""

    condition: sql.Composable
    expected: int
    is_walk: bool


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
    found = _read(pool, relation, view, plan, (start, limit))
    return [
        {column.name: cell(row[column.name], column) for column in relation.columns}
        for row in found
    ]


def count(pool: ReadPool, relation: Relation, view: View, *, exactly: bool = False) -> Count:
    """Count the rows that pass: an estimate where there are many, unless `exactly` is asked."""
    plan = _plan(pool, relation, view)
    if not exactly and plan.expected > FEW_ROWS:
        return Count(plan.expected, "about")
    query = sql.SQL("select count(*) as rows from {} as t where {}").format(
        _name(relation), plan.condition
    )
    try:
        rows = pool.fetch(query, timeout_ms=COUNT_TIMEOUT_MS)
    except SlowQueryError:
        return Count(0, "unknown")
    return Count(int(rows[0]["rows"]), "exact")


def stream(pool: ReadPool, relation: Relation, view: View) -> Iterator[list[tuple[Any, ...]]]:
    """Give all rows that pass, in the order of the grid, as values of the table's columns."""
    plan = _plan(pool, relation, view)
    chosen = CHOSEN.format(plan.condition, order_by(relation, view.sorts))
    if plan.is_walk and not view.sorts:
        chosen = sql.SQL("where {}").format(plan.condition)
    query = sql.SQL("select {} from {} as t {}").format(_columns(relation), _name(relation), chosen)
    return pool.stream(query)


def releases(pool: ReadPool) -> list[Release]:
    """Return the releases in the tables, newest first."""
    rows = pool.fetch(
        "select ano, mes from public.arquivos where vigente order by ano desc, mes desc"
    )
    return [(row["ano"], row["mes"]) for row in rows]


def _plan(pool: ReadPool, relation: Relation, view: View) -> _Plan:
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
        return _Plan(TRUE, relation.estimate, is_walk=bool(relation.words))
    query = sql.SQL("explain (format json) select 1 from {} as t where {}")
    expected = planned_rows(pool.fetch(query.format(_name(relation), condition)))
    return _Plan(condition, expected, is_walk=bool(relation.words) and expected > FEW_ROWS)


def _read(
    pool: ReadPool, relation: Relation, view: View, plan: _Plan, window: tuple[int, int]
) -> list[Row]:
    """Fetch the rows of a window (first, number), by the plan's way, or by the other one.

    A view whose walk was once too slow is read the other way from then on, page after page.
    """
    keys = sort_keys(relation, view.sorts)
    collected = CHOSEN.format(plan.condition, order_by(relation, view.sorts))
    name = repr((relation.full_name, collected))
    if plan.is_walk and len(keys) <= 1 and name not in _too_slow:
        try:
            if keys and not keys[0].is_forward:
                return _walk_backwards(pool, relation, plan.condition, keys[0], window)
            order = sql.SQL("order by {}").format(keys[0].clause) if keys else sql.SQL("")
            chosen = sql.SQL("where {} {}").format(plan.condition, order)
            return _fetch(pool, relation, chosen, window, walk_ms=WALK_TIMEOUT_MS)
        except SlowQueryError:  # those that pass stand far from where the walk begins
            _too_slow[name] = None
            while len(_too_slow) > MOST_REMEMBERED:
                _too_slow.pop(next(iter(_too_slow)), None)
    return _fetch(pool, relation, collected, window)


_too_slow: dict[str, None] = {}


def _walk_backwards(
    pool: ReadPool,
    relation: Relation,
    condition: sql.Composable,
    key: SortKey,
    window: tuple[int, int],
) -> list[Row]:
    """Fetch a window from the far end of an index; nulls stand there, and come last all the same.

    Ties have another order here than in the other way, so only a first page may be given up for it:
    later on a row could be on two pages.
    """
    start, limit = window
    walk_ms = WALK_TIMEOUT_MS if start == 0 else 0
    filled = sql.SQL("{} and {} is not null").format(condition, key.expression)
    order = sql.SQL("{} {} nulls first").format(key.expression, sql.SQL(key.direction))
    rows = _fetch(pool, relation, CHOSEN.format(filled, order), window, walk_ms=walk_ms)
    if len(rows) == limit:
        return rows
    before = sql.SQL("select count(*) as rows from {} as t where {}")
    number = int(pool.fetch(before.format(_name(relation), filled))[0]["rows"])
    empty = sql.SQL("{} and {} is null").format(condition, key.expression)
    rest = (max(start - number, 0), limit - len(rows))
    return rows + _fetch(pool, relation, CHOSEN.format(empty, sql.SQL("t.ctid")), rest)


def _fetch(
    pool: ReadPool,
    relation: Relation,
    chosen: sql.Composable,
    window: tuple[int, int],
    *,
    walk_ms: int | None = None,
) -> list[Row]:
    """Fetch a window of the chosen rows; the keys first, the wide rows after that.

    With `walk_ms` their order is an index's, or the table's, and the fetch is given up after so
    many milliseconds (0: as late as any).
    """
    parts = {
        "table": _name(relation),
        "columns": _columns(relation),
        "chosen": chosen,
        "start": sql.Literal(window[0]),
        "limit": sql.Literal(window[1]),
        "keys": _list("t.{}", relation.key),
        "key": _list("page.{}", relation.key),
    }
    if relation.has_lines and not relation.key:
        return _fetch_by_line(pool, relation, sql.SQL(LINES).format(**parts))
    query = sql.SQL(PAGE_BY_KEY if relation.key else PAGE).format(**parts)
    return pool.fetch(query, timeout_ms=walk_ms or 0, in_index_order=walk_ms is not None)


def _fetch_by_line(pool: ReadPool, relation: Relation, lines: sql.Composable) -> list[Row]:
    """Fetch the rows of a view for the lines that a query names, in its order.

    A view that cleans what it shows would clean every row before the order is known.
    """
    keys = [tuple(row.values()) for row in pool.fetch(lines)]
    if not keys:
        return []
    query = sql.SQL(
        "select t.ano as key_ano, t.mes as key_mes, t.linha_origem as key_linha, {} "
        "from {} as t where (t.ano, t.mes, t.linha_origem) in ({})"
    ).format(_columns(relation), _name(relation), sql.SQL(", ").join(map(sql.Literal, keys)))
    found = {(row["key_ano"], row["key_mes"], row["key_linha"]): row for row in pool.fetch(query)}
    return [found[key] for key in keys if key in found]


CHOSEN = sql.SQL("where {} order by {}")
PAGE = "select {columns} from {table} as t {chosen} limit {limit} offset {start}"
LINES = (
    "select t.ano, t.mes, t.linha_origem from {table} as t {chosen} limit {limit} offset {start}"
)
# The place in the page keeps the order through the join.
PAGE_BY_KEY = """
    select {columns}
    from (
        select {keys}, row_number() over () as place
        from (
            select {keys} from {table} as t {chosen} limit {limit} offset {start}
        ) as t
    ) as page
    inner join {table} as t on ({keys}) = ({key})
    order by page.place
"""


def _name(relation: Relation) -> sql.Identifier:
    return sql.Identifier(relation.schema, relation.name)


def _columns(relation: Relation) -> sql.Composed:
    return _list("t.{}", [column.name for column in relation.columns])


def _list(template: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)
