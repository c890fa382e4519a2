"""Execuções: every run, by flow, state and period; with `id` in the address the page of one."""

from __future__ import annotations

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, dcc, html

from pipeline.errors import PipelineError
from viewer import address, formats, journal, links, parts
from viewer.pages import controls, run_page
from viewer.pool import ReadPool, Row

PATH = "/execucoes"
TITLE = "Execuções"
PAGE_SIZE = 50
REFRESH_MS = 5_000
NAMES = ("fluxo", "estado", "de", "ate")
HEADS = ("Início", "Fluxo", "Estado", "Duração", "Mensagem", "Onde")


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the list, or with `id` the page of one run."""
    if parameters.get("id"):
        return run_page.layout(pool, parameters, PATH)
    flows, states = journal.flows(pool), journal.states(pool)
    heading = parts.heading(TITLE, "Da mais nova para a mais antiga; horários de Brasília.")
    if not flows:
        return [heading, parts.empty("Nada rodou ainda. Comece com:", "python run/capture.py")]
    asked, wanted = _read(parameters, flows, states)
    found = _list(pool, asked, wanted)
    return [
        heading,
        *controls.notices(asked.problems),
        _controls(flows, states, wanted),
        controls.said("execucoes", asked.kept),
        dcc.Store(id="execucoes-endereco", data=parameters),
        dcc.Interval(id="execucoes-relogio", interval=REFRESH_MS, disabled=not found[1]),
        html.Div(found[0], id="execucoes-lista", className="pagina"),
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: filters, the list while something runs, and those of one run."""
    controls.follow(app, "execucoes", *NAMES)
    run_page.register(app, pool)

    @app.callback(
        Output("execucoes-lista", "children"),
        Output("execucoes-relogio", "disabled"),
        Input("execucoes-relogio", "n_intervals"),
        dash.State("execucoes-endereco", "data"),
        prevent_initial_call=True,
    )
    def refresh(_ticks: int, parameters: Any) -> tuple[Any, bool]:
        try:
            asked, wanted = _read(
                parameters if isinstance(parameters, dict) else {},
                journal.flows(pool),
                journal.states(pool),
            )
            found, is_going_on = _list(pool, asked, wanted)
        except PipelineError as error:
            return parts.failure(error), False
        return found, not is_going_on


def _read(
    parameters: dict[str, Any], flows: list[str], states: list[str]
) -> tuple[address.Asked, journal.Asked]:
    asked = address.Asked({name: str(value) for name, value in parameters.items()})
    return asked, journal.Asked(
        flow=asked.one_of("fluxo", flows, "fluxo"),
        state=asked.one_of("estado", states, "execução no estado"),
        since=asked.day("de"),
        until=asked.day("ate"),
    )


def _controls(flows: list[str], states: list[str], wanted: journal.Asked) -> html.Div:
    named = [(name, parts.STATES.get(name, (name, ""))[0]) for name in states]
    return html.Div(
        [
            controls.choice(
                "execucoes-fluxo", "Fluxo", [(flow, flow) for flow in flows], wanted.flow, "todos"
            ),
            controls.choice("execucoes-estado", "Estado", named, wanted.state, "todos"),
            controls.day("execucoes-de", "De", wanted.since),
            controls.day("execucoes-ate", "Até", wanted.until),
        ],
        className="controles",
    )


def _list(pool: ReadPool, asked: address.Asked, wanted: journal.Asked) -> tuple[list[Any], bool]:
    """Return the list of the page asked for, and whether a run of it goes on."""
    total = journal.count_runs(pool, wanted)
    if not total:
        return [parts.empty("Nenhuma execução passa pelos filtros.")], False
    page = controls.clamped(asked.number("pagina"), total, PAGE_SIZE)
    runs = journal.runs(pool, wanted, page, PAGE_SIZE)
    window = (page, PAGE_SIZE, total)
    return [
        parts.table(HEADS, [_row(run) for run in runs], TITLE),
        controls.pages(PATH, asked.kept, window, ("execução", "execuções")),
    ], any(run["em_curso"] for run in runs)


def _row(run: Row) -> list[Any]:
    return [
        html.Span(formats.moment(run["inicio"]), className="quando"),
        dcc.Link(run["flow"], href=links.run(run["execucao_id"])),
        parts.state(run["estado"]),
        html.Span(formats.duration(run["duracao"]), className="quando"),
        dmc.Text(run["mensagem"] or "", size="sm", lineClamp=2),
        dmc.Text(run["onde"] or "", size="sm", c="dimmed"),
    ]
