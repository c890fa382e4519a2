"""Plotly figures in one style, readable on light and dark.

Colours are set once here; a chart has no toolbar, keeps its place while it loads, and says in words
(`label`) what it shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from dash import dcc, html

from viewer import parts

FIRST = "#0ca678"
SECOND = "#4c6ef5"
QUIET = "#868e96"
GRID = "rgba(134, 142, 150, .25)"
HEIGHT = 300
CONFIG: Any = {"displayModeBar": False, "locale": "pt-BR", "responsive": True}


def over_time(
    graph_id: str,
    dates: Sequence[date],
    series: Sequence[tuple[str, Sequence[Any]]],
    label: str,
    prefix: str = "",
) -> html.Div:
    """Draw one or two series over the releases; a None is a gap, never a zero.

    A point's `customdata` is its release as `AAAA-MM`, for a callback that follows a click.
    """
    releases = [f"{day:%Y-%m}" for day in dates]
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": releases,
            "y": [None if value is None else float(value) for value in values],
            "customdata": releases,
            "hovertemplate": f"%{{x}}<br>{prefix}%{{y:,.2~f}}<extra>{name}</extra>",
            "connectgaps": False,
            "line": {"color": color, "width": 2},
            "marker": {"size": 7},
        }
        for (name, values), color in zip(series, (FIRST, SECOND), strict=False)
    ]
    return graph(graph_id, traces, label, prefix)


def graph(graph_id: str, traces: list[dict[str, Any]], label: str, prefix: str = "") -> html.Div:
    """Show traces under the project's layout; more than one get a legend."""
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
            "tickprefix": prefix,
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
