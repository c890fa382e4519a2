"""Where rows come from: of one row its file and line, of an export its files and filters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from viewer import formats
from viewer.pool import TIME_ZONE, ReadPool, Row
from viewer.releases import Release

FILES = """
    select ano, mes, arquivo, url, sha256, bytes, baixado_em, capturado_em, linhas,
        linhas_carregadas, linhas_reparadas, linhas_separadas
    from public.arquivos
    where vigente and (%(names)s::text[] is null or arquivo = any(%(names)s))
    order by ano, mes
"""
FILE = """
    select arquivos.*, reparos.conteudo as publicada
    from public.arquivos
    left join public.reparos
        on reparos.ano = arquivos.ano and reparos.mes = arquivos.mes
        and reparos.arquivo = arquivos.arquivo and reparos.linha = %(linha)s
    where arquivos.vigente and arquivos.ano = %(ano)s and arquivos.mes = %(mes)s
"""
PUBLISHED = """
    select * from public.historic_raw
    where ano = %(ano)s and mes = %(mes)s and linha_origem = %(linha)s
"""
NOTE = (
    "Dados abertos da CGU, declarados pelos órgãos; a CGU valida só CBO, CPF e CNPJ. "
    "Cite a CGU e a data da captura."
)


def of_row(pool: ReadPool, year: int, month: int, line: int) -> tuple[Row, Row] | None:
    """Return the file of a line and the line as it was published, or None if there is none."""
    key = {"ano": year, "mes": month, "linha": line}
    file, published = pool.fetch(FILE, key), pool.fetch(PUBLISHED, key)
    return (file[0], published[0]) if file and published else None


@dataclass(frozen=True)
class Sources:
    """The files behind an export: these names, or those of these releases; None and None: all."""

    names: Collection[str] | None
    releases: Collection[Release] | None = None


def of_export(pool: ReadPool, facts: Mapping[str, str], sources: Sources, rows: int) -> str:
    """Describe an export: what was asked for (name: value), number of rows, files behind it."""
    told = {
        **facts,
        "Linhas": formats.number(rows),
        "Exportado em": f"{formats.moment(datetime.now(ZoneInfo(TIME_ZONE)))}, horário de Brasília",
    }
    files = pool.fetch(FILES, {"names": sources.names and sorted(sources.names)})
    known = sources.releases
    lines = [
        "Terceirizados de órgãos federais: procedência desta exportação",
        "",
        *(f"{name}: {value}" for name, value in told.items()),
        "",
        "Arquivos da CGU de onde as linhas vêm:",
        *(_file_line(file) for file in files if not known or (file["ano"], file["mes"]) in known),
        "",
        NOTE,
    ]
    return "\n".join(lines) + "\n"


def _file_line(file: Row) -> str:
    return (
        f"- {formats.release(file['ano'], file['mes'])}: {file['url']} (sha256 {file['sha256']}, "
        f"{formats.number(file['bytes'])} bytes, capturado em "
        f"{formats.moment(file['capturado_em'])}, "
        f"{formats.number(file['linhas_carregadas'])} linhas)"
    )


def facts(file: Row) -> list[tuple[str, Any]]:
    """Return what is known of a file, as (name, value) to be shown."""
    return [
        ("Arquivo", file["arquivo"]),
        ("Endereço", file["url"]),
        ("SHA-256", file["sha256"]),
        ("Baixado em", formats.moment(file["baixado_em"])),
        ("Capturado em", formats.moment(file["capturado_em"])),
        ("Codificação", file["codificacao"] or f"planilha {file['planilha'] or ''}".strip()),
    ]
