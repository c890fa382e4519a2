"""Reading files: every line ends in a row or is set aside with its reason."""

import csv

import pytest

from pipeline import parse
from pipeline.columns import PUBLISHED
from pipeline.errors import FileError
from pipeline.source import Release
from pipeline.textfile import decode

ROW = (
    "8761995;MIN.EDUC;154035;UNIVERSIDADE;NI  ;00037/2021;08295864000162;AD'S, LTDA;"
    "***.527.284-**;JOÃO D'ÁVILA;517330 - VIGILANTE;ENSINO MEDIO COMPLETO;44  ;CAMPUS;2012.55;"
    "4036.36;9;SETEMBRO;2025;UFX;UNIVERSIDADE;-2;26235"
)
FIELDS = ROW.split(";")
HEADER = ";".join(PUBLISHED)


@pytest.fixture
def read(tmp_path):
    def run(content, encoding="utf-8"):
        path = tmp_path / "arquivo.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        parsed = parse.parse(path)
        counted = parsed.header_lines + parsed.blank_lines + parsed.rows.num_rows
        assert parsed.lines == counted + len(parsed.set_aside)
        return parsed

    return run


def values(parsed, index=0):
    return [parsed.rows.column(name)[index].as_py() for name in PUBLISHED]


def lines(parsed):
    return parsed.rows.column("linha_origem").to_pylist()


def test_every_value_is_kept_as_published(read):
    parsed = read(f"{HEADER}\n{ROW}\n{ROW}\n")
    assert values(parsed) == FIELDS
    assert lines(parsed) == [2, 3]
    assert (parsed.encoding, parsed.delimiter, parsed.header_lines) == ("utf-8", ";", 1)


def test_a_file_without_header_loses_no_line(read):
    parsed = read(b"\xef\xbb\xbf" + f"{ROW}\n{ROW}\n".encode())
    assert parsed.rows.num_rows == 2
    assert values(parsed) == FIELDS
    assert (parsed.encoding, parsed.header_lines) == ("utf-8-sig", 0)


def test_a_late_latin_1_byte_is_read_as_the_letter_it_is(read):
    parsed = read(
        f"{HEADER}\n{ROW}\n".replace("Ã", "A").replace("Á", "A").encode()
        + (ROW.replace("JOÃO", "Ýris").encode("latin-1") + b"\n")
    )
    assert values(parsed, 1)[9] == "Ýris D'ÁVILA"
    assert parsed.encoding == "cp1252"


def test_bytes_that_cp1252_lacks_are_latin_1():
    assert decode(b"a\x81\xe7") == ("a\x81ç".encode(), "latin-1", 0)


def test_one_bad_byte_does_not_spoil_the_accents_of_the_other_lines(read):
    bad = ROW.replace("JOÃO", "Ýris").encode("latin-1")
    parsed = read(b"\n".join([HEADER.encode(), ROW.encode(), bad, ROW.encode(), b""]))
    assert values(parsed) == values(parsed, 2) == FIELDS
    assert values(parsed, 1)[9] == "Ýris D'ÁVILA"
    assert parsed.encoding == "utf-8"
    assert [text for text in parsed.warnings if "1 linhas estão em cp1252" in text]


def test_a_line_of_utf_8_in_an_older_file_is_read_as_such(read):
    old = ROW.encode("cp1252")
    parsed = read(b"\n".join([HEADER.encode(), old, ROW.encode(), old, b""]))
    assert [values(parsed, place) for place in range(3)] == [FIELDS] * 3
    assert parsed.encoding == "cp1252"
    assert [text for text in parsed.warnings if "1 linhas estão em UTF-8" in text]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_mark(read, encoding):
    text = f"{HEADER}\n{ROW}\n"
    assert values(read(text, encoding)) == FIELDS
    assert values(read(("\ufeff" + text).encode(encoding))) == FIELDS


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
def test_other_delimiters_are_found(read, delimiter):
    text = f"{HEADER}\n{ROW.replace(',', ' -')}\n".replace(";", delimiter)
    parsed = read(text)
    assert parsed.delimiter == delimiter
    assert values(parsed)[7] == "AD'S - LTDA"


def test_crlf_and_blank_lines_are_counted_not_loaded(read):
    parsed = read(f"\r\n{HEADER}\r\n{ROW}\r\n\r\n   \r\n{';' * 22}\r\n{ROW}\r\n")
    assert (parsed.blank_lines, lines(parsed)) == (4, [3, 7])
    assert values(parsed, 1) == FIELDS


def test_quotes_are_quotes_only_around_a_whole_field(read):
    quoted = ROW.replace("AD'S, LTDA", '"AD\'S; ""X"" LTDA"')
    lone = ROW.replace("AD'S, LTDA", 'CASA "X LTDA')
    parsed = read(f"{HEADER}\n{quoted}\n{lone}\n{ROW}\n")
    assert [row[7] for row in (values(parsed, i) for i in range(3))] == [
        'AD\'S; "X" LTDA',
        'CASA "X LTDA',
        "AD'S, LTDA",
    ]
    assert lines(parsed) == [2, 3, 4]


def test_a_delimiter_at_the_end_of_the_line_moves_nothing(read):
    parsed = read(f"{HEADER};\n{ROW};\n")
    assert values(parsed) == FIELDS
    assert values(read(f"{HEADER}\n{ROW};\n")) == FIELDS


