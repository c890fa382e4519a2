"""Read a published CSV, whatever its encoding and delimiter, without losing a line.

Seen so far: `;`, 23 fields, LF, no quoting; UTF-8, UTF-8 with BOM and no header (2019-01), or
Latin-1/cp1252 whose first accent comes late (2022). Whole columns of bytes are examined with
numpy: the lines that are regular go to Arrow at once; only the others are looked at one by one.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from pipeline.errors import FileError
from pipeline.header import Header, looks_like_row, read_header
from pipeline.parsed import (
    ROW_SCHEMA,
    Parsed,
    SetAside,
    rows_from_lists,
    set_aside,
    unknown_column_warnings,
)
from pipeline.repair import realign

DELIMITERS = (b";", b",", b"\t", b"|")
SUSPECT_BYTES = (b'"', b"\r", b"\0")
LONGEST_LINE_BYTES = 1 << 18
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class _Lines:
    """The file's lines as byte offsets: line i is text[starts[i]:ends[i]]."""

    text: bytes
    starts: Any
    ends: Any

    def line(self, index: int) -> str:
        return self.text[self.starts[index] : self.ends[index]].decode("utf-8")


def read_text(path: Path) -> Parsed:
    """Read a CSV. Raises FileError when it is not a table of this dataset."""
    text, encoding, odd_lines = decode(path.read_bytes())
    lines = _split(text)
    delimiter = _find_delimiter(lines, path.name)
    counts = _count_per_line(lines, delimiter)
    lengths = lines.ends - lines.starts
    is_blank = lengths == counts  # nothing at all, or delimiters only
    first = int(np.argmin(is_blank)) if len(is_blank) else 0
    header = read_header(_header_fields(lines.line(first), delimiter), path.name)
    skipped = first + 1 if header.is_present else first
    is_data = ~is_blank
    is_data[:skipped] = False
    is_regular = is_data & (counts == header.width - 1) & ~_is_suspect(lines)
    odd = _read_odd(lines, np.flatnonzero(is_data & ~is_regular), delimiter, header)
    rows = _merge(_read_regular(lines, is_regular, delimiter, header, path.name), odd.rows)
    return Parsed(
        rows=rows,
        set_aside=tuple(odd.aside),
        lines=len(lines.starts),
        header_lines=int(header.is_present),
        blank_lines=int(is_blank.sum()) + odd.blanks,
        encoding=encoding,
        delimiter=delimiter.decode(),
        sheet=None,
        warnings=unknown_column_warnings(header, path.name)
        + _mixed(odd_lines, encoding, path.name)
        + _unfinished(text, path.name),
        repairs=tuple(odd.repairs),
    )


def decode(data: bytes) -> tuple[bytes, str, int]:
    """Return the text as UTF-8 with LF line ends, its encoding, and how many lines are in another.

    A BOM decides; then strict UTF-8. What is not UTF-8 as a whole is looked at line by line: UTF-8
    where a line is, else cp1252, and Latin-1 where cp1252 has no character. Latin-1 has one for
    every byte, so no replacement character is ever put in.
    """
    has_bom = data.startswith(codecs.BOM_UTF8)
    data = data.removeprefix(codecs.BOM_UTF8)
    for bom, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if data.startswith(bom):
            return _decode_utf16(data[2:], name)
    if data[:2000].count(b"\0") > len(data[:2000]) // 4:
        return _decode_utf16(data, "utf-16-le" if data[1:2] == b"\0" else "utf-16-be")
    if _is_valid(data, "utf-8"):
        return data.replace(b"\r\n", b"\n"), "utf-8-sig" if has_bom else "utf-8", 0
    return _decode_by_line(data)


def _decode_by_line(data: bytes) -> tuple[bytes, str, int]:
    """Decode a file that is not UTF-8 throughout: each line as what it is."""
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    counts = {"utf-8": 0, "cp1252": 0, "latin-1": 0}
    for place, line in enumerate(lines):
        if not line.isascii():
            encoding = next(name for name in counts if _is_valid(line, name))
            counts[encoding] += 1
            lines[place] = line.decode(encoding).encode()
    main = max(counts, key=lambda name: counts[name])
    ansi = counts["cp1252"] + counts["latin-1"]  # the one is the other plus a few letters
    others = ansi if main == "utf-8" else counts["utf-8"]
    return b"\n".join(lines), main, others


