"""The parts that the pages of a company, a body and a contract have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import charts, formats, links, parts
from viewer.charts import Axis
from viewer.entities import Top
from viewer.pages import entity_cells
from viewer.pages.entity_cells import Head, Keys, money, number
from viewer.pool import Row
from viewer.releases import Release

MOST = 15
CHARTS = {"pessoas": ("Pessoas", ""), "custo_total": ("Custo por mês", "R$ ")}
"""The measures that are drawn: title, and what stands before a number."""
LONGEST_KEY = 60
RELEASE_HEADS: tuple[Head, ...] = (
    ("Versão", False),
    ("Pessoas", True),
    ("Custo por mês", True),
    ("Salário mediano", True),
    ("Custo mediano", True),
    ("Custo/hora mediano", True),
)


def unknown(title: str, text: str, key: str, way_on: Sequence[Any]) -> list[Any]:
    """Say that nothing has this key, and what may help: `way_on`."""
    shown = f"{key[:LONGEST_KEY]}…" if len(key) > LONGEST_KEY else key
    return [
        parts.heading(title),
        dmc.Alert(
            [text, " ", dmc.Code(shown), ". ", *way_on],
            title="Não encontrado",
            color="yellow",
            className="quebra nada-achado",
        ),
    ]


def present(history: Sequence[Row]) -> list[Row]:
    """Return the releases that have it, oldest first."""
    return [row for row in history if row["linhas"] is not None]


def top(history: Sequence[Row]) -> Top:
    """Say which release the lists are of: the newest that has it."""
    return Top(release_of(present(history)[-1]), MOST)


def release_of(row: Row) -> Release:
    """Return the release of a row."""
    return row["ano"], row["mes"]


def heading(name: str, facts: Sequence[Any], path: str, list_name: str) -> html.Div:
    """Show the name of the page's subject, what identifies it, and the way back to the list."""
    return html.Div(
        [
            dcc.Link(f"← {list_name}", href=path, className="volta"),
            parts.heading(name, html.Span(list(facts), className="identidade")),
        ],
        className="titulo",
    )


def now(history: Sequence[Row]) -> html.Section:
    """Show the figures of the newest release that has it, and since when it is there."""
    found = present(history)
    first, last = found[0], found[-1]
    name = formats.release(*release_of(last))
    is_gone = last is not history[-1]
    cost, whole = money(last["custo_total"], is_short=True), money(last["custo_total"])
    notes = ["" if whole == cost else whole, _since(history, "custo_total")]
    return parts.section(
        f"Em {name}, a última versão em que aparece" if is_gone else f"Em {name}",
        dmc.SimpleGrid(
            [
                parts.card("Pessoas", number(last["pessoas"]), _since(history, "pessoas")),
                parts.card("Custo por mês", cost, ", ".join(filter(None, notes))),
                parts.card("Salário mediano", money(last["salario_mediano"]), "por mês"),
                parts.card(
                    "Custo/hora mediano", money(last["custo_hora_mediano"]), "por hora de trabalho"
                ),
                parts.card("Primeira versão", formats.release(*release_of(first))),
                parts.card("Última versão", name, f"em {len(found)} de {len(history)} versões"),
            ],
            cols={"base": 2, "sm": 3, "lg": 6},
            spacing="md",
            className="cartoes",
        ),
    )


def over_time(page: str, history: Sequence[Row], equal: Keys, absence: str) -> html.Section:
    """Draw people and cost; a release without it is a gap, which `absence` explains.

    A point leads to its rows: those with the values in `equal`.
    """
    axis = Axis(
        [row["data_referencia"] for row in history],
        [_rows(row, equal) for row in history],
    )
    is_whole = len(present(history)) == len(history)
    note = "" if is_whole else f"{absence} são falhas na linha, não zeros."
    return parts.section(
        "Ao longo do tempo",
        dmc.SimpleGrid(
            [_chart(page, history, axis, name) for name in CHARTS],
            cols={"base": 1, "md": 2},
        ),
        *([html.P(note, className="nota")] if note else []),
    )


def lead_on(app: dash.Dash, page: str) -> None:
    """Let the points of a page's charts lead to their rows."""
    for name in CHARTS:
        charts.lead_on(app, f"{page}-{name}")


def by_release(history: Sequence[Row], equal: Keys, absence: str) -> html.Section:
    """Show the figures of each release, newest first; a release leads to its rows."""
    rows = [_release_row(row, equal, absence) for row in reversed(history)]
    return parts.section(
        "Versão a versão", entity_cells.framed(RELEASE_HEADS, rows, "Números de cada versão")
    )


def related(
    title: str,
    heads: Sequence[Head],
    rows: Sequence[tuple[Row, Sequence[Any]]],
    every: tuple[str, str],
    release: Release,
) -> html.Section:
    """Show what belongs to the page's subject in its newest release, costliest first.

    Where the rows are not all there are, lead to all: `every` is (words, address).
    """
    total = rows[0][0]["grupos"] if rows else 0
    count = f", {len(rows)} de {number(total)}" if total > len(rows) else ""
    notes = [f"Em {formats.release(*release)}, do maior custo ao menor{count}."]
    if any(head == "Registros" for head, _ in heads):
        notes.append("Um registro é uma pessoa num contrato.")
    return parts.section(
        title,
        dmc.Text(" ".join(notes), size="sm", c="dimmed", mb="xs"),
        entity_cells.table(heads, [cells for _, cells in rows], title),
        *([dcc.Link(f"{every[0]} →", href=every[1], className="todos")] if count else []),
    )


def _chart(page: str, history: Sequence[Row], axis: Axis, name: str) -> html.Figure:
    title, prefix = CHARTS[name]
    values = [row[name] for row in history]
    spoken = f"{title}: {_spoken(history, name)}"
    chart = charts.over_time(f"{page}-{name}", axis, [(title, values)], spoken, prefix)
    return html.Figure([html.Figcaption(title), chart], className="grafico")


def _spoken(history: Sequence[Row], name: str) -> str:
    """Say in words where a line starts and ends."""
    found = present(history)
    write = money if name == "custo_total" else number
    ends = [f"{write(row[name])} em {formats.release(*release_of(row))}" for row in found]
    gaps = len(history) - len(found)
    missing = f"; sem dados em {gaps} de {len(history)} versões" if gaps else ""
    return f"de {ends[0]} a {ends[-1]}{missing}"


def _rows(row: Row, equal: Keys) -> str:
    return links.rows(links.HISTORY, equal, release=release_of(row))


def _release_row(row: Row, equal: Keys, absence: str) -> html.Tr:
    name = formats.release(*release_of(row))
    if row["linhas"] is None:
        return html.Tr(
            [
                html.Th(name, scope="row"),
                html.Td(absence, colSpan=len(RELEASE_HEADS) - 1, className="ausente"),
            ]
        )
    cells = [
        dcc.Link(name, href=_rows(row, equal)),
        number(row["pessoas"]),
        money(row["custo_total"]),
        money(row["salario_mediano"]),
        money(row["custo_mediano"]),
        money(row["custo_hora_mediano"]),
    ]
    return entity_cells.table_row(RELEASE_HEADS, cells)


def _since(history: Sequence[Row], name: str) -> str:
    """Say how a measure of the newest release changed since the release before it."""
    place = max(index for index, row in enumerate(history) if row["linhas"] is not None)
    now_row, before = history[place], history[place - 1] if place else {}
    if now_row[name] is None or before.get(name) is None:
        return ""
    change = formats.change(now_row[name], before[name])
    return f"{change} desde {formats.release(*release_of(before))}" if change else ""
