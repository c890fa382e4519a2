"""Reading spreadsheets: text as a person would read it, rows by their number in the sheet."""

import zipfile

import pytest
import xlsxwriter

from pipeline import parse
from pipeline.columns import PUBLISHED
from pipeline.errors import FileError

VALUES = [
    8761995, "MIN.EDUC", 154035, "UNIVERSIDADE", None, "00037/2021", 8295864000162, "AD'S, LTDA",
    "***.527.284-**", "JOÃO", "517330 - VIGILANTE", 14, 44, "CAMPUS", 2012, 4036.36, 9,
    "SETEMBRO", 2025, "UFX", "UNIVERSIDADE", -2, 26235,
]  # fmt: skip
TEXT = ["" if value is None else str(value) for value in VALUES]


@pytest.fixture
def read(tmp_path):
    def run(**sheets):
        path = tmp_path / "arquivo.xlsx"
        workbook = xlsxwriter.Workbook(str(path))
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
        workbook.close()
        parsed = parse.parse(path)
        counted = parsed.header_lines + parsed.blank_lines + parsed.rows.num_rows
        assert parsed.lines == counted + len(parsed.set_aside)
        return parsed

    return run


def values(parsed, index=0):
    return [parsed.rows.column(name)[index].as_py() for name in PUBLISHED]


def test_numbers_become_the_text_a_person_reads(read):
    parsed = read(Planilha1=[PUBLISHED, VALUES])
    assert values(parsed) == TEXT
    assert parsed.sheet == "Planilha1"
    assert parsed.rows.column("linha_origem").to_pylist() == [2]


def test_blank_rows_keep_the_numbering_of_the_sheet(read):
    parsed = read(Planilha1=[[], PUBLISHED, [], VALUES, [], VALUES])
    assert parsed.rows.column("linha_origem").to_pylist() == [4, 6]
    assert (parsed.lines, parsed.blank_lines, parsed.header_lines) == (6, 3, 1)


def test_a_sheet_without_header_loses_no_row(read):
    parsed = read(Planilha1=[VALUES, VALUES])
    assert (parsed.rows.num_rows, parsed.header_lines) == (2, 0)


def test_all_sheets_with_the_columns_are_read_and_others_reported(read):
    parsed = read(A=[PUBLISHED, VALUES], Notas=[["feito por"], ["x"]], B=[PUBLISHED, VALUES])
    assert parsed.rows.num_rows == 2
    assert parsed.rows.column("linha_origem").to_pylist() == [2, 4]
    assert any("'Notas'" in warning for warning in parsed.warnings)


def test_a_value_beyond_the_last_column_sets_the_row_aside(read):
    parsed = read(Planilha1=[PUBLISHED, VALUES, [*VALUES, "sobra"]])
    assert parsed.rows.num_rows == 1
    assert parsed.set_aside[0].line == 3
    assert parsed.set_aside[0].content.endswith("26235;sobra")


def test_a_sheet_of_another_dataset_is_refused(read):
    with pytest.raises(FileError, match="não é um arquivo de terceirizados"):
        read(Planilha1=[["uf", "valor"], ["RJ", 1]])


def test_a_bomb_is_refused_before_it_is_opened(tmp_path):
    path = tmp_path / "bomba.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as stream,
    ):
        for _ in range(200):
            stream.write(b"0" * (1 << 20))
    with pytest.raises(FileError, match="200 MB ao ser aberta"):
        parse.parse(path)


def test_a_cut_spreadsheet_is_no_spreadsheet(tmp_path):
    path = tmp_path / "cortada.xlsx"
    path.write_bytes(b"PK\x03\x04" + b"x" * 1000)
    with pytest.raises(FileError, match="não é uma planilha"):
        parse.parse(path)