def _is_valid(data: bytes, encoding: str) -> bool:
    """Tell whether the bytes are text in that encoding, a piece at a time to spare memory."""
    decoder = codecs.getincrementaldecoder(encoding)()
    view = memoryview(data)
    try:
        for start in range(0, len(data), CHUNK_BYTES):
            decoder.decode(view[start : start + CHUNK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _decode_utf16(data: bytes, encoding: str) -> tuple[bytes, str, int]:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FileError(
            f"o arquivo parece {encoding}, mas o byte {error.start} não o é: veio cortado. "
            "Rode a captura de novo: ele será baixado outra vez"
        ) from error
    return text.encode("utf-8").replace(b"\r\n", b"\n"), encoding, 0


def _split(text: bytes) -> _Lines:
    newlines = _positions(text, b"\n")
    has_rest = bool(text) and not text.endswith(b"\n")
    ends = np.append(newlines, len(text)) if has_rest else newlines
    starts = np.concatenate(([0], newlines + 1))[: len(ends)]
    return _Lines(text, starts, ends)


def _find_delimiter(lines: _Lines, file_name: str) -> bytes:
    """Take the delimiter that gives the first lines (a sample) 23 fields, or nearly."""
    sample = [line for index in range(min(50, len(lines.starts))) if (line := lines.line(index))]
    score = {
        mark: sum(line.count(mark.decode()) in {22, 23, 24} for line in sample)
        for mark in DELIMITERS
    }
    best = max(DELIMITERS, key=lambda mark: score[mark])
    if sample and score[best] == 0:
        best = max(DELIMITERS, key=lambda mark: sample[0].count(mark.decode()))
        read_header(_header_fields(sample[0], best), file_name)
    if not sample:
        raise FileError(f"{file_name} só tem linhas em branco. Rode a captura de novo")
    return best


def _positions(text: bytes, mark: bytes) -> Any:
    """Return where a byte stands, a piece at a time to spare memory."""
    array = np.frombuffer(text, np.uint8)
    found = [
        np.flatnonzero(array[start : start + CHUNK_BYTES] == mark[0]) + start
        for start in range(0, len(array), CHUNK_BYTES)
    ]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _count_per_line(lines: _Lines, mark: bytes) -> Any:
    positions = _positions(lines.text, mark)
    return np.searchsorted(positions, lines.ends) - np.searchsorted(positions, lines.starts)


def _is_suspect(lines: _Lines) -> Any:
    """Tell which lines Arrow may read in another way than we do."""
    suspect = (lines.ends - lines.starts) > LONGEST_LINE_BYTES
    for mark in SUSPECT_BYTES:
        if mark in lines.text:
            suspect |= _count_per_line(lines, mark) > 0
    return suspect


def _header_fields(line: str, delimiter: bytes) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter.decode()))


def _read_regular(
    lines: _Lines, is_regular: Any, delimiter: bytes, header: Header, file_name: str
) -> Any:
    numbers = np.flatnonzero(is_regular)
    if not len(numbers):
        return ROW_SCHEMA.empty_table()
    names = [f"c{index}" for index in range(header.width)]
    wanted = [names[position] for position in header.positions]
    table = pa_csv.read_csv(
        pa.BufferReader(_join_runs(lines, numbers)),
        pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=CHUNK_BYTES),
        pa_csv.ParseOptions(
            delimiter=delimiter.decode(),
            quote_char=False,
            double_quote=False,
            escape_char=False,
            ignore_empty_lines=False,
        ),
        pa_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            include_columns=wanted,
        ),
    )
    if table.num_rows != len(numbers):
        raise FileError(f"{file_name}: {len(numbers)} linhas deram {table.num_rows} registros")
    return pa.table(
        [
            *table.columns,
            pa.array(numbers + 1, pa.int32()),
            pa.repeat(pa.scalar(False), len(numbers)),
        ],
        schema=ROW_SCHEMA,
    )


