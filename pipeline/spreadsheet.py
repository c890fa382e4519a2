"""Read a published spreadsheet (xlsx, since 2024): every cell as the text a person would read.

Codes, CNPJ and money stand in numeric cells there, so leading zeros are gone; the `cleaned` layer
gives CNPJ its 14 digits back. Rows are numbered as in the sheet; where several sheets hold data
the second goes on counting where the first ended.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import fastexcel
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import FileError
from pipeline.header import Header, read_header
from pipeline.parsed import ROW_SCHEMA, Parsed, SetAside, set_aside, unknown_column_warnings

LARGEST_BYTES = 4 << 30
LARGEST_RATIO = 300


def read_spreadsheet(path: Path) -> Parsed:
    """Read all sheets that hold rows of this dataset.

    Raises FileError when the file is no spreadsheet, would not fit in memory once unpacked, or no
    sheet has the 23 columns.
    """
    _check_size(path)
    try:
        workbook = fastexcel.read_excel(str(path))
        sheets = {name: _load(workbook, name) for name in workbook.sheet_names}
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0]
        raise FileError(f"{path.name} não pôde ser lida como planilha: {reason}") from error
    parts, notes = _read_sheets(sheets, path.name)
    return _joined(parts, notes)


def _load(workbook: Any, name: str) -> Any:
    """Return a sheet's cells as a table of text, empty cells as empty text."""
    batch = workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string", eager=True)
    names, columns = batch.schema.names, batch.columns
    del batch  # so that each column goes when its successor is there
    for place, column in enumerate(columns):
        columns[place] = pc.fill_null(column.cast(pa.string()), "")
    return pa.table(columns, names=names)


def _check_size(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile as error:
        raise FileError(f"{path.name} não é uma planilha: {error}") from error
    size = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if size > LARGEST_BYTES or (size > 100 << 20 and size / packed > LARGEST_RATIO):
        raise FileError(
            f"{path.name} teria {size / 2**20:,.0f} MB ao ser aberta ({size / packed:.0f} vezes o "
            "arquivo): não é lida. Confira o arquivo no portal e avise a CGU"
        )


def _read_sheets(sheets: dict[str, Any], file_name: str) -> tuple[list[Parsed], list[str]]:
    parts: list[Parsed] = []
    notes: list[str] = []
    first_error: FileError | None = None
    offset = 0
    for name, table in sheets.items():
        if not table.num_rows:
            continue
        try:
            parts.append(_read_sheet(table, name, offset, f"{file_name} ({name})"))
            offset += table.num_rows
        except FileError as error:
            first_error = first_error or error
            notes.append(f"{file_name}: a planilha {name!r} não tem as 23 colunas e fica de fora")
    if not parts:
        raise first_error or FileError(f"{file_name} não tem nenhuma linha. Rode a captura de novo")
    return parts, notes


def _read_sheet(table: Any, name: str, offset: int, label: str) -> Parsed:
    numbers = pa.array(range(offset + 1, offset + table.num_rows + 1), pa.int32())
    is_blank = _is_empty(table.columns)
    first = pc.index(is_blank, False).as_py()
    if first < 0:
        raise FileError(f"{label} só tem linhas em branco")
    header = read_header(_named_fields(table, first), label)
    is_header = pc.equal(numbers, offset + first + 1) if header.is_present else None
    beyond = [
        column
        for place, column in enumerate(table.columns)
        if place >= header.width and place not in header.positions
    ]
    is_long = pc.invert(_is_empty(beyond)) if beyond else None
    is_row = pc.invert(is_blank)
    for mask in (is_header, is_long):
        is_row = pc.and_not(is_row, mask) if mask is not None else is_row
    is_aside = pc.and_not(is_long, is_header) if beyond and is_header is not None else is_long
    return Parsed(
        rows=_rows(table, header, numbers, is_row),
        set_aside=tuple(_too_long(table, numbers, is_aside, header)) if beyond else (),
        lines=table.num_rows,
        header_lines=int(header.is_present),
        blank_lines=pc.sum(is_blank).as_py(),
        encoding=None,
        delimiter=None,
        sheet=name,
        warnings=unknown_column_warnings(header, label),
    )


def _is_empty(columns: list[Any]) -> Any:
    result = pc.equal(columns[0], "")
    for column in columns[1:]:
        result = pc.and_(result, pc.equal(column, ""))
    return result


def _named_fields(table: Any, first: int) -> list[str]:
    """Return the fields of the header's row up to the last one that has a name."""
    fields = [str(column[first].as_py()) for column in table.columns]
    while fields and not fields[-1].strip():
        fields.pop()
    return fields


def _rows(table: Any, header: Header, numbers: Any, is_row: Any) -> Any:
    columns = [_kept(table.column(place), is_row) for place in header.positions]
    numbers = _kept(numbers, is_row)
    repaired = pa.repeat(pa.scalar(False), len(numbers))
    return pa.table([*columns, numbers, repaired], schema=ROW_SCHEMA)


def _kept(column: Any, is_row: Any) -> Any:
    """Return the rows of a column; without a copy where all stand together at the end."""
    first = pc.index(is_row, True).as_py()
    if first >= 0 and pc.sum(is_row).as_py() == len(column) - first:
        return column.slice(first)
    return column.filter(is_row)


def _too_long(table: Any, numbers: Any, is_aside: Any, header: Header) -> list[SetAside]:
    """Set aside rows with something beyond the last named column."""
    rows = table.append_column("linha", numbers).filter(is_aside).to_pylist()
    result = []
    for row in rows:
        line = row.pop("linha")
        reason = f"a linha tem valores além das {header.width} colunas do cabeçalho"
        result.append(set_aside(line, ";".join(row.values()), reason))
    return result


def _joined(parts: list[Parsed], notes: list[str]) -> Parsed:
    return Parsed(
        rows=pa.concat_tables([part.rows for part in parts]),
        set_aside=tuple(line for part in parts for line in part.set_aside),
        lines=sum(part.lines for part in parts),
        header_lines=sum(part.header_lines for part in parts),
        blank_lines=sum(part.blank_lines for part in parts),
        encoding=None,
        delimiter=None,
        sheet=", ".join(part.sheet or "" for part in parts),
        warnings=tuple(notes) + tuple(text for part in parts for text in part.warnings),
    )
