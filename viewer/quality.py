"""The questions about quality: what was read, what was left out, what calls for a look.

Everything here is small: the ledger, lines set aside or repaired, and two marts (dbt's tests are in
viewer/checks.py). A release (year, month) narrows an answer; None means all. A mart that is not
there raises what `viewer.parts.failure` shows as not materialized yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from viewer.pool import ReadPool, Row
from viewer.releases import Release

OF_RELEASE = "(%(ano)s::int is null or (ano = %(ano)s and mes = %(mes)s))"
OVERVIEW = f"""
    select
        count(*) as arquivos,
        coalesce(sum(linhas_separadas), 0)::bigint as separadas,
        coalesce(sum(linhas_reparadas), 0)::bigint as reparadas
    from public.arquivos
    where vigente and {OF_RELEASE}
"""  # noqa: S608 - constants
LEDGER = f"""
    select
        arquivo_id, ano, mes, url, arquivo, sha256, bytes, codificacao, separador, planilha,
        tem_cabecalho, linhas, linhas_cabecalho, linhas_em_branco, linhas_carregadas,
        linhas_reparadas, linhas_separadas, linhas_novas, linhas_removidas, linhas_alteradas,
        soma_salario, soma_custo, avisos, baixado_em, capturado_em, segundos, execucao_id, vigente
    from public.arquivos
    where {OF_RELEASE}
    order by ano desc, mes desc, vigente desc, arquivo_id desc
"""  # noqa: S608 - constants
IN_TABLES = "select ano, mes, linhas, salario_total, custo_total from marts.versoes"
SET_ASIDE_COUNTS = """
    select ano, mes, motivo, count(*) as linhas
    from public.quarentena
    group by ano, mes, motivo
    order by ano desc, mes desc, linhas desc, motivo
"""
SET_ASIDE = f"""
    select ano, mes, arquivo, linha, conteudo, motivo, execucao_id
    from public.quarentena
    where {OF_RELEASE} and (%(motivo)s = '' or motivo = %(motivo)s)
    order by ano desc, mes desc, arquivo, linha
    limit %(limit)s offset %(start)s
"""  # noqa: S608 - constants
REPAIRS_COUNT = f"select count(*) as linhas from public.reparos where {OF_RELEASE}"  # noqa: S608
REPAIRS = f"""
    select ano, mes, arquivo, linha, conteudo, execucao_id
    from public.reparos
    where {OF_RELEASE}
    order by ano desc, mes desc, arquivo, linha
    limit %(limit)s offset %(start)s
"""  # noqa: S608 - constants
REPAIRED_ROWS = """
    select *
    from public.historic_raw
    where ano = %(ano)s and mes = %(mes)s and reparado and linha_origem = any(%(lines)s)
"""
NULLS = f"""
    with compared as (
        select
            ano, mes, coluna, linhas, nulos, fracao_nulos,
            lag(fracao_nulos) over (partition by coluna order by ano, mes) as fracao_anterior
        from marts.nulos_por_coluna
    )

    select * from compared where {OF_RELEASE} order by ano, mes, coluna
"""  # noqa: S608 - constants
OUTLIER_COUNTS = """
    select ano, mes, reasons.motivo, count(*) as linhas
    from marts.fora_da_curva
    cross join unnest(string_to_array(fora_da_curva.motivo, '; ')) as reasons (motivo)
    group by ano, mes, reasons.motivo
    order by ano desc, mes desc, reasons.motivo
"""
OUTLIERS_WHERE = f"""
    where {OF_RELEASE}
        and (%(motivo)s = '' or %(motivo)s = any(string_to_array(motivo, '; ')))
"""
OUTLIERS = f"""
    select
        ano, mes, motivo, nome_orgao_trabalho, cnpj_empresa, razao_social_empresa, nome,
        categoria_profissional, quantidade_horas_semanais, salario_mensal, custo_mensal,
        razao_custo_salario, linha_origem
    from marts.fora_da_curva
    {OUTLIERS_WHERE}
    order by custo_mensal desc nulls last, ano desc, mes desc, linha_origem
    limit %(limit)s offset %(start)s
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class Window:
    """One page of a list: number (from 1) and rows a page."""

    page: int
    size: int

    @property
    def values(self) -> dict[str, int]:
        """The page as a query has it."""
        return {"limit": self.size, "start": (self.page - 1) * self.size}


