"""Registros: the log lines of all runs, newest first; live while the newest run goes on."""

from __future__ import annotations

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html

from pipeline.errors import PipelineError
from viewer import address, formats, journal, parts
from viewer.pages import controls
from viewer.pages.log_lines import log_lines
from viewer.pool import ReadPool, Row

PATH = "/registros"
TITLE = "Registros"
PAGE_SIZE = 100
REFRESH_MS = 3_000
LAST_RECORD = 2**62
NAMES = ("nivel", "fluxo", "de", "ate", "texto")


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the filters; the lines follow."""
    flows = journal.flows(pool)
    heading = parts.heading(
        TITLE,
        "O que todas as execuções disseram, do mais novo ao mais antigo; horários de Brasília.",
    )
    if not flows:
        return [heading, parts.empty("Nada rodou ainda. Comece com:", "python run/capture.py")]
    asked = address.Asked(parameters)
    wanted = _read(asked, flows)
    before = _place(pool, asked)
    return [
        heading,
        *controls.notices(asked.problems),
        html.Div(
            [
                controls.levels("registros-nivel", wanted.levels),
                controls.choice(
                    "registros-fluxo",
                    "Fluxo",
                    [(flow, flow) for flow in flows],
                    wanted.flow,
                    "todos",
                ),
                controls.day("registros-de", "De", wanted.since),
                controls.day("registros-ate", "Até", wanted.until),
                controls.text("registros-texto", wanted.text),
            ],
            className="controles",
        ),
        controls.said("registros", asked.kept),
        dcc.Store(id="registros-antes", data=before["id"] if before else None),
        dcc.Interval(id="registros-relogio", interval=REFRESH_MS, disabled=True),
        html.Div(id="registros-linhas", role="log", **parts.aria(label=TITLE)),
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the filters into the address, and the lines that pass them."""
    control_ids = [f"registros-{name}" for name in NAMES]
    controls.keep(app, "registros", *NAMES)

    @app.callback(
        Output("registros-linhas", "children"),
        Output("registros-relogio", "disabled"),
        Output("registros-antes", "data"),
        Input("registros-relogio", "n_intervals"),
        *(Input(control_id, "value") for control_id in control_ids),
        State("registros-antes", "data"),
    )
    def show(_ticks: int, *values: Any) -> tuple[Any, bool, Any]:
        *said, before_id = values
        is_filter = dash.ctx.triggered_id in control_ids
        before_id = before_id if isinstance(before_id, int) and not is_filter else None
        try:
            asked = address.Asked(dict(zip(NAMES, map(_text, said), strict=True)))
            wanted = _read(asked, journal.flows(pool))
            before = journal.record(pool, before_id) if before_id else None
            content = _lines(pool, asked, wanted, before)
            is_still = before is not None or not journal.is_going_on(pool)
        except PipelineError as error:
            return parts.failure(error), True, before_id
        return content, is_still, before_id


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _read(asked: address.Asked, flows: list[str]) -> journal.Asked:
    return journal.Asked(
        levels=asked.some_of("nivel", journal.LEVELS, "nível"),
        flow=asked.one_of("fluxo", flows, "fluxo"),
        since=asked.day("de"),
        until=asked.day("ate"),
        text=asked.text("texto"),
    )


def _place(pool: ReadPool, asked: address.Asked) -> Row | None:
    """Return the line after which the page begins; where there is none, the newest line does."""
    number = asked.number("antes", 0, LAST_RECORD)
    place = journal.record(pool, number) if number else None
    if number and not place:
        asked.problems.append("O registro de onde a página começaria já não existe.")
    return place


def _lines(
    pool: ReadPool, asked: address.Asked, wanted: journal.Asked, before: Row | None
) -> list[Any]:
    rows = journal.all_records(pool, wanted, before, PAGE_SIZE + 1)
    shown = rows[:PAGE_SIZE]
    newest = dcc.Link("← os mais novos", href=address.to(PATH, asked.kept))
    if not shown:
        words = "Nenhum registro passa pelos filtros." if asked.kept else "Sem registros."
        return [parts.empty(words), *([newest] if before else [])]
    ways: list[Any] = [newest] if before else []
    if len(rows) > PAGE_SIZE:
        query = {**asked.kept, "antes": str(shown[-1]["id"])}
        ways.append(dcc.Link("mais antigos →", href=address.to(PATH, query)))
    noun = "registro" if len(shown) == 1 else "registros"
    note = f"{formats.number(len(shown))} {noun}, {_period(shown)}"
    return [
        dmc.Text(note, size="sm", c="dimmed", mb=4),
        log_lines(shown, with_run=True),
        html.Nav(dmc.Group(ways), className="paginas", **parts.aria(label="Páginas")),
    ]


def _period(rows: list[Row]) -> str:
    newest, oldest = (row["momento"] for row in (rows[0], rows[-1]))
    is_one_day = newest.date() == oldest.date()
    last = f"{newest:%H:%M:%S}" if is_one_day else formats.moment(newest)
    return f"de {formats.moment(oldest)} a {last}"
