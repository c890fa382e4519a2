"""Rows as files: CSV as a Brazilian Excel wants it, the same with its provenance, or Parquet.

Written as they are read, so the size of an export does not matter. In CSV a text that a spreadsheet
would take for a formula gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from viewer.catalog import Column
from viewer.pool import TIME_ZONE

BOM = b"\xef\xbb\xbf"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
NUMERIC = re.compile(r"^numeric\(\d+,(\d+)\)$")
DECIMALS = 9
READ_BYTES = 1 << 18
Rows = Iterable[Sequence[Any]]


def csv_rows(columns: Sequence[Column], rows: Rows) -> Iterator[bytes]:
    """Write rows as CSV: UTF-8 with BOM, `;`, decimal comma, CRLF, header; a piece at a time."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    yield BOM + _taken(buffer)
    for row in rows:
        writer.writerow([_csv_value(value) for value in row])
        if buffer.tell() > READ_BYTES:
            yield _taken(buffer)
    yield _taken(buffer)


def zip_with(
    columns: Sequence[Column], rows: Rows, name: str, provenance: Callable[[], str]
) -> Iterator[bytes]:
    """Write a ZIP of NAME.csv and procedencia.txt; `provenance` is asked when all rows are out."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
            for piece in csv_rows(columns, rows):
                file.write(piece)
                yield sink.take()
        archive.writestr("procedencia.txt", provenance())
    yield sink.take()


def parquet_file(
    columns: Sequence[Column],
    chunks: Iterable[list[tuple[Any, ...]]],
    provenance: Callable[[], str],
) -> Iterator[bytes]:
    """Write Parquet by way of a temporary file; its metadata hold `procedencia`."""
    schema = pa.schema([(column.name, _arrow_type(column)) for column in columns])
    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for chunk in chunks:
                values = zip(*chunk, strict=True)
                arrays = [
                    pa.array([_arrow_value(value, field.type) for value in column], field.type)
                    for column, field in zip(values, schema, strict=True)
                ]
                writer.write_table(pa.table(arrays, schema=schema))
            writer.add_key_value_metadata({"procedencia": provenance()})
        file.seek(0)
        yield from _pieces(file)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(READ_BYTES):
        yield piece


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _csv_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "sim" if value else "não"
    if isinstance(value, (int, float, Decimal)):
        return str(value).replace(".", ",")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    text = _text(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join("" if item is None else str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _arrow_type(column: Column) -> pa.DataType:
    if column.type_name in {"smallint", "integer", "bigint"}:
        return pa.int64()
    if column.type_name.startswith("numeric"):
        scale = NUMERIC.match(column.type_name)
        return pa.decimal128(38, int(scale[1]) if scale else DECIMALS)
    simple = {
        "date": pa.date32(),
        "moment": pa.timestamp("us", TIME_ZONE),
        "boolean": pa.bool_(),
        "number": pa.float64(),
    }
    return simple.get(column.kind, pa.string())


def _arrow_value(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value).quantize(Decimal(1).scaleb(-kind.scale))
    return _text(value) if pa.types.is_string(kind) else value


class _Sink(io.RawIOBase):
    """A file that only goes forward; what was written is taken out piece by piece."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._parts.append(piece)
        self._size += len(piece)
        return len(piece)

    def take(self) -> bytes:
        """Return all that was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