def overview(pool: ReadPool, release: Release | None) -> Row:
    """Return how many files are in the tables, lines set aside, lines repaired, outliers.

    `fora` (outliers) is None where the mart is not there yet.
    """
    found = pool.fetch(OVERVIEW, _of(release))[0]
    found["fora"] = None
    if is_there(pool, "marts.fora_da_curva"):
        found["fora"] = count_outliers(pool, release, "")
    return found


def is_there(pool: ReadPool, table: str) -> bool:
    """Tell whether a table was materialized."""
    return bool(
        pool.fetch("select to_regclass(%s) is not null as is_there", [table])[0]["is_there"]
    )


def ledger(pool: ReadPool, release: Release | None) -> list[Row]:
    """Return one row per captured version of a file, newest release first, its newest first."""
    return pool.fetch(LEDGER, _of(release))


def in_tables(pool: ReadPool) -> dict[Release, Row]:
    """Return rows and sums of money (reais) of each release of historic_transformed."""
    if not is_there(pool, "marts.versoes"):
        return {}
    return {(row["ano"], row["mes"]): row for row in pool.fetch(IN_TABLES)}


def set_aside_counts(pool: ReadPool) -> list[Row]:
    """Return one row (ano, mes, motivo, linhas) per release and reason."""
    return pool.fetch(SET_ASIDE_COUNTS)


def set_aside(pool: ReadPool, release: Release | None, reason: str, window: Window) -> list[Row]:
    """Return one page of the lines set aside; an empty reason means any."""
    return pool.fetch(SET_ASIDE, {**_of(release), "motivo": reason, **window.values})


def count_repairs(pool: ReadPool, release: Release | None) -> int:
    """Count the repaired lines whose published form was kept."""
    return int(pool.fetch(REPAIRS_COUNT, _of(release))[0]["linhas"])


def repairs(pool: ReadPool, release: Release | None, window: Window) -> list[tuple[Row, Row]]:
    """Return one page of repaired lines: as published, and the raw row made of it (or {})."""
    published = pool.fetch(REPAIRS, {**_of(release), **window.values})
    releases = dict.fromkeys((row["ano"], row["mes"]) for row in published)
    repaired: dict[tuple[int, int, int], Row] = {}
    for year, month in releases:
        lines = [row["linha"] for row in published if (row["ano"], row["mes"]) == (year, month)]
        for row in pool.fetch(REPAIRED_ROWS, {**_of((year, month)), "lines": lines}):
            repaired[year, month, row["linha_origem"]] = row
    return [(row, repaired.get((row["ano"], row["mes"], row["linha"]), {})) for row in published]


def nulls(pool: ReadPool, release: Release | None) -> list[Row]:
    """Return one row per release and column; `fracao_anterior` is the release's before, or None.

    Fractions are from 0 to 1. Raises where the mart is not there.
    """
    return pool.fetch(NULLS, _of(release))


def outlier_counts(pool: ReadPool) -> list[Row]:
    """Return one row (ano, mes, motivo, linhas) per release and single reason."""
    return pool.fetch(OUTLIER_COUNTS)


def count_outliers(pool: ReadPool, release: Release | None, reason: str) -> int:
    """Count the outliers that have a reason among theirs; an empty reason means any."""
    query = f"select count(*) as linhas from marts.fora_da_curva {OUTLIERS_WHERE}"  # noqa: S608
    return int(pool.fetch(query, {**_of(release), "motivo": reason})[0]["linhas"])


def outliers(pool: ReadPool, release: Release | None, reason: str, window: Window) -> list[Row]:
    """Return one page of outliers, the costliest first."""
    return pool.fetch(OUTLIERS, {**_of(release), "motivo": reason, **window.values})


def _of(release: Release | None) -> dict[str, Any]:
    year, month = release or (None, None)
    return {"ano": year, "mes": month}
