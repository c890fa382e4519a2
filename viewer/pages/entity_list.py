"""The list of all companies, bodies or contracts of a release: searched, costliest first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import address, entities, formats, parts
from viewer.address import Asked
from viewer.entities import Group
from viewer.pages import controls
from viewer.pages.entity_cells import MEASURE_HEADS, Head, measures, table
from viewer.pool import ReadPool, Row
from viewer.quality import Window
from viewer.releases import Release
from viewer.state import label

ROWS_A_PAGE = 50


@dataclass(frozen=True)
class Listing:
    """What one list says, and how it names a row: `cells` stand under `heads`, then the measures.

    `page` starts the ids of the controls; `what` names a row, one and many.
    """

    page: str
    path: str
    title: str
    what: tuple[str, str]
    hint: str
    group: Group
    heads: tuple[Head, ...]
    cells: Callable[[Row, Release], list[Any]]


def layout(pool: ReadPool, parameters: dict[str, str], listing: Listing) -> list[Any]:
    """Build the list of the release and the search that an address asks for."""
    known = entities.releases(pool)
    if not known:
        return [parts.heading(listing.title), _nothing_there()]
    asked = Asked(parameters)
    labels = {label(release): release for release in known}
    release = labels.get(asked.one_of("versao", labels, "versão"), known[0])
    search = asked.text("busca")
    total = entities.count(pool, listing.group, release, search)
    page = controls.clamped(asked.number("pagina"), total, ROWS_A_PAGE)
    window = Window(page, ROWS_A_PAGE)
    found = entities.listed(pool, listing.group, release, search, window)
    return [
        parts.heading(
            listing.title, f"Na versão de {formats.release(*release)}, do maior custo ao menor."
        ),
        *controls.notices(asked.problems),
        controls.said(listing.page, asked.kept),
        html.Div(
            [
                html.Div(
                    [_search(listing, search), _releases(listing, known, asked.kept)],
                    role="search",
                    className="controles",
                ),
                _table(listing, found, release) if found else _nothing_found(pool, listing, search),
                controls.pages(listing.path, asked.kept, (page, ROWS_A_PAGE, total), listing.what),
            ],
            className="pagina parte",
        ),
    ]


def register(app: dash.Dash, listing: Listing) -> None:
    """Let the controls of a list open it again with what they say."""
    controls.follow(app, listing.page, "busca")
    controls.follow(app, listing.page, "versao")


def _search(listing: Listing, value: str) -> dmc.TextInput:
    return dmc.TextInput(
        id=f"{listing.page}-busca",
        label="Busca",
        placeholder=listing.hint,
        value=value,
        debounce=400,
        className="busca",
    )


def _releases(listing: Listing, known: list[Release], kept: dict[str, str]) -> dmc.Select:
    options = [(label(release), formats.release(*release)) for release in known]
    newest = f"a mais nova: {formats.release(*known[0])}"
    return controls.choice(
        f"{listing.page}-versao", "Versão", options, kept.get("versao", ""), newest
    )


def _table(listing: Listing, found: list[Row], release: Release) -> html.Div:
    rows = [[*listing.cells(row, release), *measures(row)] for row in found]
    return table((*listing.heads, *MEASURE_HEADS), rows, f"{listing.title}: lista")


def _nothing_found(pool: ReadPool, listing: Listing, search: str) -> Any:
    where = "nesta versão" if not search else f"com “{search}” nesta versão"
    others = entities.elsewhere(pool, listing.group, search) if search else []
    if not others:
        return parts.empty(f"Não há {listing.what[0]} {where}{', nem em outra' if search else ''}.")
    release = (others[0]["ano"], others[0]["mes"])
    there = address.to(listing.path, {"busca": search, "versao": label(release)})
    many = "só nesta" if len(others) == 1 else f"a última de {formats.number(len(others))}"
    return html.Div(
        [
            parts.empty(f"Não há {listing.what[0]} {where}."),
            dcc.Link(
                f"Ver a versão de {formats.release(*release)}, {many} com o que se procura →",
                href=there,
            ),
        ],
        className="parte pagina",
    )


def _nothing_there() -> dmc.Paper:
    return parts.empty(
        "Nada foi montado ainda. Para montar as tabelas, rode:",
        "python run/historic_materialize.py",
    )
