"""The ledger: what was captured, what was set aside, and that the counts add up.

`public.arquivos` holds one row per captured version of a file; PostgreSQL itself refuses an entry
whose lines are not header + blank + loaded + set aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type
from psycopg2.extras import execute_values

from pipeline.download import Download
from pipeline.source import Release

if TYPE_CHECKING:
    from pipeline.parsed import Parsed


@dataclass(frozen=True)
class Capture:
    """One file, ready to be loaded: where it came from and what is in it."""

    release: Release
    download: Download
    parsed: Parsed
    warnings: tuple[str, ...]
    seconds: float
    run_id: str | None


@dataclass(frozen=True)
class Known:
    """The file whose rows are in the tables, as the portal described it then."""

    url: str
    sha256: str
    etag: str | None
    last_modified: str | None


def current(connection: Connection, release: Release) -> Known | None:
    """Return what the tables hold of a release, or None."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select url, sha256, etag, modificado from public.arquivos "
            "where ano = %s and mes = %s and vigente",
            [release.year, release.month],
        )
        row = cursor.fetchone()
    return Known(*row) if row else None


def is_current(connection: Connection, release: Release, sha256: str) -> bool:
    """Tell whether the tables hold the rows of this very file."""
    known = current(connection, release)
    return known is not None and known.sha256 == sha256


def replace_odd_lines(connection: Connection, capture: Capture) -> None:
    """Put the capture's lines, set aside or realigned, in the place of the release's."""
    release = capture.release
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from public.quarentena where ano = %(ano)s and mes = %(mes)s; "
            "delete from public.reparos where ano = %(ano)s and mes = %(mes)s",
            {"ano": release.year, "mes": release.month},
        )
        execute_values(
            cursor,
            "insert into public.reparos (ano, mes, arquivo, linha, conteudo, execucao_id) "
            "values %s",
            [
                (release.year, release.month, release.name, line, content, capture.run_id)
                for line, content in capture.parsed.repairs
            ],
        )
        execute_values(
            cursor,
            "insert into public.quarentena "
            "(ano, mes, arquivo, linha, conteudo, motivo, execucao_id) values %s",
            [
                (
                    release.year,
                    release.month,
                    release.name,
                    line.line,
                    line.content,
                    line.reason,
                    capture.run_id,
                )
                for line in capture.parsed.set_aside
            ],
        )


@dataclass(frozen=True)
class Difference:
    """How a file published again differs from the one before: rows that came, left, changed."""

    came: int
    left: int
    changed: int


def enter(connection: Connection, capture: Capture, difference: Difference | None) -> None:
    """Enter the capture as the release's current version."""
    from pipeline import amounts  # noqa: PLC0415 - slow to import, not needed to read the ledger

    release, download, parsed = capture.release, capture.download, capture.parsed
    entry = {
        "ano": release.year,
        "mes": release.month,
        "url": release.url,
        "arquivo": release.name,
        "sha256": download.sha256,
        "bytes": download.bytes,
        "etag": download.etag,
        "modificado": download.last_modified,
        "codificacao": parsed.encoding,
        "separador": parsed.delimiter,
        "planilha": parsed.sheet,
        "tem_cabecalho": parsed.header_lines > 0,
        "linhas": parsed.lines,
        "linhas_cabecalho": parsed.header_lines,
        "linhas_em_branco": parsed.blank_lines,
        "linhas_carregadas": parsed.rows.num_rows,
        "linhas_reparadas": parsed.repaired,
        "linhas_separadas": len(parsed.set_aside),
        "linhas_novas": difference.came if difference else None,
        "linhas_removidas": difference.left if difference else None,
        "linhas_alteradas": difference.changed if difference else None,
        "soma_salario": amounts.total(parsed.rows["vl_mensal_salario"]),
        "soma_custo": amounts.total(parsed.rows["vl_mensal_custo"]),
        "avisos": "\n".join(capture.warnings) or None,
        "baixado_em": download.fetched_at,
        "segundos": round(capture.seconds, 3),
        "execucao_id": capture.run_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "update public.arquivos set vigente = false where ano = %s and mes = %s and vigente",
            [release.year, release.month],
        )
        cursor.execute(
            sql.SQL("insert into public.arquivos ({}) values ({})").format(
                sql.SQL(", ").join(map(sql.Identifier, entry)),
                sql.SQL(", ").join(map(sql.Placeholder, entry)),
            ),
            entry,
        )
