"""The sample portal: its page, its files against their truth, its faults, over real HTTP."""

import base64
import csv
import datetime
import hashlib
import io
import itertools
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from email.utils import parsedate_to_datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from bs4 import BeautifulSoup

from sample.faults import FAULTS, build_fault
from sample.files import release_tables
from sample.generate import generate, main
from sample.page import FOLDER_PATH, PAGE_PATH
from sample.places import cnpjs, places, with_check_digits
from sample.portal import Portal
from sample.releases import COLUMNS, DEFAULT_SCALE, DEFAULT_SEED, RELEASES, release_of

ROOT = Path(__file__).resolve().parent.parent
REAL_PAGE = ROOT.parent / "shared" / "cgu-page-2026-02-22.html"
CSV_RELEASES = [release for release in RELEASES if not release.is_spreadsheet]
XLSX_RELEASES = [release for release in RELEASES if release.is_spreadsheet]
CSV_NAME = "terceirizados202309.csv"
XLSX_NAME = "terceirizados202405.xlsx"
TIMEOUT_S = 10


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("amostra")
    generate(path)
    return path


@pytest.fixture
def portal(folder):
    with Portal(folder) as running:
        yield running


def fetch(url, **options):
    return requests.get(url, timeout=TIMEOUT_S, **options)


def file_url(portal, name):
    return f"{portal.origin}{FOLDER_PATH}/{name}"


def label(release):
    return release.label


def truth(folder, release, kind) -> list[dict[str, str]]:
    path = folder / "truth" / f"{release.label}.{kind}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def published(folder, year, month):
    return truth(folder, release_of(year, month), "published")


def typed(folder, year, month):
    return truth(folder, release_of(year, month), "typed")


def csv_text(folder, release) -> str:
    return (folder / release.name).read_bytes().decode(release.encoding)


def sheet_rows(content: bytes, number: int = 1) -> dict[int, dict[str, tuple[str, bool]]]:
    """Sheet row → column letters → (text, whether the cell is numeric), from the XML alone."""
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        shared = [
            "".join(text.text or "" for text in item.iter(f"{space}t"))
            for item in ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        ]
        sheet = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
    rows: dict[int, dict[str, tuple[str, bool]]] = {}
    for cell in sheet.iter(f"{space}c"):
        letters, row = re.fullmatch(r"([A-Z]+)(\d+)", cell.get("r")).groups()
        text = cell.find(f"{space}v").text
        is_number = cell.get("t") != "s"
        rows.setdefault(int(row), {})[letters] = (
            text if is_number else shared[int(text)],
            is_number,
        )
    return rows


LETTERS = [chr(ord("A") + place) for place in range(len(COLUMNS))]


# The page


def links(html) -> list[tuple[str, str, str]]:
    """(heading text, link text, href) as a naive reader walks the page."""
    found, heading = [], ""
    for tag in BeautifulSoup(html, "html.parser").select(".tile-content h3, .tile-content a"):
        if tag.name == "h3":
            heading = tag.get_text()
        else:
            found.append((heading, tag.get_text(), tag["href"]))
    return found


def file_links(html):
    return [link for link in links(html) if link[2].endswith((".csv", ".xlsx"))]


def test_the_page_lists_the_21_files_with_their_published_names(portal):
    found = file_links(fetch(portal.url).text)
    assert len(found) == 21
    assert {href for _heading, _text, href in found} == {
        file_url(portal, release.name) for release in RELEASES
    }


def test_the_links_tell_only_the_month(portal):
    found = Counter(text for _heading, text, _href in file_links(fetch(portal.url).text))
    assert found == {"Janeiro": 7, "Maio": 7, "Setembro": 7}


def test_2025_is_ascending_and_the_other_years_descending(portal):
    found = file_links(fetch(portal.url).text)
    months = [(heading, text) for heading, text, _href in found]
    assert months[:3] == [("2025", "Janeiro"), ("2025", "Maio"), ("2025", "Setembro")]
    for start in range(3, 21, 3):
        assert [text for _heading, text in months[start : start + 3]] == [
            "Setembro",
            "Maio",
            "Janeiro",
        ]


def test_an_empty_heading_stands_before_2022_and_its_next_list_is_that_of_2022(portal):
    soup = BeautifulSoup(fetch(portal.url).text, "html.parser")
    empty = [tag for tag in soup.find_all("h3") if not tag.get_text(strip=True)]
    assert len(empty) == 1
    assert empty[0].find_next_sibling().get_text() == "2022"
    assert "202209" in empty[0].find_next_sibling("ul").a["href"]


