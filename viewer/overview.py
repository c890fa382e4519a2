"""The questions of the first page: what was captured, how it adds up, who is largest.

Sums come from the ledger and from the marts; no query here looks at single people. A mart that is
not there raises what `viewer.parts.failure` shows as not materialized yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from psycopg2 import sql

from viewer.pool import ReadPool, Row
from viewer.releases import Release

FILES = """
    select
        ano, mes, arquivo, linhas_carregadas, linhas_reparadas, linhas_separadas, soma_custo,
        capturado_em, avisos
    from public.arquivos
    where vigente
    order by ano desc, mes desc
"""
LAST_RUNS = """
    select distinct on (flow) execucao_id, flow, estado, mensagem, inicio, fim
    from public.execucoes
    order by flow, inicio desc, execucao_id
"""
FAILED_CAPTURES = """
    with last_attempts as (
        select distinct on (tarefa)
            execucao_id, estado, fim,
            split_part(split_part(tarefa, ' ', 2), '-', 1)::int as ano,
            split_part(split_part(tarefa, ' ', 2), '-', 2)::int as mes
        from public.execucoes_tarefas
        where tarefa ~ '^Capturar [0-9]{4}-[0-9]{2}$'
        order by tarefa asc, inicio desc
    )

    select * from last_attempts where estado in ('Failed', 'TimedOut')
"""
LAST_LOOK = """
    select max(fim) as fim
    from public.execucoes_tarefas
    where tarefa like 'Encontrar vers%' and estado in ('Success', 'Skipped')
"""
TODAY = "select (now() at time zone 'America/Sao_Paulo')::date as today"
RELEASES = """
    select
        versoes.*, coalesce(gaps.orgaos, 0) as orgaos_sem_informar
    from marts.versoes
    left join (
        select ano, mes, count(*) as orgaos
        from marts.cobertura
        where ultima_versao > data_referencia
        group by ano, mes
    ) as gaps on gaps.ano = versoes.ano and gaps.mes = versoes.mes
    order by versoes.ano, versoes.mes
"""
MEASURES = {"custo": "custo_total", "pessoas": "pessoas"}
LARGEST = """
    select {columns}, pessoas, custo_total
    from marts.{mart}
    where ano = %s and mes = %s and {measure} is not null
    order by {measure} desc, {columns}
    limit %s
"""


@dataclass(frozen=True)
class Group:
    """A mart of groups: the columns that tell one from another, and the one that names it."""

    keys: tuple[str, ...]
    name: str


GROUPS = {
    "por_orgao": Group(("id_orgao_siafi",), "nome_orgao_trabalho"),
    "por_empresa": Group(("cnpj_empresa",), "razao_social_empresa"),
    "por_ocupacao": Group(("cbo_2002", "categoria_profissional"), "categoria_profissional"),
}


def files(pool: ReadPool) -> list[Row]:
    """Return one row per release in the tables, newest first."""
    return pool.fetch(FILES)


def last_runs(pool: ReadPool) -> dict[str, Row]:
    """Return the newest run of each flow, by the flow's name."""
    return {row["flow"]: row for row in pool.fetch(LAST_RUNS)}


def failed_captures(pool: ReadPool) -> dict[Release, Row]:
    """Return the releases whose last capture failed: its run (execucao_id) and end (fim)."""
    return {(row["ano"], row["mes"]): row for row in pool.fetch(FAILED_CAPTURES)}


def dates(pool: ReadPool) -> Row:
    """Return today's date in Brasília and when the portal was last read (or None)."""
    today: date = pool.fetch(TODAY)[0]["today"]
    return {"today": today, "last_look": pool.fetch(LAST_LOOK)[0]["fim"]}


def releases(pool: ReadPool) -> list[Row]:
    """Return the totals of each release, oldest first.

    `orgaos_sem_informar` counts the bodies that are in an earlier and in a later release only.
    """
    return pool.fetch(RELEASES)


def largest(pool: ReadPool, mart: str, release: Release, measure: str, limit: int) -> list[Row]:
    """Return the largest groups of a mart in GROUPS by a measure in MEASURES."""
    columns = dict.fromkeys([*GROUPS[mart].keys, GROUPS[mart].name])
    query = sql.SQL(LARGEST).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        mart=sql.Identifier(mart),
        measure=sql.Identifier(MEASURES[measure]),
    )
    return pool.fetch(query, [*release, limit])
