"""The questions about runs: which there were, their tasks, dbt results and log lines.

Log lines may be a million: they are read by the index of their time, from a line on, and a search
that takes long is given up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg2 import sql

from viewer.filters import TRUE, folded
from viewer.pool import ReadPool, Row

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FINAL_STATES = (
    "Success",
    "Failed",
    "Cancelled",
    "Skipped",
    "TimedOut",
    "TriggerFailed",
    "Cached",
    "Mapped",
)
RUN_COLUMNS = (
    "execucao_id, flow, estado, mensagem, inicio, fim, parametros, onde, "
    "coalesce(fim, now()) - inicio as duracao"
)
GOING_ON = "(not estado = any(%(final)s) or coalesce(fim > now() - interval '10 seconds', false))"


SEARCH_TIMEOUT_MS = 5_000
RUNS_WHERE = """
    where
        (%(flow)s = '' or flow = %(flow)s)
        and (%(state)s = '' or estado = %(state)s)
        and (%(since)s::date is null or inicio >= %(since)s::date)
        and (%(until)s::date is null or inicio < %(until)s::date + 1)
"""
RECORDS = """
    select
        registros.id, registros.execucao_id, registros.tarefa, registros.nivel, registros.momento,
        registros.mensagem, execucoes.flow
    from public.registros
    left join public.execucoes on execucoes.execucao_id = registros.execucao_id
    where {}
    order by registros.momento desc, registros.id desc
    limit {}
"""


@dataclass(frozen=True)
class Asked:
    """Which runs or log lines are wanted; nothing set: all. Days are of Brasília, both included."""

    flow: str = ""
    state: str = ""
    levels: Sequence[str] = ()
    text: str = ""
    since: date | None = None
    until: date | None = None


def flows(pool: ReadPool) -> list[str]:
    """Return the names of the flows that ever ran, in order."""
    return _names(pool, "select distinct flow as name from public.execucoes order by flow")


def states(pool: ReadPool) -> list[str]:
    """Return the states that runs have, in order."""
    return _names(pool, "select distinct estado as name from public.execucoes order by estado")


def _names(pool: ReadPool, query: str) -> list[str]:
    return [row["name"] for row in pool.fetch(query)]


def count_runs(pool: ReadPool, asked: Asked) -> int:
    """Count the runs of a flow, a state, a period."""
    query = f"select count(*) as total from public.execucoes {RUNS_WHERE}"  # noqa: S608 - constant
    return int(pool.fetch(query, vars(asked))[0]["total"])


def runs(pool: ReadPool, asked: Asked, page: int, page_size: int) -> list[Row]:
    """Return one page (from 1) of the runs of a flow, a state, a period, newest first."""
    return pool.fetch(
        f"select {RUN_COLUMNS}, {GOING_ON} as em_curso "  # noqa: S608 - constants
        f"from public.execucoes {RUNS_WHERE} "
        "order by inicio desc, execucao_id limit %(limit)s offset %(start)s",
        {
            **vars(asked),
            "final": list(FINAL_STATES),
            "limit": page_size,
            "start": (page - 1) * page_size,
        },
    )


def run(pool: ReadPool, run_id: str) -> Row | None:
    """Return one run, or None; `em_curso` stays true until its last log lines had time to come."""
    rows = pool.fetch(
        f"select {RUN_COLUMNS}, {GOING_ON} as em_curso "  # noqa: S608 - constants
        "from public.execucoes where execucao_id = %(id)s",
        {"final": list(FINAL_STATES), "id": run_id.replace("\0", "")},
    )
    return rows[0] if rows else None


def is_going_on(pool: ReadPool) -> bool:
    """Tell whether the newest run goes on, or ended so lately that log lines may come."""
    rows = pool.fetch(
        f"select {GOING_ON} as em_curso "  # noqa: S608 - constants
        "from public.execucoes order by inicio desc limit 1",
        {"final": list(FINAL_STATES)},
    )
    return bool(rows and rows[0]["em_curso"])


def tasks(pool: ReadPool, run_id: str) -> list[Row]:
    """Return one row per attempt of a task, in the order in which they began."""
    return pool.fetch(
        "select tarefa, indice, tentativa, estado, mensagem, inicio, fim, "
        "coalesce(fim, now()) - inicio as duracao from public.execucoes_tarefas "
        "where execucao_id = %s order by inicio nulls last, tarefa, indice, tentativa",
        [run_id],
    )


def dbt_results(pool: ReadPool, run_id: str) -> list[Row]:
    """Return one row per model or test of the run; what went wrong comes first."""
    return pool.fetch(
        "select no, tipo, descricao, estado, falhas, mensagem, segundos "
        "from public.resultados_dbt where execucao_id = %s "
        "order by estado in ('success', 'pass'), tipo, momento, no",
        [run_id],
    )


def records(
    pool: ReadPool, run_id: str, levels: Sequence[str], search: str, limit: int
) -> tuple[list[Row], int]:
    """Return the last `limit` log lines that pass, oldest first, and how many pass in all."""
    condition = sql.SQL("registros.execucao_id = {} and {}").format(
        sql.Literal(run_id), _passes(Asked(levels=levels, text=search))
    )
    total = pool.fetch(
        sql.SQL("select count(*) as total from public.registros where {}").format(condition),
        timeout_ms=SEARCH_TIMEOUT_MS,
    )
    rows = pool.fetch(
        sql.SQL(RECORDS).format(condition, sql.Literal(limit)), timeout_ms=SEARCH_TIMEOUT_MS
    )
    return rows[::-1], int(total[0]["total"])


def all_records(
    pool: ReadPool, asked: Asked, before: Row | None = None, limit: int = 100
) -> list[Row]:
    """Return log lines of all runs that pass, newest first, from after the line `before` on.

    Raises SlowQueryError where lines that pass are too rare to be found in good time.
    """
    conditions = [_passes(asked)]
    if asked.flow:
        conditions.append(sql.SQL("execucoes.flow = {}").format(sql.Literal(asked.flow)))
    if before:
        place = map(sql.Literal, (before["momento"], before["id"]))
        conditions.append(sql.SQL("(registros.momento, registros.id) < ({}, {})").format(*place))
    query = sql.SQL(RECORDS).format(sql.SQL(" and ").join(conditions), sql.Literal(limit))
    return pool.fetch(query, timeout_ms=SEARCH_TIMEOUT_MS)


def record(pool: ReadPool, record_id: int) -> Row | None:
    """Return the place of a log line among all (`momento`, `id`), or None."""
    rows = pool.fetch("select id, momento from public.registros where id = %s", [record_id])
    return rows[0] if rows else None


def _passes(asked: Asked) -> sql.Composable:
    """Return the condition on a log line's level, text (every word of it) and day."""
    conditions: list[sql.Composable] = []
    if asked.levels:
        conditions.append(_condition("registros.nivel = any({})", list(asked.levels)))
    if asked.since:
        conditions.append(_condition("registros.momento >= {}::date", asked.since))
    if asked.until:
        conditions.append(_condition("registros.momento < {}::date + 1", asked.until))
    line = folded(sql.SQL("concat_ws(' ', registros.tarefa, registros.mensagem)"))
    for word in asked.text.replace("\0", " ").split():
        conditions.append(sql.SQL("position({} in {}) > 0").format(folded(sql.Literal(word)), line))
    return sql.SQL(" and ").join(conditions) if conditions else TRUE


def _condition(template: str, value: Any) -> sql.Composed:
    return sql.SQL(template).format(sql.Literal(value))