def test_headings_hold_line_breaks_and_the_base_is_not_the_page(portal):
    html = fetch(portal.url).text
    assert "<br/>2020</h3>" in html
    assert "<h3>2019<br/></h3>" in html
    assert f'<base href="{portal.url}/dados-abertos/"/><!--[if lt IE 7]></base><![endif]-->' in html


def test_the_tiles_are_those_of_the_real_page(portal):
    tiles = BeautifulSoup(fetch(portal.url).text, "html.parser").select(
        "div.cover-richtext-tile.tile-content"
    )
    assert len(tiles) == 4
    assert [len(tile.find_all("h3")) for tile in tiles] == [0, 7, 1, 1]
    assert tiles[0].a["href"].endswith("descricao-e-dicionario-de-dados.pdf")
    assert tiles[3].h3.get_text() == "2016 a 2018"
    assert tiles[3].a["class"] == ["external-link"]


def outline(html):
    """What a reader can go by: headings, link texts, file names, in the order of the page."""
    soup = BeautifulSoup(html, "html.parser")
    result = []
    for tag in soup.select(".cover-richtext-tile h3, .cover-richtext-tile a"):
        name = tag["href"].rsplit("/", 1)[-1].split("?")[0] if tag.name == "a" else ""
        is_outside = tag.get("class") == ["external-link"]
        result.append((tag.name, tag.get_text(), "" if is_outside else name))
    return result


@pytest.mark.skipif(not REAL_PAGE.is_file(), reason="a página real não está à mão")
def test_the_page_has_the_outline_of_the_real_one(portal):
    assert outline(fetch(portal.url).text) == outline(REAL_PAGE.read_text(encoding="utf-8"))


def test_links_are_built_from_the_address_the_client_used(portal):
    html = fetch(portal.url, headers={"Host": "portal:8060"}).text
    assert file_links(html)[0][2].startswith("http://portal:8060/cgu/")


def test_the_old_folder_answers_with_a_page(portal):
    href = next(href for heading, _text, href in links(fetch(portal.url).text) if "2018" in heading)
    answer = fetch(href)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_dictionary_is_a_pdf(portal):
    answer = fetch(file_url(portal, "descricao-e-dicionario-de-dados.pdf"))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


def test_the_folder_lists_20_items_a_page_and_the_bytes_are_behind_them(portal, folder):
    entries = []
    for start in (0, 20, 40):
        html = fetch(f"{portal.origin}{FOLDER_PATH}?b_start:int={start}").text
        entries.append([a["href"] for a in BeautifulSoup(html, "html.parser").select(".entry a")])
    assert [len(page) for page in entries] == [20, 2, 0]
    views = [href for page in entries for href in page]
    assert all(href.endswith("/view") for href in views)
    view = next(href for href in views if CSV_NAME in href)
    assert fetch(view).headers["Content-Type"].startswith("text/html")
    answer = fetch(view.removesuffix("/view") + "/@@download/file")
    assert answer.content == (folder / CSV_NAME).read_bytes()


# HTTP


@pytest.mark.parametrize("release", RELEASES, ids=label)
def test_a_file_is_served_as_it_is_with_its_headers(portal, folder, release):
    answer = fetch(file_url(portal, release.name))
    content = (folder / release.name).read_bytes()
    assert answer.content == content
    assert int(answer.headers["Content-Length"]) == len(content)
    assert re.fullmatch(r'"[0-9a-f]{32}"', answer.headers["ETag"])
    assert answer.headers["Content-Type"] == release.content_type
    modified = parsedate_to_datetime(answer.headers["Last-Modified"])
    first_day = datetime.datetime(release.year, release.month, 1, tzinfo=datetime.UTC)
    assert 60 < (modified - first_day).days < 110


def test_some_csv_are_called_excel():
    assert {release.content_type.split(";")[0] for release in CSV_RELEASES} == {
        "text/csv",
        "application/vnd.ms-excel",
    }


def test_head_has_the_headers_and_no_body(portal):
    whole = fetch(file_url(portal, CSV_NAME))
    answer = requests.head(file_url(portal, CSV_NAME), timeout=TIMEOUT_S)
    assert answer.content == b""
    for name in ("Content-Length", "ETag", "Last-Modified", "Content-Type"):
        assert answer.headers[name] == whole.headers[name]


