"""The tasks of a run against time: one bar for each attempt, drawn with plain HTML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import dash_mantine_components as dmc
from dash import html

from viewer import formats, parts
from viewer.pool import Row

THINNEST = 0.4
"""A bar is at least so wide, in percent of the whole, or nobody would see it."""


def timeline(tasks: Sequence[Row], start: datetime, end: datetime) -> html.Div:
    """Show the attempts of all tasks between a run's start and its end, or now while it goes on."""
    first = min([start, *(task["inicio"] for task in tasks if task["inicio"])])
    last = max([end, *(task["fim"] for task in tasks if task["fim"])])
    seconds = max((last - first).total_seconds(), 0.001)
    axis = [
        html.Span(f"{first:%H:%M:%S}", className="quando"),
        html.Span(formats.duration(last - first), className="quando"),
        html.Span(f"{last:%H:%M:%S}", className="quando"),
    ]
    return html.Div(
        [
            html.Div(axis, className="eixo", **parts.aria(hidden="true")),
            html.Ol([_task(task, first, seconds) for task in tasks]),
        ],
        className="linha-do-tempo",
    )


def _task(task: Row, first: datetime, seconds: float) -> html.Li:
    retried = f", tentativa {task['tentativa']}" if task["tentativa"] > 1 else ""
    name = f"{task['tarefa']}{_part(task)}{retried}"
    message = dmc.Text(task["mensagem"], size="sm", className="linhas recado")
    return html.Li(
        [
            html.Span(name, className="quem"),
            parts.state(task["estado"]),
            _bar(task, first, seconds),
            html.Span(_duration(task), className="quando quanto"),
            *([message] if task["mensagem"] else []),
        ]
    )


def _part(task: Row) -> str:
    """Return the number of a mapped task run, where its name does not say which part it is."""
    is_named = any(character.isdigit() for character in task["tarefa"])
    return "" if task["indice"] < 0 or is_named else f" [{task['indice']}]"


def _bar(task: Row, first: datetime, seconds: float) -> Any:
    if not task["inicio"]:
        return html.Span(className="trilho")
    left = (task["inicio"] - first).total_seconds() / seconds * 100
    width = max(task["duracao"].total_seconds() / seconds * 100, THINNEST)
    left = min(max(left, 0.0), 100 - THINNEST)
    words = f"de {formats.moment(task['inicio'])} a {formats.moment(task['fim'])}"
    place = {"left": f"{left:.2f}%", "width": f"{min(width, 100 - left):.2f}%"}
    _, color = parts.STATES.get(task["estado"], ("", "gray"))
    bar = html.Span(style={**place, "background": f"var(--mantine-color-{color}-6)"}, title=words)
    return html.Span(bar, className="trilho", role="img", **parts.aria(label=words))


def _duration(task: Row) -> str:
    return formats.duration(task["duracao"]) if task["inicio"] else "—"
