"""One page of a table's rows, by the quickest way to it.

A table with an index for every column (`Relation.words`) is read in one of two ways. Where few rows
pass, they are collected by their words and sorted. Where many pass, an index is walked in the order
that is wanted until the page is full. How many pass, PostgreSQL's planner says; whether a walk is
shorter follows from it, if they stand evenly. Estimates err, so the way that takes long is given up
for the other one, and that one for the first with more patience, until one has the page; in the
second round one page at a time, so that the others stay quick. Any other table is sorted as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from psycopg2 import sql

from viewer.catalog import Relation
from viewer.filters import SortKey, order_by, sort_keys
from viewer.pool import ReadPool, Row, SlowQueryError
from viewer.releases import releases

WALK_TO_COLLECT = 0.5
"""What a row costs that a walk passes by, against one that is collected."""
VISIT_MS = 0.002
"""What a row that is looked at takes at the least."""
PATIENCE_MS = (250, 1_500)
"""How long each way may take, in the first round and in the second."""
MOST_REMEMBERED = 500
NEWEST_FIRST = [{"colId": "data_referencia", "sort": "desc"}]
"""How a table of several releases is sorted until the reader says otherwise."""


@dataclass(frozen=True)
class Plan:
    """What to read: the condition, how many rows may pass it, of how many.

    `visited` is how many must be looked at to collect them.
    """

    condition: sql.Composable
    expected: int
    visited: int
    total: int

    def is_walk(self, rows: int) -> bool:
        """Tell whether a walk until `rows` rows have passed costs less than to collect them all."""
        passed_by = rows * max(self.total, 1) / max(self.expected, 1)
        return passed_by * WALK_TO_COLLECT < max(self.expected, 1)


@dataclass(frozen=True)
class Window:
    """Which of the rows to fetch, and after how many milliseconds to give up (0: as any query)."""

    start: int
    limit: int
    patience_ms: int = 0


class Reading:
    """The rows of a table that pass a condition, in an order."""

    def __init__(
        self,
        pool: ReadPool,
        relation: Relation,
        plan: Plan,
        sorts: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        keys = sort_keys(relation, sorts)
        self._pool = pool
        self._relation = relation
        self._plan = plan
        self._key: SortKey | None = keys[0] if keys else None
        self._can_walk = bool(relation.words) and len(keys) <= 1
        self._is_newest_first = [(one.get("colId"), one.get("sort")) for one in sorts] == [
            (one["colId"], one["sort"]) for one in NEWEST_FIRST
        ]
        self.chosen = CHOSEN.format(plan.condition, order_by(relation, sorts))
        self._name = repr((relation.full_name, self.chosen))

    def rows(self, window: Window) -> list[Row]:
        """Fetch the rows of a window by the quicker way.

        Both give the same order, but where an index is read backwards: there ties have an order
        of their own, so what was quicker for the first page is kept to for all others.
        """
        if not self._can_walk:
            return self._fetch(self.chosen, window)
        is_backward = self._key is not None and not self._key.is_forward
        if is_backward and window.start:
            if self._name not in _quicker:
                self.rows(replace(window, start=0))
            return self._read(window, is_walk=_quicker[self._name])
        first = _quicker.get(self._name, self._is_even(window))
        ways = (first,) if self._name in _quicker else (first, not first)
        found = self._first_of(ways, replace(window, patience_ms=PATIENCE_MS[0]))
        if found is not None:
            return found
        with self._pool.long:
            ways = (first, not first)
            found = self._first_of(ways, replace(window, patience_ms=PATIENCE_MS[1]))
            if found is not None:
                return found
            self._remember(is_walk=False)
            return self._read(window, is_walk=False)

    def _first_of(self, ways: Sequence[bool], window: Window) -> list[Row] | None:
        """Fetch a window the first way (a walk, or not) that has the patience; None: none had."""
        for is_walk in ways:
            if not is_walk and self._takes_long(window):
                continue
            try:
                found = self._read(window, is_walk=is_walk)
            except SlowQueryError:
                continue
            self._remember(is_walk=is_walk)
            return found
        return None

    def _is_even(self, window: Window) -> bool:
        """Tell whether a walk is shorter, if the rows that pass stand evenly."""
        return self._plan.is_walk(window.start + window.limit)

    def _by_release(self, window: Window) -> bool:
        return self._is_newest_first and self._is_even(window)

    def _takes_long(self, window: Window) -> bool:
        """Tell whether to collect takes longer than the patience for sure."""
        return not self._by_release(window) and self._plan.visited * VISIT_MS > window.patience_ms

    def _read(self, window: Window, *, is_walk: bool) -> list[Row]:
        if is_walk:
            return self._walk(window)
        if self._by_release(window):
            return self._collect_releases(window)
        return self._fetch(self.chosen, window, avoid=["indexscan"])

    def _remember(self, *, is_walk: bool) -> None:
        _quicker[self._name] = is_walk
        while len(_quicker) > MOST_REMEMBERED:
            _quicker.pop(next(iter(_quicker)), None)

    def _walk(self, window: Window) -> list[Row]:
        """Fetch a window in the order of the key's index, or of the table.

        Backwards, nulls stand at the near end and come last all the same.
        """
        condition, key = self._plan.condition, self._key
        if key is None or key.is_forward:
            order = sql.SQL("order by {}").format(key.clause) if key else sql.SQL("")
            chosen = sql.SQL("where {} {}").format(condition, order)
            return self._fetch(chosen, window, avoid=["sort"])
        filled = sql.SQL("{} and {} is not null").format(condition, key.expression)
        order = sql.SQL("{} {} nulls first").format(key.expression, sql.SQL(key.direction))
        rows = self._fetch(CHOSEN.format(filled, order), window, avoid=["sort"])
        if len(rows) == window.limit:
            return rows
        empty = sql.SQL("{} and {} is null").format(condition, key.expression)
        start = max(window.start - self._count(filled), 0)
        rest = Window(start, window.limit - len(rows))
        return rows + self._fetch(CHOSEN.format(empty, sql.SQL("t.ctid")), rest)

    def _collect_releases(self, window: Window) -> list[Row]:
        """Fetch a window of the newest releases, one after the other, each as its rows stand.

        In a release the rows of a body stand together, so those that pass may all be far from its
        first row; two indexes find them without a look at the others.
        """
        found: list[Row] = []
        start = window.start
        for year, month in releases(self._pool):
            there = sql.SQL("{} and t.data_referencia = {}").format(
                self._plan.condition, sql.Literal(date(year, month, 1))
            )
            rest = replace(window, start=start, limit=window.limit - len(found))
            chosen = sql.SQL("where {}").format(there)
            rows = self._fetch(chosen, rest, avoid=["indexscan", "seqscan"])
            found += rows
            if len(found) == window.limit:
                break
            start = 0 if rows else start - self._count(there, start)
        return found

    def _count(self, condition: sql.Composable, most: int | None = None) -> int:
        """Count the rows that pass a condition, until there are so many."""
        query = sql.SQL("select count(*) as n from (select from {} as t where {} limit {}) as few")
        values = (table_name(self._relation), condition, sql.Literal(most))
        return int(self._pool.fetch(query.format(*values))[0]["n"])

    def _fetch(
        self, chosen: sql.Composable, window: Window, avoid: Sequence[str] = ()
    ) -> list[Row]:
        """Fetch a window of the chosen rows; the keys first, the wide rows after that."""
        relation = self._relation
        parts = {
            "table": table_name(relation),
            "columns": column_names(relation),
            "chosen": chosen,
            "start": sql.Literal(window.start),
            "limit": sql.Literal(window.limit),
            "keys": _list("t.{}", relation.key),
            "key": _list("page.{}", relation.key),
        }
        if relation.has_lines and not relation.key:
            return _fetch_by_line(self._pool, relation, sql.SQL(LINES).format(**parts))
        query = sql.SQL(PAGE_BY_KEY if relation.key else PAGE).format(**parts)
        return self._pool.fetch(query, timeout_ms=window.patience_ms, avoid=avoid)


_quicker: dict[str, bool] = {}
"""The views that were read, and whether a walk was the quicker way."""


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
    ).format(
        column_names(relation), table_name(relation), sql.SQL(", ").join(map(sql.Literal, keys))
    )
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


def table_name(relation: Relation) -> sql.Identifier:
    """Return the table as SQL names it."""
    return sql.Identifier(relation.schema, relation.name)


def column_names(relation: Relation) -> sql.Composed:
    """Return the columns, of a table called `t`, as SQL names them."""
    return _list("t.{}", [column.name for column in relation.columns])


def _list(template: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)
