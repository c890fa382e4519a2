"""Find the releases on CGU's page "Terceirizados de Órgãos Federais".

The page (https://www.gov.br/cgu/pt-br/acesso-a-informacao/dados-abertos/arquivos/terceirizados,
Plone, seen on 2026-02-22) has a heading per year and below it a list of links whose text is the
month. Quirks: an empty heading stands before that of 2022; some headings hold a line break; 2025
lists its months ascending, the other years descending; file names may have neither year nor month;
`2016 a 2018` is a folder on SharePoint, no file; `<base href>` is not the page's own address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

from pipeline.columns import MONTH_NAMES
from pipeline.errors import PageError

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
DATA_SUFFIXES = frozenset({".csv", ".xlsx", ".xls", ".ods", ".zip", ".txt"})
YEAR_AND_MONTH = re.compile(r"(20\d\d)[-_]?(0[1-9]|1[0-2])(?!\d)")


@dataclass(frozen=True, order=True)
class Release:
    """One published file: the reference month it is of, and where its bytes are.

    `only_its_rows`: the file holds several months, and this release is its rows of one.
    """

    year: int
    month: int
    url: str = field(compare=False)
    only_its_rows: bool = field(default=False, compare=False)

    @property
    def name(self) -> str:
        """The file's name as published."""
        return unquote(PurePosixPath(urlsplit(self.url).path).name)

    @property
    def label(self) -> str:
        """The release as people write it: `2025-09`."""
        return f"{self.year}-{self.month:02d}"


@dataclass(frozen=True)
class Listing:
    """The releases of a page, oldest first, and what was passed over, each with its reason."""

    releases: tuple[Release, ...]
    notes: tuple[str, ...]


def find_releases(html: str, page_url: str) -> Listing:
    """Read every release from the page, one per year and month, oldest first.

    A link counts when its text is a month under a heading that is a year of four digits, or when
    the file's name tells both. Raises PageError when the page lists no file.
    """
    soup = BeautifulSoup(html, "html.parser")
    base = _base(soup, page_url)
    found: dict[tuple[int, int], Release] = {}
    notes: list[str] = []
    for heading, link in _links_below_headings(soup):
        url = urljoin(base, str(link["href"]).strip())
        text = link.get_text(" ", strip=True)
        if not _is_data_file(url):
            if re.match(r"(19|20)\d\d", heading) and _is_listed_below_heading(link):
                notes.append(f"{heading}: {url} não é um arquivo de dados e fica de fora")
            continue
        release = _release(heading, text, url, notes)
        if release is None:
            continue
        first = found.setdefault((release.year, release.month), release)
        if first.url != release.url:
            notes.append(f"{release.label} aparece duas vezes: fica {first.url}, não {release.url}")
    if not found:
        raise PageError(
            f"a página {page_url} não lista nenhum arquivo ({len(soup.find_all('a'))} links). "
            "Abra-a no navegador e confira URL_FOR_DATA_DOWNLOAD"
        )
    return Listing(tuple(sorted(found.values())), tuple(notes))


def release_from_name(url: str) -> Release | None:
    """Return the release that a file's name tells, as `terceirizados_202405.csv` does."""
    match = YEAR_AND_MONTH.search(PurePosixPath(urlsplit(url).path).name)
    return Release(int(match[1]), int(match[2]), url) if match else None


def _base(soup: BeautifulSoup, page_url: str) -> str:
    tag = soup.find("base", href=True)
    return urljoin(page_url, str(tag["href"])) if isinstance(tag, Tag) else page_url


def _links_below_headings(soup: BeautifulSoup) -> Iterator[tuple[str, Tag]]:
    """Yield (text of the last heading that has one, link) in the order of the page."""
    heading = ""
    for tag in soup.find_all([*HEADINGS, "a"]):
        if tag.name in HEADINGS:
            heading = tag.get_text(" ", strip=True) or heading
        elif tag.get("href"):
            yield heading, tag


def _is_data_file(url: str) -> bool:
    return PurePosixPath(urlsplit(url).path).suffix.lower() in DATA_SUFFIXES


def _is_listed_below_heading(link: Tag) -> bool:
    listing = link.find_parent("ul")
    return listing is not None and listing.find_previous_sibling(HEADINGS) is not None


def _release(heading: str, text: str, url: str, notes: list[str]) -> Release | None:
    from_page = _from_page(heading, text)
    name = PurePosixPath(urlsplit(url).path).name
    named = release_from_name(url)
    from_name = (named.year, named.month) if named else None
    if from_page and from_name and from_page != from_name:
        notes.append(
            f"{name}: a página diz {from_page[0]}-{from_page[1]:02d}, o nome diz "
            f"{from_name[0]}-{from_name[1]:02d}; vale a página"
        )
    period = from_page or from_name
    if period is None:
        notes.append(f"{url} não diz de que mês é (título {heading!r}, texto {text!r})")
        return None
    return Release(*period, url=url)


def _from_page(heading: str, text: str) -> tuple[int, int] | None:
    month = text.casefold().strip(" .:")
    if re.fullmatch(r"20\d\d", heading) and month in MONTH_NAMES:
        return int(heading), MONTH_NAMES.index(month) + 1
    return None