def test_a_known_etag_or_date_gets_304_and_an_old_one_the_file(portal):
    url = file_url(portal, CSV_NAME)
    first = fetch(url)
    etag, modified = first.headers["ETag"], first.headers["Last-Modified"]

    def status(**headers):
        answer = fetch(
            url, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        return answer.status_code, len(answer.content)

    assert status(If_None_Match=etag) == (304, 0)
    assert status(If_None_Match=f'"other", {etag}') == (304, 0)
    assert status(If_Modified_Since=modified) == (304, 0)
    assert status(If_None_Match='"other"', If_Modified_Since=modified) == (200, len(first.content))
    old = "Mon, 01 Jan 2018 00:00:00 GMT"
    assert status(If_Modified_Since=old) == (200, len(first.content))
    assert status(If_Modified_Since="ontem") == (200, len(first.content))


def test_one_connection_serves_many_requests(portal):
    with requests.Session() as session:
        for _ in range(3):
            assert session.get(portal.url, timeout=TIMEOUT_S).status_code == 200
        assert session.get(file_url(portal, "nada.csv"), timeout=TIMEOUT_S).status_code == 404
        assert session.get(portal.url, timeout=TIMEOUT_S).status_code == 200
        pools = session.get_adapter(portal.url).poolmanager.pools
        assert pools.get(next(iter(pools.keys()))).num_connections == 1


def test_requests_are_counted_in_order(portal):
    fetch(portal.url)
    requests.head(file_url(portal, CSV_NAME), timeout=TIMEOUT_S)
    fetch(f"{portal.origin}/nada")
    assert portal.requests == [
        ("GET", PAGE_PATH, 200),
        ("HEAD", f"{FOLDER_PATH}/{CSV_NAME}", 200),
        ("GET", "/nada", 404),
    ]


# Misbehaviour


def test_503_comes_as_often_as_asked_with_the_wait(portal):
    portal.misbehave(CSV_NAME, "503", times=2, retry_after=7)
    answers = [fetch(file_url(portal, CSV_NAME)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert [answer.headers.get("Retry-After") for answer in answers] == ["7", "7", None]
    assert fetch(portal.url).status_code == 200


def test_404_lasts_until_calm(portal):
    portal.misbehave(".csv", "404")
    assert [fetch(file_url(portal, CSV_NAME)).status_code for _ in range(3)] == [404] * 3
    assert fetch(file_url(portal, XLSX_NAME)).status_code == 200
    portal.calm()
    assert fetch(file_url(portal, CSV_NAME)).status_code == 200


def test_an_empty_suffix_is_the_page_alone(portal):
    portal.misbehave("", "503")
    assert fetch(portal.url).status_code == 503
    assert fetch(file_url(portal, CSV_NAME)).status_code == 200


def test_cut_announces_the_whole_length_and_hangs_up_in_the_middle(portal, folder):
    portal.misbehave(XLSX_NAME, "cut", times=1)
    size = (folder / XLSX_NAME).stat().st_size
    answer = fetch(file_url(portal, XLSX_NAME), stream=True)
    assert int(answer.headers["Content-Length"]) == size
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        answer.content  # noqa: B018
    assert len(fetch(file_url(portal, XLSX_NAME)).content) == size


def test_html_comes_with_200_in_the_place_of_a_file(portal):
    portal.misbehave(XLSX_NAME, "html", times=1)
    answer = fetch(file_url(portal, XLSX_NAME))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "manutenção" in answer.content.decode()


def test_empty_is_a_body_of_no_bytes(portal):
    portal.misbehave(CSV_NAME, "empty", times=1)
    answer = fetch(file_url(portal, CSV_NAME))
    assert (answer.status_code, answer.headers["Content-Length"]) == (200, "0")


def test_hang_sends_nothing_and_does_not_hinder_the_others(portal):
    portal.misbehave(CSV_NAME, "hang", times=1)
    with pytest.raises(requests.ReadTimeout):
        requests.get(file_url(portal, CSV_NAME), timeout=0.3)
    assert fetch(portal.url).status_code == 200
    assert ("GET", f"{FOLDER_PATH}/{CSV_NAME}", 0) in portal.requests


def test_calm_lets_go_of_a_client_that_hangs(portal):
    portal.misbehave("", "hang")
    timer = threading.Timer(0.3, portal.calm)
    timer.start()
    started = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        fetch(portal.url)
    assert time.monotonic() - started < 5


def test_no_links_is_the_page_with_nothing_listed(portal):
    portal.misbehave("", "no_links", times=1)
    html = fetch(portal.url).text
    assert "cover-richtext-tile" in html
    assert links(html) == []


def test_truncated_ok_is_half_a_file_with_the_length_of_the_half(portal, folder):
    portal.misbehave(XLSX_NAME, "truncated_ok", times=1)
    answer = fetch(file_url(portal, XLSX_NAME))
    content = (folder / XLSX_NAME).read_bytes()
    assert answer.content == content[: len(content) // 2]
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    assert not zipfile.is_zipfile(io.BytesIO(answer.content))


def test_an_unknown_kind_is_named_with_those_that_exist(portal):
    with pytest.raises(ValueError, match=r"'explode'; há 503, 404, cut"):
        portal.misbehave("", "explode")


def test_a_file_published_again_has_another_etag_and_a_later_date(portal):
    url = file_url(portal, CSV_NAME)
    before = fetch(url)
    portal.replace(CSV_NAME, b"novo")
    after = fetch(url, headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.content) == (200, b"novo")
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Content-Type"] == before.headers["Content-Type"]
    assert parsedate_to_datetime(after.headers["Last-Modified"]) > parsedate_to_datetime(
        before.headers["Last-Modified"]
    )
    with pytest.raises(LookupError, match=r"nada\.csv"):
        portal.replace("nada.csv", b"")


def test_a_hidden_release_is_neither_listed_nor_served_until_published(portal):
    newest = file_url(portal, "terceirizadossetembro.xlsx")
    portal.hide(2025, 9)
    assert newest not in fetch(portal.url).text
    assert fetch(newest).status_code == 404
    assert len(file_links(fetch(portal.url).text)) == 20
    portal.publish(2025, 9)
    assert newest in fetch(portal.url).text
    assert fetch(newest).status_code == 200
    with pytest.raises(LookupError, match="2025-02"):
        portal.hide(2025, 2)


def test_the_page_lists_only_the_files_that_are_there(tmp_path):
    generate(tmp_path, only=[(2025, 1), (2022, 5)])
    with Portal(tmp_path) as portal:
        found = file_links(fetch(portal.url).text)
    assert [(heading, text) for heading, text, _href in found] == [
        ("2025", "Janeiro"),
        ("2022", "Maio"),
    ]


def test_a_running_portal_takes_orders_as_json(portal):
    def order(**content):
        return requests.post(f"{portal.origin}/_controle", json=content, timeout=TIMEOUT_S)

    order(acao="misbehave", suffix=CSV_NAME, kind="503", times=1)
    assert fetch(file_url(portal, CSV_NAME)).status_code == 503
    assert order(acao="hide", year=2025, month=9).json()["escondidas"] == [[2025, 9]]
    assert order(acao="publish", year=2025, month=9).json()["escondidas"] == []
    content = base64.b64encode(b"novo").decode()
    assert order(acao="replace", name=CSV_NAME, content=content).status_code == 200
    assert fetch(file_url(portal, CSV_NAME)).content == b"novo"
    order(acao="misbehave", suffix=CSV_NAME, kind="404")
    order(acao="calm")
    assert fetch(file_url(portal, CSV_NAME)).status_code == 200
    served = fetch(f"{portal.origin}/_controle").json()["requisicoes"]
    assert ["GET", f"{FOLDER_PATH}/{CSV_NAME}", 503] in served


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"acao": "dormir"}',
        b'{"acao": "hide"}',
        b'{"acao": "misbehave", "suffix": "", "kind": "503", "times": "dois"}',
    ],
)
def test_an_order_that_makes_no_sense_gets_400_and_changes_nothing(portal, body):
    answer = requests.post(f"{portal.origin}/_controle", data=body, timeout=TIMEOUT_S)
    assert answer.status_code == 400
    assert answer.json()["erro"].startswith("pedido inválido: ")
    assert fetch(portal.url).status_code == 200


# The commands


def command(*arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "sample.portal", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_prints_its_address_serves_and_ends_on_sigterm(folder):
    process = command("--port", 0, "--folder", folder)
    try:
        url = process.stdout.readline().split()[-1]
        assert url.endswith(PAGE_PATH)
        assert len(file_links(fetch(url).text)) == 21
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_said_in_one_line_with_status_2(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = command("--port", port, "--folder", folder)
        out, err = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, out, err.count("\n")) == (2, "", 1)
    assert f"127.0.0.1:{port}" in err


def test_a_scale_that_cannot_be_is_said_with_status_2(tmp_path, capsys):
    assert main([str(tmp_path), "--scale", "-1"]) == 2
    assert "a escala -1.0 não serve" in capsys.readouterr().err


# The files against their truth


@pytest.mark.parametrize("release", CSV_RELEASES, ids=label)
def test_a_csv_holds_what_its_truth_says_line_by_line(folder, release):
    lines = csv_text(folder, release).split("\n")
    assert lines.pop() == ""
    rows = truth(folder, release, "published")
    assert (
        len(lines)
        == len(rows) + release.has_header
        == (release.scaled_rows(DEFAULT_SCALE) + release.has_header)
    )
    if release.has_header:
        assert lines[0].split(";") == list(COLUMNS)
    for row in rows:
        assert lines[int(row["linha"]) - 1].split(";") == [row[name] for name in COLUMNS]
        assert row["status"] == "carregada"


@pytest.mark.parametrize("release", XLSX_RELEASES, ids=label)
def test_a_spreadsheet_holds_what_its_truth_says_cell_by_cell(folder, release):
    rows = sheet_rows((folder / release.name).read_bytes())
    assert [text for text, _ in rows.pop(1).values()] == list(COLUMNS)
    expected = truth(folder, release, "published")
    assert len(rows) == len(expected) == release.scaled_rows(DEFAULT_SCALE)
    for row in expected:
        cells = rows[int(row["linha"])]
        found = [cells.get(letter, ("", False))[0] for letter in LETTERS]
        assert found == [row[name] for name in COLUMNS]


@pytest.mark.parametrize("release", RELEASES, ids=label)
def test_the_typed_truth_has_the_same_lines(folder, release):
    assert [row["linha"] for row in truth(folder, release, "typed")] == [
        row["linha"] for row in truth(folder, release, "published")
    ]


def test_2019_01_has_a_bom_no_header_decimal_commas_and_substitute_characters(folder):
    release = release_of(2019, 1)
    content = (folder / release.name).read_bytes()
    assert content.startswith(b"\xef\xbb\xbf7070352;")
    assert b"id_terc" not in content
    assert content.count(b"\x1a") > 10
    salaries = {row["vl_mensal_salario"] for row in published(folder, 2019, 1)}
    assert any("," in salary for salary in salaries)
    assert not any("." in salary for salary in salaries)


@pytest.mark.parametrize("release", CSV_RELEASES[1:], ids=label)
def test_only_2019_01_has_a_bom_or_substitute_characters(folder, release):
    content = (folder / release.name).read_bytes()
    assert content.startswith(b"id_terc;")
    assert b"\x1a" not in content
    assert b'"' not in content
    assert b"\r" not in content


def test_2020_05_has_the_tails_of_single_precision(folder):
    long = [row for row in published(folder, 2020, 5) if len(row["vl_mensal_custo"]) > 12]
    true = {row["linha"]: row["custo_mensal"] for row in typed(folder, 2020, 5)}
    assert len(long) > 100
    for row in long:
        assert f"{float(row['vl_mensal_custo']):.2f}" == true[row["linha"]]


@pytest.mark.parametrize("release", [r for r in RELEASES if r.year == 2022], ids=label)
def test_2022_is_not_utf_8_and_its_accents_are_rare_and_late(folder, release):
    content = (folder / release.name).read_bytes()
    with pytest.raises(UnicodeDecodeError) as failure:
        content.decode("utf-8")
    assert failure.value.start > len(content) // 3
    high = Counter(byte for byte in content if byte > 127)
    assert 3 <= sum(high.values()) < 100
    assert {0xDD, 0xBA} <= set(high)
    assert (0x96 in high) == (release.encoding == "cp1252")


def test_hours_are_padded_in_a_csv_and_numbers_in_a_spreadsheet(folder):
    hours = {row["nr_jornada"] for row in published(folder, 2023, 9)}
    assert {"44  ", "NI  "} <= hours
    assert {len(text) for text in hours} == {4}
    assert {"44", "NI"} <= {row["nr_jornada"] for row in published(folder, 2024, 5)}


def test_numeric_cells_eat_zeros_and_the_typed_cnpj_has_them_back(folder):
    rows = sheet_rows((folder / XLSX_NAME).read_bytes())
    cnpj, siape, contract = LETTERS[6], LETTERS[22], LETTERS[5]
    true = {int(row["linha"]): row for row in typed(folder, 2024, 5)}
    eaten = [line for line, cells in rows.items() if len(cells.get(cnpj, ("",))[0]) == 13]
    assert eaten
    for line in eaten:
        text, is_number = rows[line][cnpj]
        assert is_number
        assert true[line]["cnpj_empresa"] == f"0{text}"
    assert any(cells.get(siape) == ("-2", True) for cells in rows.values())
    assert not any(row["id_orgao_siape"].startswith("0") for row in true.values())
    kinds = {cells[contract][1] for line, cells in rows.items() if line > 1 and contract in cells}
    assert kinds == {True, False}


def test_2024_05_has_a_run_of_drag_fill_that_is_null_when_typed(folder):
    rows = published(folder, 2024, 5)
    dragged = [row for row in rows if row["nm_escolaridade"].isdigit()]
    assert [int(row["nm_escolaridade"]) for row in dragged] == list(range(14, 14 + len(dragged)))
    assert len(dragged) >= 5
    true = {row["linha"]: row["escolaridade_exigida"] for row in typed(folder, 2024, 5)}
    assert {true[row["linha"]] for row in dragged} == {""}


def test_spreadsheets_of_2025_have_the_one_sheet_planilha1(folder):
    for release in XLSX_RELEASES[3:]:
        with zipfile.ZipFile(folder / release.name) as archive:
            names = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
        assert names == ["Planilha1"]


def test_every_null_mark_is_in_every_file_and_null_when_typed(folder):
    marks = {"", "<N/I>", "NI", "NI.", "NULL", "-2", "-1"}
    for release in RELEASES:
        true = truth(folder, release, "typed")
        found = set()
        for row, right in zip(truth(folder, release, "published"), true, strict=True):
            for column, ours in (
                ("sg_ug_gestora", "sigla_unidade_gestora"),
                ("nr_contrato", "numero_contrato"),
                ("nr_cnpj", "cnpj_empresa"),
                ("nm_terceirizado", "nome"),
                ("nm_categoria_profissional", "cbo_2002"),
                ("nr_jornada", "quantidade_horas_semanais"),
                ("cd_orgao_siape", "id_orgao_siape"),
                ("nm_unidade_prestacao", "nome_unidade_prestacao"),
            ):
                text = row[column].strip()
                if text in marks:
                    found.add(text)
                    assert right[ours] == ""
                elif column != "nm_categoria_profissional":
                    assert right[ours] != ""
        assert found == marks, release.label
        assert any(row["sg_ug_gestora"] == "   " for row in truth(folder, release, "published"))


def test_every_schooling_is_in_every_file(folder):
    for release in RELEASES:
        found = {row["escolaridade_exigida"] for row in truth(folder, release, "typed")}
        assert len(found - {""}) == 14, release.label
        assert {"Ensino médio completo", "Especialização/Residência"} <= found


def test_occupations_come_with_six_digits_four_or_words_only(folder):
    pairs = [
        (row["nm_categoria_profissional"], right["cbo_2002"], right["categoria_profissional"])
        for row, right in zip(published(folder, 2019, 5), typed(folder, 2019, 5), strict=True)
    ]
    seen = Counter()
    for text, code, words in pairs:
        if match := re.fullmatch(r"(\d{4}|\d{6}) - (.+)", text):
            assert words == match[2]
            assert code == (match[1] if len(match[1]) == 6 else "")
            seen[len(match[1])] += 1
        elif text not in {"NI", "<N/I>"}:
            assert (code, words) == ("", text)
            seen[0] += 1
    assert set(seen) == {0, 4, 6}
    assert any("TECNICO" in text for text, _code, _words in pairs)


def test_money_has_lost_separators_in_2022_and_costs_below_the_salary(folder):
    for month in (1, 5, 9):
        rows = published(folder, 2022, month)
        lost = [row for row in rows if float(row["vl_mensal_salario"]) > 30_000]
        assert len(lost) >= 2
        assert {row["nm_categoria_profissional"] for row in lost} == {"517330 - VIGILANTE"}
        assert all(row["vl_mensal_salario"].isdigit() for row in lost)
    for release in RELEASES:
        rows = truth(folder, release, "typed")
        assert sum(float(row["custo_mensal"]) < float(row["salario_mensal"]) for row in rows) >= 2


def test_at_real_size_more_than_200_rows_lost_their_separator():
    count = 0
    for month in (1, 5, 9):
        _published, table = release_tables(release_of(2022, month), 1.0, DEFAULT_SEED)
        assert table.num_rows == release_of(2022, month).rows
        count += sum(float(value) > 30_000 for value in table["salario_mensal"].to_pylist())
    assert count >= 200


def test_names_are_cut_as_the_source_cuts_them(folder):
    for release in RELEASES:
        rows = truth(folder, release, "published")
        superiors = {row["sg_orgao_sup_tabela_ug"] for row in rows}
        assert {"MIN.EDUC", "MINISTER"} <= superiors
        assert max(len(name) for name in superiors) == 8
        assert max(len(row["nm_orgao"]) for row in rows) == 45


def test_the_ministry_of_economy_has_the_name_of_its_time():
    def acronyms(year, month):
        table, _typed = release_tables(release_of(year, month), 0.05, DEFAULT_SEED)
        return set(table["sg_orgao_sup_tabela_ug"].to_pylist())

    assert "MF" in acronyms(2019, 1)
    assert "MTPAC" in acronyms(2019, 1)
    assert {"ME.", "MF"} & acronyms(2022, 1) == {"ME."}


def test_text_has_apostrophes_commas_trailing_blanks_and_both_spellings(folder):
    rows = published(folder, 2023, 5)
    assert any("AD'S" in row["nm_razao_social"] for row in rows)
    assert any(", ROCHA" in row["nm_razao_social"] for row in rows)
    assert any(row["nm_unidade_prestacao"].endswith("   ") for row in rows)
    units = {row["nm_ug_tabela_ug"].strip() for row in rows}
    assert any("±" in name for name in units)
    assert any("TÉCNIC" in row["nm_unidade_prestacao"] for row in rows)
    assert any("TECNIC" in row["nm_unidade_prestacao"] for row in rows)
    everybody = {row["nm_terceirizado"] for r in RELEASES for row in truth(folder, r, "published")}
    assert any("D'ÁVILA" in name for name in everybody)
    assert not any(
        value != value.strip() for row in typed(folder, 2023, 5) for value in row.values()
    )


def test_cpfs_are_masked(folder):
    for release in RELEASES:
        for row in truth(folder, release, "published"):
            assert re.fullmatch(r"\*{3}\.\d{3}\.\d{3}-\*{2}", row["nr_cpf"])


def test_cnpjs_have_14_digits_and_few_wrong_check_digits():
    numbers = cnpjs()
    wrong = [number for number in numbers if with_check_digits(number[:12]) != number]
    assert {len(number) for number in numbers} == {14}
    assert with_check_digits("000000000001") == "00000000000191"
    assert 5 < len(wrong) < 30
    assert sum(number.startswith("0") for number in numbers) > 100


def test_there_are_as_many_bodies_and_units_as_in_the_source():
    where = places()
    assert (len(where.body_names), len(where.unit_names), len(where.workplaces)) == (72, 479, 5089)
    assert len(set(where.unit_codes)) == 479


def test_ids_are_unique_and_their_ranges_disjoint_but_not_in_the_order_of_time():
    ranges = [(release.first_id, release.first_id + release.rows) for release in RELEASES]
    assert ranges != sorted(ranges)
    ordered = sorted(ranges)
    assert all(first[1] <= second[0] for first, second in itertools.pairwise(ordered))


def test_ids_are_those_of_the_range(folder):
    for release in RELEASES:
        ids = [int(row["id_terceirizado"]) for row in truth(folder, release, "typed")]
        assert len(set(ids)) == len(ids)
        assert release.first_id <= min(ids) <= max(ids) < release.first_id + release.rows


def test_most_people_are_in_the_next_release_too(folder):
    def people(release):
        return {(row["cpf"], row["nome"]) for row in truth(folder, release, "typed")}

    for before, after in itertools.pairwise(RELEASES):
        share = len(people(before) & people(after)) / len(people(before))
        assert 0.5 < share < 0.95, after.label
    assert len(people(RELEASES[0]) & people(RELEASES[-1])) < 10


# Generation


def digests(folder):
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
    }


def test_the_same_arguments_give_the_same_bytes(folder, tmp_path):
    months = [(2019, 1), (2022, 5), (2024, 5)]
    generate(tmp_path, only=months)
    some = digests(tmp_path)
    assert len(some) == 3 * 3 + 1
    assert some.items() <= digests(folder).items()


def test_two_processes_write_the_same_bytes_as_one(tmp_path, monkeypatch):
    months = [(2022, 5), (2024, 5)]
    generate(tmp_path / "one", only=months)
    monkeypatch.setattr("sample.generate.PARALLEL_FROM_SCALE", 0.0)
    generate(tmp_path / "two", only=months)
    assert digests(tmp_path / "one") == digests(tmp_path / "two")


def test_a_second_call_writes_nothing(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    started = time.monotonic()
    generate(folder)
    assert time.monotonic() - started < 1
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_another_seed_or_scale_replaces_the_files(tmp_path):
    months = [(2023, 5)]
    contents = []
    for scale, seed in ((0.001, 1), (0.001, 2), (0.002, 2)):
        generate(tmp_path, scale, only=months, seed=seed)
        contents.append((tmp_path / release_of(2023, 5).name).read_bytes())
    assert len(set(contents)) == 3
    assert contents[2].count(b"\n") == 147 + 1


def test_a_file_that_is_gone_is_made_again(tmp_path):
    months = [(2023, 5), (2023, 9)]
    generate(tmp_path, only=months)
    before = digests(tmp_path)
    (tmp_path / CSV_NAME).unlink()
    generate(tmp_path, only=months)
    assert digests(tmp_path) == before


# Faults


def loaded(file):
    return [row.values for row in file.truth if row.status != "separada"]


def status_of(file):
    return Counter(row.status for row in file.truth)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_the_same_every_time_and_has_a_truth(name):
    file = build_fault(name)
    assert file == build_fault(name)
    assert file.is_refused == (name in {"renamed_column", "other_dataset", "empty_file", "html"})
    assert len(file.truth) == (0 if file.is_refused else 30)
    assert {len(values) for values in loaded(file)} <= {23}
    assert all(row.values == () for row in file.truth if row.status == "separada")
    lines = [row.line for row in file.truth]
    assert lines == sorted(set(lines))


@pytest.mark.parametrize(
    ("name", "delimiter"), [("comma", ","), ("quoted", ";"), ("tab", "\t"), ("crlf", ";")]
)
def test_other_dialects_read_back_with_the_csv_module(name, delimiter):
    file = build_fault(name)
    rows = list(csv.reader(io.StringIO(file.content.decode(), newline=""), delimiter=delimiter))
    assert rows[0] == list(COLUMNS)
    assert [tuple(row) for row in rows[1:]] == loaded(file)


@pytest.mark.parametrize(
    "name", ["blank_lines", "two_periods", "empty_period", "stray_quote", "bare_cr"]
)
def test_faults_inside_lines_read_back_by_splitting_them(name):
    file = build_fault(name)
    lines = file.content.decode().split("\n")
    for row in file.truth:
        assert tuple(lines[row.line - 1].split(";")) == row.values
    numbered = {row.line for row in file.truth}
    rest = [line for number, line in enumerate(lines, 1) if number not in numbered and number > 1]
    assert not any(line.strip(" ;") for line in rest)


def test_each_fault_has_the_fault_it_is_named_after():
    def text(name):
        return build_fault(name).content.decode()

    assert text("crlf").count("\r\n") == 31
    assert '""' in text("quoted")
    assert text("quoted").count(";") > 31 * 22
    assert ';"ALFA LTDA;' in text("stray_quote")
    assert text("bare_cr").count("\r") == 1
    assert text("nul_byte").count("\0") == 1
    assert {line.count(";") for line in text("trailing_delimiter").split("\n")[1:-1]} == {23}
    assert {line.count(";") for line in text("new_column").split("\n")[:-1]} == {23}
    assert build_fault("utf16").content.startswith(b"\xff\xfe")
    assert "nm_razao_social" not in text("renamed_column")
    assert {row[16] for row in loaded(build_fault("two_periods"))} == {"5", "1"}
    assert "" in {row[18] for row in loaded(build_fault("empty_period"))}
    assert build_fault("empty_file").content == b""
    assert text("html").startswith("<!DOCTYPE html>")


def test_an_unescaped_delimiter_is_repaired_where_its_neighbours_say_where_it_belongs():
    file = build_fault("unescaped_delimiter")
    lines = file.content.decode().split("\n")
    assert status_of(file) == {"carregada": 25, "reparada": 4, "separada": 1}
    for row in file.truth:
        line = lines[row.line - 1]
        if row.status == "separada":
            assert line.count(";") == 23
        else:
            assert line == ";".join(row.values)
            assert (line.count(";") > 22) == (row.status == "reparada")


def test_cut_lines_are_set_aside():
    file = build_fault("cut_line")
    lines = file.content.decode().split("\n")
    short = [number for number, line in enumerate(lines, 1) if line.count(";") < 22]
    assert short == [row.line for row in file.truth if row.status == "separada"] == [6, 31]


def test_spreadsheet_faults_hold_their_truth():
    for name, number in (("two_sheets", 2), ("text_cells", 1), ("blank_rows", 1)):
        file = build_fault(name)
        rows = sheet_rows(file.content, number)
        for row in file.truth:
            cells = rows[row.line]
            assert tuple(cells.get(letter, ("",))[0] for letter in LETTERS) == row.values
        assert len(rows) == 31
    kinds = {
        cell[1]
        for cells in sheet_rows(build_fault("text_cells").content).values()
        for cell in cells.values()
    }
    assert kinds == {False}
    assert sheet_rows(build_fault("two_sheets").content, 1)[1]["A"] == ("Terceirizados", False)


def test_an_unknown_fault_is_named():
    with pytest.raises(LookupError, match="'tudo'"):
        build_fault("tudo")
    with pytest.raises(ValueError, match="5 linhas são poucas"):
        build_fault("comma", rows=5)
