"""Missing values: columns by releases, the share in each cell, and jumps between releases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import sqrt
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import catalog, formats, links, parts, quality
from viewer.address import Asked
from viewer.pool import ReadPool, Row
from viewer.privacy import NAMES, names_are_hidden
from viewer.releases import Release

JUMP = 0.2
"""A change of the share (0 to 1) from one release to the next that is marked."""


def content(pool: ReadPool, _asked: Asked, release: Release | None) -> list[Any]:
    """Show the share of missing values of every column in every release, or in one."""
    found = quality.nulls(pool, release)
    if not found:
        return [
            parts.empty("Esta versão não está nas tabelas.", "python run/historic_materialize.py")
        ]
    cells = {(row["coluna"], row["ano"], row["mes"]): row for row in found}
    releases = sorted({(row["ano"], row["mes"]) for row in found})
    about = _columns(pool)
    names = sorted({row["coluna"] for row in found}, key=lambda name: _place(name, about))
    body = [
        html.Tr(
            [
                html.Th(name, scope="row", title=about.get(name, "")),
                *(_cell(cells.get((name, *one))) for one in releases),
            ]
        )
        for name in names
    ]
    table = html.Table(
        [release_heads("Coluna", releases), html.Tbody(body)],
        className="calor",
        **parts.aria(label="Valores que faltam, por coluna e versão"),
    )
    return [
        dmc.Text(_summary(found), size="sm"),
        html.Div(table, className="rolagem", tabIndex=0),
    ]


def _columns(pool: ReadPool) -> dict[str, str]:
    """Return the columns of historic_transformed in order, with their meaning."""
    relation = catalog.find_relation(pool, links.HISTORY)
    columns = relation.columns if relation else ()
    return {column.name: column.description for column in columns}


def _place(name: str, about: dict[str, str]) -> tuple[int, str]:
    names = list(about)
    return names.index(name) if name in about else len(names), name


def release_heads(title: str, releases: Sequence[Release]) -> html.Thead:
    """Head narrow columns, one for each release in order, with the months under their years."""
    years = [(year, len(list(group))) for year, group in groupby(year for year, _ in releases)]
    first = html.Th(title, scope="col", rowSpan=2)
    return html.Thead(
        [
            html.Tr(
                [
                    first,
                    *(html.Th(str(year), scope="colgroup", colSpan=size) for year, size in years),
                ]
            ),
            html.Tr(
                [
                    html.Th(
                        html.Abbr(
                            formats.MONTHS[month - 1][:3], title=formats.release(year, month)
                        ),
                        scope="col",
                    )
                    for year, month in releases
                ]
            ),
        ]
    )


def _summary(found: list[Row]) -> str:
    jumps = sum(_jump(row) != 0 for row in found)
    text = (
        "Parte das linhas sem valor em cada coluna: não publicado, marca de nulo, ou texto que não "
        "pôde ser convertido. Cada célula leva às linhas."
    )
    words = {0: "Nenhum salto", 1: "1 salto"}.get(jumps, f"{jumps} saltos")
    return f"{text} {words} de mais de 20 pontos de uma versão para a seguinte."


def _jump(row: Row) -> float:
    """Return the change against the release before, in points, where it is one; else 0."""
    if row["fracao_anterior"] is None:
        return 0.0
    change = float(row["fracao_nulos"] - row["fracao_anterior"])
    return change * 100 if abs(change) > JUMP else 0.0


def _cell(row: Row | None) -> html.Td:
    if row is None:
        return html.Td("—", title="A versão não tem esta coluna")
    share, jump = float(row["fracao_nulos"]), _jump(row)
    mark = f"{'▲' if jump > 0 else '▼'} {abs(jump):.0f}"
    words = (
        f"{row['coluna']}, {formats.release(row['ano'], row['mes'])}: faltam "
        f"{formats.number(row['nulos'])} de {formats.number(row['linhas'])}"
        + (f"; {'subiu' if jump > 0 else 'caiu'} {abs(jump):.0f} pontos" if jump else "")
    )
    value = _value(row, words)
    return html.Td(
        [value, html.Span(mark, className="salto")] if jump else value,
        title=words,
        style={"--parte": f"{sqrt(share) * 70:.1f}%"},
        className="salta" if jump else ("" if row["nulos"] else "nenhum"),
    )


def _value(row: Row, words: str) -> Any:
    text = _percent(row)
    is_hidden = row["coluna"] in NAMES and names_are_hidden()
    if not row["nulos"] or is_hidden:
        return text
    equal = {"ano": row["ano"], "mes": row["mes"], row["coluna"]: None}
    return dcc.Link(text, href=links.rows(links.HISTORY, equal), title=words)


def _percent(row: Row) -> str:
    percent = row["fracao_nulos"] * 100
    if not row["nulos"]:
        return "0"
    if percent < 1:
        return "<0,1%" if percent < 0.1 else f"{formats.number(round(percent, 1))}%"
    return f"{formats.number(round(percent, 1 if percent < 10 else 0))}%"
