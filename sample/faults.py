"""Small files with what has not come yet but may, each with what a right reading of it gives.

`build_fault("unescaped_delimiter")` returns the bytes and the truth, row by row. A line that has no
certain reading is `separada`; a file that is no table of this dataset is refused as a whole.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sample.files import NUMERIC_PLACES
from sample.people import workforce
from sample.published import published_table, true_values
from sample.releases import COLUMNS, DEFAULT_SEED, release_of
from sample.spreadsheet import write_workbook

LOADED, REPAIRED, ASIDE = "carregada", "reparada", "separada"
COMPANY, NAME, WORKPLACE = 7, 9, 13

Record = list[str]


@dataclass(frozen=True)
class TruthRow:
    """One line that is neither header nor blank; `values` is empty where it is `separada`."""

    line: int
    status: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SampleFile:
    """A file as published and its truth. `is_refused`: a right reader takes nothing of it."""

    name: str
    content: bytes
    truth: tuple[TruthRow, ...]
    is_refused: bool = False


def build_fault(name: str, rows: int = 30, seed: int = DEFAULT_SEED) -> SampleFile:
    """Build a fault with that many rows (12 at least); the same bytes for the same arguments.

    Raises LookupError with the known names, ValueError for too few rows.
    """
    if name not in FAULTS:
        raise LookupError(f"não há a falha {name!r}; há {', '.join(sorted(FAULTS))}")
    if rows < 12:
        raise ValueError(f"{rows} linhas são poucas: use 12 ou mais")
    release = release_of(2023, 5)
    workers = workforce(release, rows, rows, rows, seed)
    table = published_table(release, workers, true_values(release, workers))
    records = [list(row) for row in zip(*table.to_pydict().values(), strict=True)]
    return FAULTS[name](records)


def _csv(text: str, truth: Iterable[TruthRow], encoding: str = "utf-8") -> SampleFile:
    return SampleFile("terceirizados202601.csv", text.encode(encoding), tuple(truth))


def _loaded(records: Iterable[Sequence[str]], first_line: int = 2) -> list[TruthRow]:
    return [
        TruthRow(line, LOADED, tuple(record))
        for line, record in enumerate(records, start=first_line)
    ]


def _lines(records: Iterable[Sequence[str]], delimiter: str = ";") -> list[str]:
    return [delimiter.join(COLUMNS), *(delimiter.join(record) for record in records)]


def _text(lines: Iterable[str], end: str = "\n") -> str:
    return "".join(line + end for line in lines)


def _quoted_text(records: Iterable[Sequence[str]], delimiter: str, *, everything: bool) -> str:
    sink = io.StringIO()
    dialect = "unix" if everything else "excel"  # the first quotes everything
    writer = csv.writer(sink, dialect, delimiter=delimiter, lineterminator="\n")
    writer.writerows([COLUMNS, *records])
    return sink.getvalue()


def _comma(records: list[Record]) -> SampleFile:
    """Put commas between the fields; text that holds one is quoted."""
    records[3][COMPANY] = "SILVA, ROCHA & CIA LTDA"
    return _csv(_quoted_text(records, ",", everything=False), _loaded(records))


def _tab(records: list[Record]) -> SampleFile:
    return _csv(_text(_lines(records, "\t")), _loaded(records))


def _quoted(records: list[Record]) -> SampleFile:
    """Quote every field; one holds the delimiter, one doubled quotes, one both."""
    records[2][COMPANY] = "ALFA; BETA LTDA"
    records[4][WORKPLACE] = 'COLEGIO "DOM PEDRO" - SEDE'
    records[6][COMPANY] = 'GRUPO "OMEGA"; FILIAL 2'
    return _csv(_quoted_text(records, ";", everything=True), _loaded(records))


def _crlf(records: list[Record]) -> SampleFile:
    return _csv(_text(_lines(records), "\r\n"), _loaded(records))


def _blank_lines(records: list[Record]) -> SampleFile:
    """Put an empty line, blanks only, delimiters only and two at the end among the rows."""
    blanks = {3: "", 5: "   ", 8: ";" * (len(COLUMNS) - 1)}
    lines, truth = [";".join(COLUMNS)], []
    for index, record in enumerate(records):
        if index in blanks:
            lines.append(blanks[index])
        lines.append(";".join(record))
        truth.append(TruthRow(len(lines), LOADED, tuple(record)))
    return _csv(_text([*lines, "", ""]), truth)


def _trailing_delimiter(records: list[Record]) -> SampleFile:
    """End every row, but not the header, in a delimiter: an empty 24th field."""
    header, *lines = _lines(records)
    return _csv(_text([header, *(line + ";" for line in lines)]), _loaded(records))


def _unescaped_delimiter(records: list[Record]) -> SampleFile:
    """Leave delimiters inside free text.

    Company, name and place of work stand between fields of a fixed form, so the reading is
    certain; the unit's name and acronym stand side by side, so `A;B;B` may be read in two ways.
    """
    records[2][COMPANY] = "ALFA; BETA LTDA"
    records[4][NAME] = "MARIA;JOSE DA SILVA"
    records[6][WORKPLACE] = "PORTARIA;BLOCO C"
    records[8][COMPANY] = "ALFA;BETA;GAMA LTDA"
    records[10][2:5] = ["999123", "COORDENACAO;CGRL", "CGRL"]
    truth = _loaded(records)
    for index in (2, 4, 6, 8):
        truth[index] = replace(truth[index], status=REPAIRED)
    truth[10] = TruthRow(truth[10].line, ASIDE, ())
    return _csv(_text(_lines(records)), truth)


def _cut_line(records: list[Record]) -> SampleFile:
    """Cut a line in the middle of the file, and the last one, which has no line end either."""
    lines = _lines(records)
    lines[5] = ";".join(records[4][:10])
    lines[-1] = ";".join(records[-1][:20])
    truth = _loaded(records)
    truth[4] = TruthRow(6, ASIDE, ())
    truth[-1] = TruthRow(len(lines), ASIDE, ())
    return _csv(_text(lines)[:-1], truth)


def _utf16(records: list[Record]) -> SampleFile:
    return _csv("\ufeff" + _text(_lines(records)), _loaded(records), "utf-16-le")


def _renamed_column(records: list[Record]) -> SampleFile:
    header, *lines = _lines(records)
    file = _csv(_text([header.replace("nm_razao_social", "nm_empresa"), *lines]), ())
    return replace(file, is_refused=True)


def _new_column(records: list[Record]) -> SampleFile:
    """Add a 24th column at the end; what a reader delivers are the 23."""
    header, *lines = _lines(records)
    lines = [f"{line};{1000 + index}" for index, line in enumerate(lines)]
    return _csv(_text([f"{header};nr_matricula", *lines]), _loaded(records))


def _two_periods(records: list[Record]) -> SampleFile:
    for record in records[len(records) // 2 :]:
        record[16:19] = ["1", "JANEIRO", "2023"]
    return _csv(_text(_lines(records)), _loaded(records))


def _empty_period(records: list[Record]) -> SampleFile:
    records[3][16:19] = ["", "", ""]
    records[7][18] = ""
    return _csv(_text(_lines(records)), _loaded(records))


def _other_dataset(_records: list[Record]) -> SampleFile:
    text = "id_viagem;cpf_viajante;nome;destino\n1;***.111.222-**;FULANO;SERRA AZUL\n"
    return replace(_csv(text, ()), is_refused=True)


def _nul_byte(records: list[Record]) -> SampleFile:
    records[4][NAME] = "ANA\0 SILVA"
    truth = _loaded(records)
    truth[4] = TruthRow(truth[4].line, ASIDE, ())
    return _csv(_text(_lines(records)), truth)


def _stray_quote(records: list[Record]) -> SampleFile:
    """Leave lone quotes in text, two of them where a field begins: no quoting is meant."""
    records[2][COMPANY] = '"ALFA LTDA'
    records[5][WORKPLACE] = 'SALA 12" NORTE'
    records[7][COMPANY] = '"BETA LTDA'
    return _csv(_text(_lines(records)), _loaded(records))


def _bare_cr(records: list[Record]) -> SampleFile:
    """Put a lone carriage return inside a field: no line ends there."""
    records[4][WORKPLACE] = "PORTARIA\rBLOCO C"
    return _csv(_text(_lines(records)), _loaded(records))


def _xlsx(
    sheets: dict[str, Iterable[Sequence[str]]],
    truth: Iterable[TruthRow],
    numeric: frozenset[int] = NUMERIC_PLACES,
) -> SampleFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "terceirizados202601.xlsx"
        write_workbook(path, sheets, numeric)
        return SampleFile(path.name, path.read_bytes(), tuple(truth))


def _in_cells(records: list[Record]) -> list[Record]:
    """Return the records as numeric cells leave them: no leading zeros, no padding."""
    result = []
    for record in records:
        record[12] = record[12].strip()
        places = [place for place in NUMERIC_PLACES if record[place].isdigit()]
        for place in places:
            record[place] = str(int(record[place]))
        record[14:16] = [str(round(float(value))) for value in record[14:16]]
        result.append(record)
    return result


def _two_sheets(records: list[Record]) -> SampleFile:
    """Put a sheet of notes before the one with the rows."""
    records = _in_cells(records)
    notes = [["Terceirizados"], ["Fonte: dados inventados"]]
    return _xlsx({"Leia-me": notes, "Planilha1": [COLUMNS, *records]}, _loaded(records))


def _text_cells(records: list[Record]) -> SampleFile:
    return _xlsx({"Planilha1": [COLUMNS, *records]}, _loaded(records), frozenset())


def _blank_rows(records: list[Record]) -> SampleFile:
    """Leave a row before the header, one among the rows and one before the last blank."""
    records = _in_cells(records)
    blank: Record = []
    rows = [blank, COLUMNS, *records[:5], blank, *records[5:-1], blank, records[-1]]
    truth = _loaded(records[:5], 3) + _loaded(records[5:-1], 9)
    last = TruthRow(len(rows), LOADED, tuple(records[-1]))
    return _xlsx({"Planilha1": rows}, [*truth, last])


def _empty_file(_records: list[Record]) -> SampleFile:
    return replace(_csv("", ()), is_refused=True)


def _html(_records: list[Record]) -> SampleFile:
    page = "<!DOCTYPE html>\n<html><body><h1>Portal em manutenção</h1></body></html>\n"
    return replace(_csv(page, ()), is_refused=True)


FAULTS: dict[str, Callable[[list[Record]], SampleFile]] = {
    function.__name__.removeprefix("_"): function
    for function in (
        *(_comma, _tab, _quoted, _crlf, _blank_lines, _trailing_delimiter, _unescaped_delimiter),
        *(_cut_line, _utf16, _renamed_column, _new_column, _two_periods, _empty_period),
        *(_other_dataset, _nul_byte, _stray_quote, _bare_cr),
        *(_two_sheets, _text_cells, _blank_rows, _empty_file, _html),
    )
}
"""Every fault by name."""