def _join_runs(lines: _Lines, numbers: Any) -> Any:
    """Return the bytes of the numbered lines; without a copy where they follow one another."""
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    run_starts = numbers[np.concatenate(([0], breaks + 1))]
    run_ends = numbers[np.append(breaks, len(numbers) - 1)]
    view = memoryview(lines.text)
    runs = [
        view[lines.starts[start] : lines.ends[end]]
        for start, end in zip(run_starts, run_ends, strict=True)
    ]
    return pa.py_buffer(runs[0] if len(runs) == 1 else b"\n".join(runs))


@dataclass(frozen=True)
class _Odd:
    """What became of the lines that were looked at one by one."""

    rows: Any
    aside: list[SetAside]
    repairs: list[tuple[int, str]]
    blanks: int


def _read_odd(lines: _Lines, indexes: Any, delimiter: bytes, header: Header) -> _Odd:
    rows: list[tuple[int, list[str], bool]] = []
    aside: list[SetAside] = []
    repairs: list[tuple[int, str]] = []
    blanks = 0
    for index in indexes.tolist():
        line = lines.line(index)
        if not line.strip():
            blanks += 1
            continue
        fields, problem = _split_fields(line, delimiter.decode(), header.width)
        is_repaired = False
        if not problem and len(fields) != header.width:
            fields, problem = _realigned(fields, delimiter.decode(), header)
            is_repaired = True
        if problem:
            aside.append(set_aside(index + 1, line, problem))
            continue
        rows.append((index + 1, [fields[place] for place in header.positions], is_repaired))
        if is_repaired:
            repairs.append((index + 1, line))
    return _Odd(rows_from_lists(rows), aside, repairs, blanks)


def _split_fields(line: str, delimiter: str, width: int) -> tuple[list[str], str]:
    """Split one odd line; the second value says why it cannot be, or is empty.

    A `"` is a quote only where a field begins and ends with it, or where only quoting gives the
    right number of fields: names hold lone ones.
    """
    if "\0" in line:
        return [], "a linha contém o caractere nulo (0x00)"
    if len(line) > LONGEST_LINE_BYTES:
        return [], "a linha é longa demais para ser um registro"
    fields = line.split(delimiter)
    is_quoted = any(len(field) > 1 and field[0] == field[-1] == '"' for field in fields)
    if '"' in line and (is_quoted or len(fields) != width):
        with contextlib.suppress(csv.Error):  # not quoting after all: the fields as they stand
            fields = next(csv.reader([line], delimiter=delimiter, strict=True))
    if len(fields) == width + 1 and not fields[-1].strip() and looks_like_row(fields):
        fields = fields[:-1]
    return fields, ""


def _realigned(fields: list[str], delimiter: str, header: Header) -> tuple[list[str], str]:
    """Realign a line of a file that has the published columns in their order, and only those."""
    if header.positions == tuple(range(header.width)):
        return realign(fields, delimiter)
    return [], f"a linha tem {len(fields)} campos em vez de {header.width}"


def _merge(regular: Any, odd: Any) -> Any:
    if not odd.num_rows:
        return regular
    return pa.concat_tables([regular, odd]).sort_by("linha_origem").combine_chunks()


def _mixed(odd_lines: int, encoding: str, file_name: str) -> tuple[str, ...]:
    if not odd_lines:
        return ()
    other = "cp1252 ou Latin-1" if encoding == "utf-8" else "UTF-8"
    return (
        f"{file_name}: está em {encoding}, mas {odd_lines} linhas estão em {other}; lidas assim",
    )


def _unfinished(text: bytes, file_name: str) -> tuple[str, ...]:
    if text.endswith(b"\n"):
        return ()
    return (f"{file_name}: a última linha não tem fim de linha; o arquivo pode ter vindo cortado",)
