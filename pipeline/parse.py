"""Turn a published file into rows of text and write them as the CSV that everybody can read."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv

from pipeline.columns import PUBLISHED
from pipeline.download import ZIP_MAGIC
from pipeline.errors import FileError, TerminalError
from pipeline.parsed import Parsed
from pipeline.source import Release
from pipeline.spreadsheet import read_spreadsheet
from pipeline.textfile import read_text


def parse(path: Path) -> Parsed:
    """Read a published file of any known format; its first bytes tell which, not its name.

    Raises FileError when it is not a table of this dataset or has no row at all.
    """
    with path.open("rb") as stream:
        is_spreadsheet = stream.read(4) == ZIP_MAGIC
    parsed = read_spreadsheet(path) if is_spreadsheet else read_text(path)
    if not parsed.rows.num_rows:
        raise FileError(
            f"{path.name} não tem nenhuma linha de dados que se possa ler "
            f"({len(parsed.set_aside)} separadas). Abra o arquivo e avise a CGU"
        )
    return parsed


def periods(parsed: Parsed) -> list[tuple[int, int]]:
    """Return the months that the rows say they are of, in order of time."""
    return sorted({period for period in _periods(parsed) if period})


def only_period(parsed: Parsed, year: int, month: int) -> Parsed:
    """Return the part of a file of several months that is of one.

    Header, blank and set-aside lines, and rows that say no month, go with the first month: a file's
    parts together have each of its lines once.
    """
    first = periods(parsed)[0]
    wanted = {(year, month)} | ({None} if first == (year, month) else set())
    mask = pa.array([period in wanted for period in _periods(parsed)])
    rows = parsed.rows.filter(mask)
    ours = set(rows.filter(rows["reparado"])["linha_origem"].to_pylist())
    parsed = replace(parsed, repairs=tuple(item for item in parsed.repairs if item[0] in ours))
    if (year, month) == first:
        rest = parsed.header_lines + parsed.blank_lines + len(parsed.set_aside)
        return replace(parsed, rows=rows, lines=rows.num_rows + rest)
    return replace(
        parsed, rows=rows, lines=rows.num_rows, header_lines=0, blank_lines=0, set_aside=()
    )


def _periods(parsed: Parsed) -> list[tuple[int, int] | None]:
    columns = (parsed.rows[name].to_pylist() for name in ("Ano_Carga", "Num_Mes_Carga"))
    return [_period(year, month) for year, month in zip(*columns, strict=True)]


def period_warnings(parsed: Parsed, release: Release) -> tuple[str, ...]:
    """Compare the month and year in the rows with the release; say both where they differ."""
    counted = parsed.rows.group_by(["Ano_Carga", "Num_Mes_Carga"]).aggregate([([], "count_all")])
    differing = [
        (row["Ano_Carga"], row["Num_Mes_Carga"], row["count_all"])
        for row in counted.to_pylist()
        if _period(row["Ano_Carga"], row["Num_Mes_Carga"]) != (release.year, release.month)
    ]
    return tuple(
        f"{release.name}: {count} linhas dizem mês {month!r} de {year!r}, a página diz "
        f"{release.label}"
        for year, month, count in differing
    )


@cache
def _period(year: str, month: str) -> tuple[int, int] | None:
    try:
        return int(year), int(month)
    except ValueError:
        return None


def write_csv(parsed: Parsed, target: Path) -> None:
    """Write the 23 published columns: UTF-8, comma, header, every value as published.

    The file appears whole or not at all. Raises TerminalError when it cannot be written.
    """
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        pa_csv.write_csv(parsed.rows.select(list(PUBLISHED)), part)
        part.replace(target)
    except OSError as error:
        raise TerminalError(
            f"não foi possível gravar {target}: {error.strerror or error}. Libere espaço ou "
            "ajuste DATA_DIR"
        ) from error
    finally:
        part.unlink(missing_ok=True)
