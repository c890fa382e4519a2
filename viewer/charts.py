"""Plotly figures in one style, readable on light and dark.

Colours are set once here; a chart has no toolbar, keeps its place while it loads, and says in words
(`label`) what it shows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dash
from dash import Input, Output, dcc, html

from viewer import formats, parts
from viewer.browser import in_browser

FIRST = "#0ca678"
SECOND = "#4c6ef5"
QUIET = "#868e96"
GRID = "rgba(134, 142, 150, .25)"
HEIGHT = 300
UNITS = ((1_000_000_000, " bi"), (1_000_000, " mi"), (1_000, " mil"))
CONFIG: Any = {"displayModeBar": False, "locale": "pt-BR", "responsive": True}


@dataclass(frozen=True)
class Axis:
    """The releases of a chart, one date each; where a click on each leads (see `lead_on`).

    The releases in `incomplete`, to which some body sent nothing, are drawn hollow.
    """

    dates: Sequence[date]
    addresses: Sequence[str] = ()
    incomplete: Collection[date] = ()


def over_time(
    graph_id: str,
    axis: Axis,
    series: Sequence[tuple[str, Sequence[Any]]],
    label: str,
    prefix: str = "",
) -> html.Div:
    """Draw one or two series over the releases; a None is a gap, never a zero."""
    releases = [f"{day:%Y-%m}" for day in axis.dates]
    symbols = ["circle-open" if day in axis.incomplete else "circle" for day in axis.dates]
    unit, suffix = _unit([value for _, values in series for value in values if value is not None])
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": releases,
            "y": [None if value is None else float(value) / unit for value in values],
            "text": ["" if value is None else formats.number(value) for value in values],
            "customdata": list(axis.addresses),
            "hovertemplate": f"%{{x}}<br>{prefix}%{{text}}<extra>{name}</extra>",
            "connectgaps": False,
            "line": {"color": color, "width": 2},
            "marker": {"size": 8, "symbol": symbols},
        }
        for (name, values), color in zip(series, (FIRST, SECOND), strict=False)
    ]
    return graph(graph_id, traces, label, (prefix, suffix))


def _unit(values: Sequence[Any]) -> tuple[int, str]:
    """Return what an axis with these values counts in, and how that is called."""
    most = max(values, default=0)
    return next(((unit, name) for unit, name in UNITS if most >= 2 * unit), (1, ""))


def lead_on(app: dash.Dash, graph_id: str) -> None:
    """Let a click on a point of this graph open the point's address."""
    in_browser(
        app,
        "openPoint",
        Output("endereco", "href", allow_duplicate=True),
        Input(graph_id, "clickData"),
    )


def graph(
    graph_id: str, traces: list[dict[str, Any]], label: str, around: tuple[str, str] = ("", "")
) -> html.Div:
    """Show traces under the project's layout; more than one get a legend.

    `around` stands before and after each number of the vertical axis.
    """
    layout = {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": QUIET, "family": "system-ui, sans-serif", "size": 12},
        "separators": ",.",
        "showlegend": len(traces) > 1,
        "legend": {"orientation": "h", "y": 1.12},
        "hovermode": "closest",
        "xaxis": {"type": "category", "gridcolor": GRID, "automargin": True},
        "yaxis": {
            "gridcolor": GRID,
            "rangemode": "tozero",
            "tickprefix": around[0],
            "ticksuffix": around[1],
            "automargin": True,
            "zerolinecolor": GRID,
        },
    }
    figure = {"data": traces, "layout": layout}
    return html.Div(
        dcc.Graph(id=graph_id, figure=figure, config=CONFIG, style={"height": f"{HEIGHT}px"}),
        role="img",
        **parts.aria(label=label),
    )