def test_a_cut_line_is_set_aside_as_published_with_its_number(read):
    parsed = read(f"{HEADER}\n{ROW}\n8761996;MIN.EDUC;15\n{ROW}\n")
    (aside,) = parsed.set_aside
    assert (aside.line, aside.content) == (3, "8761996;MIN.EDUC;15")
    assert aside.reason == "a linha tem 3 campos em vez de 23"
    assert lines(parsed) == [2, 4]


def test_a_nul_byte_sets_its_line_aside(read):
    parsed = read(f"{HEADER}\n{ROW}\n".encode() + ROW.replace("UFX", "U\0X").encode() + b"\n")
    assert parsed.set_aside[0].line == 3
    assert "nulo" in parsed.set_aside[0].reason
    assert "U\u2400X" in parsed.set_aside[0].content


def test_a_lone_carriage_return_stays_inside_its_field(read):
    parsed = read(f"{HEADER}\n{ROW.replace('CAMPUS', chr(13).join('AB'))}\n{ROW}\n")
    assert values(parsed)[13] == "A\rB"
    assert lines(parsed) == [2, 3]


def test_a_monstrous_line_is_set_aside_by_its_start(read):
    parsed = read(f"{HEADER}\n{ROW}\n{'x' * 3_000_000}\n{ROW}\n")
    assert lines(parsed) == [2, 4]
    assert len(parsed.set_aside[0].content) == 1_000_000
    assert "3000000" in parsed.set_aside[0].reason


def test_columns_in_another_order_are_put_in_ours(read):
    names, fields = HEADER.split(";"), ROW.split(";")
    text = ";".join(names[::-1]) + "\n" + ";".join(fields[::-1]) + "\n"
    assert values(read(text)) == FIELDS


def test_a_new_column_is_reported_and_the_rest_loaded(read):
    parsed = read(f"{HEADER};novidade\n{ROW};x\n")
    assert values(parsed) == FIELDS
    assert "novidade" in parsed.warnings[0]


def test_a_renamed_column_is_named_and_stops(read):
    with pytest.raises(FileError, match=r"nr_cpf.*cpf_novo"):
        read(f"{HEADER.replace('nr_cpf', 'cpf_novo')}\n{ROW}\n")


def test_another_dataset_is_refused(read):
    with pytest.raises(FileError, match=r"não é um arquivo de terceirizados.*uf; municipio"):
        read("uf;municipio;valor\nRJ;Rio;1\n")


@pytest.mark.parametrize("content", ["\n\n", HEADER + "\n"])
def test_a_file_without_rows_is_refused(read, content):
    with pytest.raises(FileError):
        read(content)


def test_a_last_line_without_end_is_a_warning(read):
    assert "pode ter vindo cortado" in read(f"{HEADER}\n{ROW}").warnings[0]


def test_a_month_that_differs_is_reported_with_both_values(read):
    other = ROW.replace(";9;SETEMBRO;", ";5;MAIO;")
    parsed = read(f"{HEADER}\n{ROW}\n{other}\n")
    release = Release(2025, 9, "http://portal.test/arquivo.csv")
    (warning,) = parse.period_warnings(parsed, release)
    assert "1 linhas dizem mês '5' de '2025'" in warning
    assert "2025-09" in warning


def test_the_parsed_csv_holds_every_value_as_published(read, tmp_path):
    quoted = ROW.replace("AD'S, LTDA", '"A ""B"" ; C"')
    parse.write_csv(read(f"{HEADER}\n{ROW}\n{quoted}\n"), tmp_path / "a" / "terceirizados.csv")
    with (tmp_path / "a" / "terceirizados.csv").open(encoding="utf-8", newline="") as stream:
        header, first, second = csv.reader(stream)
    assert header == list(PUBLISHED)
    assert first == FIELDS
    assert second[7] == 'A "B" ; C'
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["terceirizados.csv"]


def test_a_delimiter_inside_a_name_is_put_back_where_only_one_way_fits(read):
    shifted = ROW.replace("AD'S, LTDA", "AD'S; LTDA")
    parsed = read(f"{HEADER}\n{ROW}\n{shifted}\n")
    assert values(parsed, 1)[7] == "AD'S; LTDA"
    assert values(parsed, 1)[8:] == FIELDS[8:]
    assert parsed.rows.column("reparado").to_pylist() == [False, True]
    assert parsed.repaired == 1
    assert parsed.repairs == ((3, shifted),)


def test_a_missing_field_is_empty_where_only_one_way_fits(read):
    parsed = read(f"{HEADER}\n{ROW.replace(';CAMPUS', '')}\n")
    assert values(parsed) == [*FIELDS[:13], "", *FIELDS[14:]]
    assert parsed.repaired == 1


@pytest.mark.parametrize(
    "line",
    [
        ROW.replace("UNIVERSIDADE;NI", "UNIVERSIDADE;X;NI"),
        ROW.replace("UFX;UNIVERSIDADE", "UFX"),
        ROW.replace("MIN.EDUC;", "MIN.EDUC;a;b;c;d;"),
        ROW.replace("***.527.284-**", "") + ";x",
    ],
)
def test_a_line_that_fits_in_two_ways_or_none_is_set_aside(read, line):
    parsed = read(f"{HEADER}\n{ROW}\n{line}\n")
    (aside,) = parsed.set_aside
    assert (aside.line, aside.content) == (3, line)
    assert "campos em vez de 23" in aside.reason
