"""The rows of any table: one page of them, how many, all of them.

A table with an index for every column (`Relation.words`) is read in one of two ways. Where few rows
pass, they are collected by their words and sorted. Where many pass, an index is walked in the order
that is wanted until the page is full. How many pass, PostgreSQL's planner says; whether a walk is
shorter follows from it, if they stand evenly. Estimates err, so the way that takes long is given up
for the other one, and that one for the first with more patience, until one has the page.
Any other table is sorted as it is; a large one is looked at one release at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from psycopg2 import sql

from viewer.catalog import Relation, planned_rows
from viewer.filters import TRUE, FilterError, SortKey, order_by, sort_keys, where
from viewer.formats import cell
from viewer.lookup import Lookup
from viewer.pool import ReadPool, Row, SlowQueryError

LARGE_ROWS = 200_000
COUNTED_ROWS = 50_000
"""So many rows are counted at once; of more, an estimate is given."""
SEARCHABLE_ROWS = 30_000
WALK_TO_COLLECT = 0.5
"""What a row costs that a walk passes by, against one that is collected."""
PATIENCE_MS = (250, 1_500)
"""How long each way may take, one round after the other."""
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
    """What to read: the condition, how many rows may pass it, of how many."""

    condition: sql.Composable
    expected: int
    total: int

    def is_walk(self, rows: int) -> bool:
        """Tell whether a walk until `rows` rows have passed costs less than to collect them all."""
        passed_by = rows * max(self.total, 1) / max(self.expected, 1)
        return passed_by * WALK_TO_COLLECT < max(self.expected, 1)


@dataclass(frozen=True)
class _Window:
    """Which of the rows to fetch, and after how many milliseconds to give up (0: as any query)."""

    start: int
    limit: int
    patience_ms: int = 0


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
    found = _read(pool, relation, view, plan, _Window(start, limit))
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
    if relation.words and plan.expected > COUNTED_ROWS and not view.sorts:
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
        return _Plan(TRUE, relation.estimate, relation.estimate)
    query = sql.SQL("explain (format json) select 1 from {} as t where {}")
    expected = planned_rows(pool.fetch(query.format(_name(relation), condition)))
    return _Plan(condition, expected, relation.estimate)


def _read(
    pool: ReadPool, relation: Relation, view: View, plan: _Plan, window: _Window
) -> list[Row]:
    """Fetch the rows of a window by the quicker way.

    Both give the same order, but where an index is read backwards: there ties have an order of
    their own, so what was quicker for the first page is kept to for all others.
    """
    keys = sort_keys(relation, view.sorts)
    collected = CHOSEN.format(plan.condition, order_by(relation, view.sorts))
    if not relation.words or len(keys) > 1:
        return _fetch(pool, relation, collected, window)
    key = keys[0] if keys else None
    name = repr((relation.full_name, collected))
    is_backward = key is not None and not key.is_forward

    def fetch(window: _Window, *, is_walk: bool) -> list[Row]:
        if is_walk:
            return _walk(pool, relation, plan.condition, key, window)
        return _fetch(pool, relation, collected, window)

    if is_backward and window.start:
        if name not in _quicker:
            _read(pool, relation, view, plan, replace(window, start=0))
        return fetch(window, is_walk=_quicker[name])
    first = _quicker.get(name, plan.is_walk(window.start + window.limit))
    for patience_ms, is_walk in itertools.product(PATIENCE_MS, (first, not first)):
        try:
            found = fetch(replace(window, patience_ms=patience_ms), is_walk=is_walk)
        except SlowQueryError:
            continue
        _remember(name, is_walk=is_walk)
        return found
    _remember(name, is_walk=False)
    return fetch(window, is_walk=False)


_quicker: dict[str, bool] = {}
"""The views that were read, and whether a walk was the quicker way."""


def _remember(name: str, *, is_walk: bool) -> None:
    _quicker[name] = is_walk
    while len(_quicker) > MOST_REMEMBERED:
        _quicker.pop(next(iter(_quicker)), None)


def _walk(
    pool: ReadPool,
    relation: Relation,
    condition: sql.Composable,
    key: SortKey | None,
    window: _Window,
) -> list[Row]:
    """Fetch a window in the order of the key's index, or of the table.

    Backwards, nulls stand at the near end and come last all the same.
    """
    if key is None or key.is_forward:
        order = sql.SQL("order by {}").format(key.clause) if key else sql.SQL("")
        chosen = sql.SQL("where {} {}").format(condition, order)
        return _fetch(pool, relation, chosen, window, in_index_order=True)
    filled = sql.SQL("{} and {} is not null").format(condition, key.expression)
    order = sql.SQL("{} {} nulls first").format(key.expression, sql.SQL(key.direction))
    rows = _fetch(pool, relation, CHOSEN.format(filled, order), window, in_index_order=True)
    if len(rows) == window.limit:
        return rows
    before = sql.SQL("select count(*) as rows from {} as t where {}")
    number = int(pool.fetch(before.format(_name(relation), filled))[0]["rows"])
    empty = sql.SQL("{} and {} is null").format(condition, key.expression)
    rest = _Window(max(window.start - number, 0), window.limit - len(rows))
    return rows + _fetch(pool, relation, CHOSEN.format(empty, sql.SQL("t.ctid")), rest)


def _fetch(
    pool: ReadPool,
    relation: Relation,
    chosen: sql.Composable,
    window: _Window,
    *,
    in_index_order: bool = False,
) -> list[Row]:
    """Fetch a window of the chosen rows; the keys first, the wide rows after that."""
    parts = {
        "table": _name(relation),
        "columns": _columns(relation),
        "chosen": chosen,
        "start": sql.Literal(window.start),
        "limit": sql.Literal(window.limit),
        "keys": _list("t.{}", relation.key),
        "key": _list("page.{}", relation.key),
    }
    if relation.has_lines and not relation.key:
        return _fetch_by_line(pool, relation, sql.SQL(LINES).format(**parts))
    query = sql.SQL(PAGE_BY_KEY if relation.key else PAGE).format(**parts)
    return pool.fetch(query, timeout_ms=window.patience_ms, in_index_order=in_index_order)


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
