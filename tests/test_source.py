"""Finding releases: every trap of the page, and the page itself where it is at hand."""

from pathlib import Path

import pytest

from pipeline.errors import PageError
from pipeline.source import find_releases

URL = "http://portal.test/terceirizados"
REAL_PAGE = Path(__file__).parents[2] / "shared" / "cgu-page-2026-02-22.html"


def item(month: str, href: str) -> str:
    return f'<li><span><a href="{href}"><span>{month}</span></a></span></li>'


def labels(html: str) -> list[tuple[str, str]]:
    return [(release.label, release.name) for release in find_releases(html, URL).releases]


def test_the_newest_is_the_greatest_month_not_the_first_link():
    html = "<h3>2025</h3><ul>" + item("Janeiro", "/a.csv") + item("Setembro", "/b.csv") + "</ul>"
    assert labels(html) == [("2025-01", "a.csv"), ("2025-09", "b.csv")]


def test_an_empty_heading_does_not_take_the_next_list():
    html = "<h3>2023</h3><ul>" + item("Maio", "/a.csv") + "</ul><h3><br/></h3><h3>2022</h3><ul>"
    html += item("Maio", "/b.csv") + "</ul>"
    assert labels(html) == [("2022-05", "b.csv"), ("2023-05", "a.csv")]


@pytest.mark.parametrize("heading", ["<br/>2020", "2020<br/>", " 2020 ", "<b>2020</b>"])
def test_line_breaks_in_a_heading_do_not_matter(heading):
    assert labels(f"<h3>{heading}</h3><ul>{item('Maio', '/a.csv')}</ul>") == [("2020-05", "a.csv")]


def test_year_and_month_come_from_the_page_when_the_name_has_neither():
    html = f"<h3>2025</h3><ul>{item('Maio', '/terceirizadosmaio.xlsx')}</ul>"
    assert labels(html) == [("2025-05", "terceirizadosmaio.xlsx")]


def test_year_and_month_come_from_the_name_when_the_page_has_neither():
    assert labels('<a href="/terceirizados_202405.xlsx">Baixe aqui</a>') == [
        ("2024-05", "terceirizados_202405.xlsx")
    ]


def test_page_and_name_that_disagree_are_reported_with_both():
    html = f"<h3>2025</h3><ul>{item('Maio', '/terceirizados202409.xlsx')}</ul>"
    listing = find_releases(html, URL)
    assert listing.releases[0].label == "2025-05"
    assert "2025-05" in listing.notes[0]
    assert "2024-09" in listing.notes[0]


def test_a_folder_elsewhere_is_no_file_and_the_log_says_so():
    html = f"<h3>2019</h3><ul>{item('Maio', '/a.csv')}</ul><h3>2016 a 2018</h3><ul>"
    html += item("Acesse aqui", "https://x.sharepoint.test/:f:/s/pasta?e=1") + "</ul>"
    listing = find_releases(html, URL)
    assert len(listing.releases) == 1
    assert "x.sharepoint.test" in listing.notes[0]


def test_relative_links_resolve_under_the_base_of_the_page():
    html = '<base href="http://portal.test/x/dados-abertos/"/><h3>2025</h3><ul>'
    html += item("Maio", "../arquivos/a.csv") + "</ul>"
    assert find_releases(html, URL).releases[0].url == "http://portal.test/x/arquivos/a.csv"


def test_a_release_listed_twice_is_taken_once_and_reported():
    html = f"<h3>2025</h3><ul>{item('Maio', '/a.csv')}{item('Maio', '/a_1.csv')}</ul>"
    listing = find_releases(html, URL)
    assert [release.name for release in listing.releases] == ["a.csv"]
    assert "a_1.csv" in listing.notes[0]


def test_a_page_without_files_names_its_address():
    with pytest.raises(PageError, match=URL):
        find_releases("<html><h1>Portal em manutenção</h1></html>", URL)


@pytest.mark.skipif(not REAL_PAGE.is_file(), reason="a página real não está ao lado do projeto")
def test_the_real_page_of_2026_02_22_lists_21_files():
    listing = find_releases(REAL_PAGE.read_text(encoding="utf-8"), "https://www.gov.br/cgu/x")
    assert len(listing.releases) == 21
    assert listing.releases[0].name == "terceirizados-201901_1.csv"
    assert listing.releases[-1].label == "2025-09"
    assert listing.releases[-1].url.endswith("/arquivos/terceirizadossetembro.xlsx")
    assert [release.month for release in listing.releases] == [1, 5, 9] * 7
    assert len(listing.notes) == 1
    assert "sharepoint" in listing.notes[0]
