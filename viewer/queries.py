"""The questions the pages ask, as plain functions over the read-only pool.

Paging finds the keys of one page first and fetches the wide rows after that, so sorting a million
rows moves keys only. A count is asked once per filter, never per page, and has a limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg2 import sql

from viewer.catalog import Relation, find_relation
from viewer.filters import TRUE, order_by, where
from viewer.formats import cell
from viewer.pool import ReadPool, Row, SlowQueryError

LARGE_ROWS = 500_000
COUNT_LIMIT = 1_000_000
COUNT_TIMEOUT_MS = 8_000
LONGEST_PAGE = 1_000
PEOPLE_TABLE = "staging.transformed"


@dataclass(frozen=True)
class View:
    """What a reader asked of a table: AG Grid's filter and sort models, and the search."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    sorts: Sequence[Mapping[str, Any]] = ()
    search: str = ""


@dataclass(frozen=True)
class Count:
    """How many rows; `kind` is exact, about (an estimate), over (a limit) or unknown."""

    rows: int
    kind: str


def page(
    pool: ReadPool, relation: Relation, view: View, start: int, end: int
) -> list[dict[str, str | None]]:
    """Return rows `start` to `end` (excluded) as text; fewer mean that the table ends there.

    Raises FilterError for what is not in the table, and what `ReadPool.fetch` raises.
    """
    start = max(int(start), 0)
    limit = min(max(int(end) - start, 0), LONGEST_PAGE)
    names = {
        "table": sql.Identifier(relation.schema, relation.name),
        "columns": _list("t.{}", [column.name for column in relation.columns]),
        "condition": where(relation, view.filters, view.search),
        "order": order_by(relation, view.sorts),
        "limit": sql.Literal(limit),
        "start": sql.Literal(start),
        "keys": _list("t.{}", relation.key),
        "same": _same_key(relation.key),
    }
    rows = pool.fetch(sql.SQL(PAGE_BY_KEY if relation.key else PAGE).format(**names))
    return [
        {column.name: cell(row[column.name], column) for column in relation.columns} for row in rows
    ]


PAGE = """
    select {columns} from {table} as t
    where {condition} order by {order} limit {limit} offset {start}
"""
PAGE_BY_KEY = """
    select {columns}
    from (
        select {keys} from {table} as t
        where {condition} order by {order} limit {limit} offset {start}
    ) as page
    inner join {table} as t on {same}
    order by {order}
"""


def _list(template: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)


def _same_key(key: Sequence[str]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("t.{0} = page.{0}").format(sql.Identifier(name)) for name in key
    )


def count(pool: ReadPool, relation: Relation, view: View) -> Count:
    """Count the rows that pass: exactly up to a million; a large table unfiltered is estimated."""
    condition = where(relation, view.filters, view.search)
    if condition is TRUE and relation.estimate >= LARGE_ROWS:
        return Count(relation.estimate, "about")
    query = sql.SQL(
        "select count(*) as rows from (select 1 from {} as t where {} limit {}) as counted"
    ).format(
        sql.Identifier(relation.schema, relation.name), condition, sql.Literal(COUNT_LIMIT + 1)
    )
    try:
        rows = int(pool.fetch(query, timeout_ms=COUNT_TIMEOUT_MS)[0]["rows"])
    except SlowQueryError:
        return Count(0, "unknown")
    return Count(COUNT_LIMIT, "over") if rows > COUNT_LIMIT else Count(rows, "exact")


def is_alive(pool: ReadPool) -> bool:
    """Ask the database for one row; raises what the pool raises when it does not answer."""
    return pool.fetch("select 1 as one", timeout_ms=3_000) == [{"one": 1}]


def captured_files(pool: ReadPool) -> list[Row]:
    """Return one row per captured release, newest first."""
    return pool.fetch(
        "select ano, mes, arquivo, linhas_carregadas, linhas_reparadas, linhas_separadas, "
        "capturado_em, avisos from public.arquivos where vigente order by ano desc, mes desc"
    )


def last_runs(pool: ReadPool) -> dict[str, Row]:
    """Return the newest run of each flow, by the flow's name."""
    rows = pool.fetch(
        "select distinct on (flow) execucao_id, flow, estado, mensagem, inicio, fim "
        "from public.execucoes order by flow, inicio desc, execucao_id"
    )
    return {row["flow"]: row for row in rows}


def newest_totals(pool: ReadPool) -> Row | None:
    """Return rows, people (masked CPF and name together) and monthly cost; None if not there."""
    relation = find_relation(pool, PEOPLE_TABLE)
    if not relation or not relation.has("ano", "mes", "cpf", "nome", "custo_mensal"):
        return None
    return pool.fetch(
        "select max(ano) as ano, max(mes) as mes, count(*) as linhas, "
        "count(distinct (cpf, nome)) as pessoas, sum(custo_mensal) as custo "
        "from staging.transformed"
    )[0]


def costliest_bodies(pool: ReadPool, limit: int = 10) -> list[Row]:
    """Return the bodies of the newest release with the highest cost per month; may be empty."""
    relation = find_relation(pool, PEOPLE_TABLE)
    if not relation or not relation.has("nome_orgao_trabalho", "sigla_orgao_trabalho"):
        return []
    return pool.fetch(
        "select nome_orgao_trabalho as orgao, max(sigla_orgao_trabalho) as sigla, "
        "sum(custo_mensal) as custo, count(*) as linhas from staging.transformed "
        "where nome_orgao_trabalho is not null group by nome_orgao_trabalho "
        "having sum(custo_mensal) is not null order by custo desc, orgao limit %s",
        [limit],
    )
