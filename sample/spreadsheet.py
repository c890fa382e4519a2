"""Write the xlsx files: one library (xlsxwriter), fixed dates, the same bytes every time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

WRITTEN_AT = datetime(2025, 1, 1)

Row = Sequence[str]


def write_workbook(
    target: Path, sheets: dict[str, Iterable[Row]], numeric: frozenset[int] = frozenset()
) -> None:
    """Write rows of text; a cell of the `numeric` positions that is a number becomes one.

    An empty text leaves no cell. Strings are shared, as in the files people save.
    """
    workbook = xlsxwriter.Workbook(str(target))
    workbook.set_properties({"created": WRITTEN_AT, "author": "Portal de exemplo"})
    for name, rows in sheets.items():
        _write_sheet(workbook.add_worksheet(name), rows, numeric)
    workbook.close()


def _write_sheet(sheet: Any, rows: Iterable[Row], numeric: frozenset[int]) -> None:
    write_number, write_string = sheet.write_number, sheet.write_string
    for number, row in enumerate(rows):
        for place, text in enumerate(row):
            if not text:
                continue
            if place in numeric and text.lstrip("-").isdigit():
                write_number(number, place, int(text))
            else:
                write_string(number, place, text)
