"""What reading a file gives, whatever its format: rows, lines set aside, and the count of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.columns import PUBLISHED
from pipeline.header import Header

ROW_SCHEMA = pa.schema(
    [(name, pa.string()) for name in PUBLISHED]
    + [("linha_origem", pa.int32()), ("reparado", pa.bool_())]
)
"""The 23 published columns as text (never null), then the line in the file (1-based; the row of
the sheet in a spreadsheet), and whether the row was realigned."""

KEPT_CHARACTERS = 1_000_000


@dataclass(frozen=True)
class SetAside:
    """A line that could not be read: its number, its text as published, and why."""

    line: int
    content: str
    reason: str


@dataclass(frozen=True)
class Parsed:
    """A whole file: `rows` in ROW_SCHEMA, in the order of the file, and the ledger's counts.

    `repairs` are the lines of the realigned rows as published, by number.
    Always true: lines = header_lines + blank_lines + rows + set_aside.
    """

    rows: Any
    set_aside: tuple[SetAside, ...]
    lines: int
    header_lines: int
    blank_lines: int
    encoding: str | None
    delimiter: str | None
    sheet: str | None
    warnings: tuple[str, ...]
    repairs: tuple[tuple[int, str], ...] = ()

    @property
    def repaired(self) -> int:
        """The number of rows that were realigned."""
        return int(pa.compute.sum(self.rows["reparado"]).as_py() or 0)


def set_aside(line: int, content: str, reason: str) -> SetAside:
    """Keep a line; of a monstrous one only its start, which the reason then says.

    A NUL character, which PostgreSQL's text cannot hold, is shown as the symbol for it.
    """
    text = content.replace("\0", "\u2400")
    if len(text) > KEPT_CHARACTERS:
        reason += f" (guardados os primeiros {KEPT_CHARACTERS} de {len(text)} caracteres)"
    return SetAside(line, text[:KEPT_CHARACTERS], reason)


def rows_from_lists(rows: list[tuple[int, list[str], bool]]) -> Any:
    """Build a table in ROW_SCHEMA from (line, 23 fields, is_repaired)."""
    columns: list[Any] = [pa.array([row[1][i] for row in rows], pa.string()) for i in range(23)]
    columns.append(pa.array([row[0] for row in rows], pa.int32()))
    columns.append(pa.array([row[2] for row in rows], pa.bool_()))
    return pa.table(columns, schema=ROW_SCHEMA)


def unknown_column_warnings(header: Header, file_name: str) -> tuple[str, ...]:
    """Say which columns of the file are not among the 23 and stay in the raw file only."""
    if not header.extra:
        return ()
    names = ", ".join(header.extra)
    return (f"{file_name}: coluna nova, guardada só no arquivo bruto: {names}",)
