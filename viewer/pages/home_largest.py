"""The largest bodies, companies and occupations of a release, by cost or by people."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import html

from viewer import formats, links, overview, parts
from viewer.address import Asked
from viewer.pages import controls
from viewer.parts import Bar
from viewer.pool import ReadPool, Row
from viewer.releases import Release

LIMIT = 10
TITLES = {"por_orgao": "Órgãos", "por_empresa": "Empresas", "por_ocupacao": "Ocupações"}
BY = {"custo": "Custo por mês", "pessoas": "Pessoas"}
PAGES = {"por_orgao": links.body, "por_empresa": links.company}
UNNAMED = "(sem código na fonte)"


def content(pool: ReadPool, asked: Asked, files: list[Row]) -> list[Any]:
    """Show three lists of bars and the choice of release and measure.

    `files` are the captured ones, newest first, at least one.
    """
    known = [(row["ano"], row["mes"]) for row in reversed(overview.releases(pool))]
    release = asked.release("versao", known) or known[0]
    by = asked.one_of("por", BY, "medida") or next(iter(BY))
    return [
        parts.section(
            f"Os maiores de {formats.release(*release)}",
            controls.said("panorama", {**asked.kept, "por": by}),
            html.Div(
                [
                    controls.release("panorama-versao", known, release, "mais nova"),
                    dmc.SegmentedControl(
                        id="panorama-por",
                        value=by,
                        data=[{"value": name, "label": text} for name, text in BY.items()],
                    ),
                ],
                className="controles",
            ),
            dmc.SimpleGrid(
                [_list(pool, mart, release, by) for mart in TITLES], cols={"base": 1, "lg": 3}
            ),
        )
    ]


def _list(pool: ReadPool, mart: str, release: Release, by: str) -> html.Div:
    found = overview.largest(pool, mart, release, by, LIMIT)
    bars = [_bar(mart, row, release, by) for row in found]
    title = TITLES[mart]
    return html.Div(
        [
            dmc.Title(title, order=3, size="h5", mb="xs"),
            parts.bars(bars, f"{title} por {BY[by].lower()}"),
        ],
        className="maiores",
    )


def _bar(mart: str, row: Row, release: Release, by: str) -> Bar:
    group = overview.GROUPS[mart]
    code, name = row[group.keys[0]], row[group.name]
    rows = links.rows(links.HISTORY, {key: row[key] for key in group.keys}, release=release)
    amount = row[overview.MEASURES[by]]
    words = formats.money(amount, is_short=True) if by == "custo" else formats.number(amount)
    page = PAGES.get(mart)
    return Bar(
        UNNAMED if code is None and page else name or code or UNNAMED,
        float(amount),
        words,
        href=page(code) if page and code else rows,
        rows=rows,
    )
