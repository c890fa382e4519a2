"""Pieces that several pages show: notices, states, commands, tables of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from pipeline.errors import ConfigurationError, PipelineError
from viewer.pool import NotPreparedError, SlowQueryError

STATES = {
    "Success": ("Sucesso", "teal"),
    "Failed": ("Falhou", "red"),
    "TriggerFailed": ("Não rodou", "red"),
    "TimedOut": ("Tempo esgotado", "red"),
    "Cancelled": ("Cancelada", "orange"),
    "Running": ("Em andamento", "blue"),
    "Retrying": ("Vai tentar de novo", "yellow"),
    "Pending": ("Pendente", "gray"),
    "Scheduled": ("Agendada", "gray"),
    "Skipped": ("Pulada", "gray"),
    "Mapped": ("Distribuída", "gray"),
    "Cached": ("Reaproveitada", "teal"),
    "success": ("Sucesso", "teal"),
    "pass": ("Passou", "teal"),
    "warn": ("Aviso", "yellow"),
    "fail": ("Falhou", "red"),
    "error": ("Erro", "red"),
    "runtime error": ("Erro", "red"),
    "skipped": ("Pulado", "gray"),
}
LEVELS = {
    "DEBUG": ("Detalhe", "gray", "·"),
    "INFO": ("Informação", "blue", "i"),
    "WARNING": ("Aviso", "yellow", "⚠"),
    "ERROR": ("Erro", "red", "✖"),
    "CRITICAL": ("Grave", "red", "✖"),
}
UNDEFINED_TABLE = "42P01"


def aria(**attributes: str) -> dict[str, Any]:
    """Return ARIA attributes as Dash wants them: `aria(label="x")` is `{"aria-label": "x"}`."""
    return {f"aria-{name}": value for name, value in attributes.items()}


def state(name: str) -> dmc.Badge:
    """Show the state of a run, a task or a dbt result; a state we do not know by its own name."""
    text, color = STATES.get(name, (name, "gray"))
    return dmc.Badge(text, color=color, variant="light", className="estado")


def level(name: str) -> dmc.Badge:
    """Show the level of a log line."""
    text, color, icon = LEVELS.get(name, (name, "gray", "·"))
    return dmc.Badge(
        text, color=color, variant="light", size="sm", leftSection=icon, className="nivel"
    )


def heading(title: str, text: Any = None) -> html.Div:
    """Show a page's title and the line under it."""
    line = [dmc.Text(text, c="dimmed", size="sm")] if text else []
    return html.Div([dmc.Title(title, order=1, size="h2"), *line], className="titulo")


def section(title: str, *children: Any) -> html.Section:
    """Show a part of a page under a heading of the second order."""
    return html.Section([dmc.Title(title, order=2, size="h4", mb="xs"), *children])


def empty(text: str, *commands: str) -> dmc.Paper:
    """Say that there is nothing yet, and which commands change that."""
    lines = [dmc.Code(command, block=True) for command in commands]
    return dmc.Paper(
        [dmc.Text(text, mb="sm" if lines else 0), dmc.Stack(lines, gap="xs")],
        className="vazio",
        p="lg",
        withBorder=True,
    )


def failure(error: PipelineError) -> Any:
    """Show an error as what it is: nothing captured, nothing materialized, too slow, or away."""
    if isinstance(error, NotPreparedError):
        return empty(
            "Nada foi capturado ainda. Para baixar a versão mais nova e montar as tabelas, rode:",
            "python run/capture.py",
            "python run/materialize.py",
        )
    if getattr(error.__cause__, "pgcode", None) == UNDEFINED_TABLE:
        return not_materialized()
    if isinstance(error, SlowQueryError):
        text = str(error)
        return dmc.Alert(
            f"{text[:1].upper()}{text[1:]}.",
            title="Consulta cancelada",
            color="orange",
            variant="light",
            attributes={"root": {"data-erro": type(error).__name__}},
        )
    hint = ""
    if isinstance(error, ConfigurationError):
        hint = " Se nada foi capturado ainda, rode antes python run/capture.py."
    return dmc.Alert(
        f"{error}.{hint}" if hint else str(error),
        title="Não foi possível ler o banco",
        color="red",
        variant="light",
        attributes={"root": {"data-erro": type(error).__name__}},
    )


def not_materialized() -> dmc.Paper:
    """Say that the tables of this part are not there yet."""
    return empty(
        "O que esta parte mostra ainda não foi montado. Para montar as tabelas, rode:",
        "python run/historic_materialize.py",
    )


def guarded(build: Callable[[], Any]) -> Any:
    """Build a part of a page; where that fails, show why in its place."""
    try:
        return build()
    except PipelineError as error:
        return failure(error)


def card(label: str, value: Any, note: Any = "", *, is_warning: bool = False) -> dmc.Paper:
    """Show one figure with its name above and a note below."""
    return dmc.Paper(
        [
            dmc.Text(label, size="sm", c="dimmed"),
            dmc.Text(value, className="valor"),
            dmc.Text(note, size="xs", c="dimmed", className="quebra"),
        ],
        p="md",
        withBorder=True,
        className="cartao atencao" if is_warning else "cartao",
    )


@dataclass(frozen=True)
class Bar:
    """One bar of a list: name, amount ≥ 0, the amount in words, its page, its rows."""

    name: str
    amount: float
    words: str
    href: str
    rows: str


def bars(items: Sequence[Bar], label: str) -> html.Ul:
    """Show bars as a list; the name leads to the page, the amount to the rows."""
    most = max((item.amount for item in items), default=0) or 1
    return html.Ul(
        [
            html.Li(
                [
                    dcc.Link(item.name, href=item.href, title=item.name),
                    html.Span(
                        html.Span(style={"width": f"{max(item.amount, 0) / most * 100:.1f}%"}),
                        className="trilho",
                    ),
                    dcc.Link(item.words, href=item.rows, className="quanto", title="ver as linhas"),
                ]
            )
            for item in items
        ],
        className="barras",
        **aria(label=label),
    )


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Any]], label: str
) -> dmc.TableScrollContainer:
    """Show a plain table; cells are text or components."""
    return dmc.TableScrollContainer(
        dmc.Table(
            [
                dmc.TableThead(dmc.TableTr([dmc.TableTh(head) for head in heads])),
                dmc.TableTbody([dmc.TableTr([dmc.TableTd(cell) for cell in row]) for row in rows]),
            ],
            highlightOnHover=True,
            verticalSpacing="xs",
            attributes={"table": {"aria-label": label}},
        ),
        minWidth=640,
        type="native",
    )
