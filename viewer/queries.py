"""The questions that the first page asks, as plain functions over the read-only pool."""

from __future__ import annotations

from viewer.catalog import find_relation
from viewer.pool import ReadPool, Row

PEOPLE_TABLE = "staging.transformed"


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
