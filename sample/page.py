"""The pages of the portal: the list of releases, the folder behind it, and pages that are no list.

Same structure and same traps as CGU's page on 2026-02-22: several tiles, links whose text is only
the month, an empty heading before that of 2022, line breaks in those of 2020 and 2019, 2025 in
ascending order and the other years descending, a base address that is not the page's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from urllib.parse import quote

from sample.releases import MONTHS, SampleRelease

PAGE_PATH = "/cgu/pt-br/acesso-a-informacao/dados-abertos/arquivos/terceirizados"
FOLDER_PATH = f"{PAGE_PATH}/arquivos"
OLD_FOLDER_PATH = "/compartilhado/:f:/s/dados-abertos/Pasta2016a2018"
DICTIONARY = "descricao-e-dicionario-de-dados.pdf"
ITEMS_A_PAGE = 20
COLOR = 'style="color: rgb(0, 0, 255);"'
HEADINGS = {2022: "<h3><br/></h3><h3>2022</h3>", 2020: '<h3 class=""><br/>2020</h3>'}
HEADINGS |= {2019: "<h3>2019<br/></h3>"}
BETWEEN = "<p><br/></p>"


def releases_page(origin: str, releases: Sequence[SampleRelease]) -> str:
    """Return the page that lists the releases; `origin` is scheme, host and port."""
    recent = [release for release in releases if release.year != 2019]
    oldest = [release for release in releases if release.year == 2019]
    intro = (
        '<p class="">Informações em formato aberto sobre pessoal terceirizado. Tudo aqui é '
        "inventado.<span><br/></span></p><ul><li>Atualização dos arquivos: Quadrimestral</li>"
        "<li>Formato do arquivo: csv</li><li>Fonte: portal de exemplo</li></ul>"
        f'<p style="text-align: right;"><span {COLOR}>'
        + _link(origin, DICTIONARY, "Confira mais informações no Dicionário de Dados Abertos")
        + "</span></p>"
    )
    old = (
        '<h3>2016 a 2018</h3><ul><li><a class="external-link" '
        f'href="{origin}{OLD_FOLDER_PATH}?e=RMpGMp" data-mce-style="" target="_self" title="">'
        "Acesse aqui</a></li></ul>"
    )
    tiles = (intro, _years(origin, recent), _years(origin, oldest), old)
    return _document(origin, "".join(_tile(content) for content in tiles))


def page_without_links(origin: str) -> str:
    """Return the page as it would be with nothing listed."""
    return _document(origin, _tile("<p>Conteúdo em atualização.</p>"))


def folder_page(origin: str, names: Sequence[str], start: int) -> str:
    """Return the second door: items of the folder from `start`, 20 a page."""
    articles = "".join(_article(origin, name) for name in names[start : start + ITEMS_A_PAGE])
    pages = range(0, len(names), ITEMS_A_PAGE)
    numbers = "".join(
        f'<li><a href="{origin}{FOLDER_PATH}?b_start:int={first}">{number}</a></li>'
        for number, first in enumerate(pages, start=1)
    )
    return _document(
        origin, f'<div class="tileList">{articles}</div><ul class="paginacao">{numbers}</ul>'
    )


def item_page(origin: str, name: str) -> str:
    """Return the page about one file, as item links ending in `/view` lead to."""
    url = f"{origin}{FOLDER_PATH}/{quote(name)}/@@download/file"
    return _document(origin, f'<p><a href="{escape(url)}">{escape(name)}</a></p>')


def notice_page(text: str) -> str:
    """Return a page of the portal's own, sent where something else was asked for."""
    return (
        '<!DOCTYPE html>\n<html lang="pt-br"><head><meta charset="utf-8"/></head>'
        f"<body><h1>{escape(text)}</h1></body></html>\n"
    )


def dictionary_pdf() -> bytes:
    """Return a PDF of one empty page in place of the data dictionary."""
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>",
    )
    body, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(f"{len(body):010d} 00000 n \n")
        body += f"{number} 0 obj{content}endobj\n"
    table = f"xref\n0 4\n0000000000 65535 f \n{''.join(offsets)}"
    return f"{body}{table}trailer<</Size 4/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n".encode()


def _years(origin: str, releases: Iterable[SampleRelease]) -> str:
    newest_first = sorted(releases, key=lambda release: (-release.year, -release.month))
    parts = ""
    for year, group in groupby(newest_first, key=lambda release: release.year):
        months = list(group)
        if year == 2025:
            months.reverse()
        items = "".join(f"<li>{_month(origin, release)}</li>" for release in months)
        before = BETWEEN if parts and year not in HEADINGS else ""
        parts += f"{before}{HEADINGS.get(year, f'<h3>{year}</h3>')}<ul>{items}</ul>"
    return parts


def _month(origin: str, release: SampleRelease) -> str:
    link = _link(origin, release.name, MONTHS[release.month])
    return f'<span data-mce-style="color: #0000ff;" {COLOR}>{link}</span>'


def _link(origin: str, name: str, text: str) -> str:
    uid = hashlib.sha256(name.encode()).hexdigest()[:32]
    return (
        f'<a class="internal-link" data-mce-href="resolveuid/{uid}" '
        'data-tippreview-enabled="false" data-tippreview-image="" data-tippreview-title="" '
        f'href="{origin}{FOLDER_PATH}/{quote(name)}" style="" target="_self" title="">'
        f"<span {COLOR}>{text}</span></a>"
    )


def _article(origin: str, name: str) -> str:
    url = f"{origin}{FOLDER_PATH}/{quote(name)}/view"
    return (
        '<article class="entry"><span class="summary" title="Arquivo">'
        f'<a class="contenttype-file" href="{escape(url)}">{escape(name)}</a></span></article>'
    )


def _tile(content: str) -> str:
    return (
        '<div class="row"><div class="row-content"><div class="column col-md-12" data-panel="">'
        '<div class="tile tile-default"><div class="cover-richtext-tile tile-content">\n'
        f"{content}\n</div></div></div></div></div>\n"
    )


def _document(origin: str, content: str) -> str:
    base = f"{origin}{PAGE_PATH}/dados-abertos/"
    return (
        '<!DOCTYPE html>\n\n<html lang="pt-br" xml:lang="pt-br" '
        'xmlns="http://www.w3.org/1999/xhtml">\n<head>\n<meta charset="utf-8"/>\n'
        f'<base href="{base}"/><!--[if lt IE 7]></base><![endif]-->\n'
        '<meta content="Portal de exemplo" property="og:site_name"/>\n'
        "<title>Dados Abertos — Portal de exemplo</title>\n</head>\n<body>\n"
        f'<nav><ul><li><a href="{origin}{PAGE_PATH}">Terceirizados</a></li></ul></nav>\n'
        '<main><div id="content"><h2 class="outstanding-title">Dados Abertos - Terceirizados de '
        f"Órgãos Federais</h2>\n{content}</div></main>\n"
        f'<footer><a href="{origin}/acessibilidade">Acessibilidade</a></footer>\n</body>\n</html>\n'
    )
