"""Log lines as people read them: the level in a word, an error with the sentence that counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import dcc, html

from viewer import formats, links, parts
from viewer.pool import Row

TRACE = "Traceback (most recent call last):"
LONGEST_MESSAGE = 20_000


def log_lines(rows: Sequence[Row], *, with_run: bool = False) -> html.Div:
    """Show log lines in the order given; `with_run` adds the run that each is of, as a link."""
    kind = "registros varias" if with_run else "registros"
    return html.Div([_line(row, with_run) for row in rows], className=kind)


def _line(row: Row, with_run: bool) -> html.Div:
    task = row["tarefa"] or ""
    flow = row["flow"] or row["execucao_id"]
    run = dcc.Link(flow, href=links.run(row["execucao_id"]), title=flow)
    return html.Div(
        [
            html.Span(formats.moment(row["momento"]), className="quando"),
            parts.level(row["nivel"]),
            *([html.Span(run, className="execucao")] if with_run else []),
            html.Span(task, className="tarefa", title=task),
            html.Pre(_message(row["mensagem"])),
        ],
        className=f"registro {row['nivel'].lower()}",
        key=str(row["id"]),
    )


def _message(text: str) -> list[Any]:
    """Return the message, whole; of an exception the way to it is quiet, the exception is loud."""
    if len(text) > LONGEST_MESSAGE:
        text = f"{text[:LONGEST_MESSAGE]}… ({formats.number(len(text))} caracteres)"
    head, found, rest = text.partition(TRACE)
    if not found:
        return [text]
    trace = rest.rstrip("\n").split("\n")
    end = next((i for i in range(len(trace) - 1, 0, -1) if trace[i].startswith(" ")), 0) + 1
    way, exception = "\n".join(trace[:end]), "\n".join(trace[end:])
    return [
        head,
        html.Span(f"{TRACE}{way}\n", className="caminho"),
        html.Strong(exception, className="excecao"),
    ]
