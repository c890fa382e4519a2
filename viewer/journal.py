"""The questions about runs: which there were, their tasks, dbt results and log lines."""

from __future__ import annotations

from psycopg2 import sql

from viewer.filters import folded
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


def runs(pool: ReadPool, page: int, page_size: int) -> tuple[list[Row], int]:
    """Return one page (from 1) of all runs, newest first, and how many runs there are."""
    total = pool.fetch("select count(*) as total from public.execucoes")[0]["total"]
    rows = pool.fetch(
        f"select {RUN_COLUMNS} from public.execucoes "  # noqa: S608 - constants
        "order by inicio desc, execucao_id limit %s offset %s",
        [page_size, (page - 1) * page_size],
    )
    return rows, int(total)


def run(pool: ReadPool, run_id: str) -> Row | None:
    """Return one run, or None; `em_curso` stays true until its last log lines had time to come."""
    rows = pool.fetch(
        f"select {RUN_COLUMNS}, not estado = any(%s) "  # noqa: S608 - constants
        "or coalesce(fim > now() - interval '10 seconds', false) as em_curso "
        "from public.execucoes where execucao_id = %s",
        [list(FINAL_STATES), run_id.replace("\0", "")],
    )
    return rows[0] if rows else None


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
    pool: ReadPool, run_id: str, levels: list[str], search: str, limit: int
) -> tuple[list[Row], int]:
    """Return the last `limit` log lines that pass, oldest first, and how many pass in all."""
    condition = sql.SQL("execucao_id = {}").format(sql.Literal(run_id))
    if levels:
        condition += sql.SQL(" and nivel = any({})").format(sql.Literal(levels))
    for word in search.replace("\0", " ").split():
        condition += sql.SQL(" and position({} in {}) > 0").format(
            folded(sql.Literal(word)), folded(sql.SQL("concat_ws(' ', tarefa, mensagem)"))
        )
    total = pool.fetch(
        sql.SQL("select count(*) as total from public.registros where {}").format(condition)
    )
    rows = pool.fetch(
        sql.SQL(
            "select id, momento, nivel, tarefa, mensagem from public.registros where {} "
            "order by momento desc, id desc limit {}"
        ).format(condition, sql.Literal(limit))
    )
    return rows[::-1], int(total[0]["total"])
