"""One run: what it did, its tasks against time, dbt's results, its log; live while it goes on."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dash
import dash_mantine_components as dmc
import flask
from dash import Input, Output, State, dcc, html

from pipeline.errors import PipelineError
from viewer import address, checks, formats, journal, parts
from viewer.pages import controls
from viewer.pages.log_lines import log_lines
from viewer.pages.timeline import timeline
from viewer.pool import TIME_ZONE, ReadPool, Row

MOST_RECORDS = 1_000
REFRESH_MS = 3_000
NAMES = ("nivel", "texto")
TYPES = {"model": "modelo", "test": "teste"}
PREFECT_UI = "PREFECT_UI"
TENANT = "default"
"""What run/deploy.py calls the one tenant of the server, in addresses too."""


def layout(pool: ReadPool, parameters: dict[str, str], path: str) -> list[Any]:
    """Build the page of the run `id`; `path` is that of the list of all runs."""
    run_id = parameters["id"]
    run = journal.run(pool, run_id)
    back = dcc.Link("← todas as execuções", href=path)
    if run is None:
        return [back, _unknown(run_id)]
    asked = address.Asked(parameters)
    levels, text = asked.some_of("nivel", journal.LEVELS, "nível"), asked.text("texto")
    return [
        html.Div([back, parts.heading(run["flow"])]),
        *controls.notices(asked.problems),
        dcc.Store(id="execucao-id", data=run_id),
        controls.said("execucao", asked.kept),
        dcc.Interval(id="execucao-relogio", interval=REFRESH_MS, disabled=not run["em_curso"]),
        html.Div(_summary(pool, run), id="execucao-resumo", className="pagina"),
        parts.section(
            "Registros",
            html.Div(
                [
                    controls.levels("execucao-nivel", levels),
                    controls.text("execucao-texto", text),
                ],
                className="controles",
            ),
            html.Div(id="execucao-registros", role="log", **parts.aria(label="Registros")),
        ),
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the summary while the run goes on, and its log lines."""
    controls.keep(app, "execucao", *NAMES)

    @app.callback(
        Output("execucao-resumo", "children"),
        Output("execucao-relogio", "disabled"),
        Input("execucao-relogio", "n_intervals"),
        State("execucao-id", "data"),
        prevent_initial_call=True,
    )
    def summarize(_ticks: int, run_id: Any) -> tuple[Any, bool]:
        try:
            run = journal.run(pool, str(run_id))
            return (_summary(pool, run), not run["em_curso"]) if run else (_unknown(run_id), True)
        except PipelineError as error:
            return parts.failure(error), False

    @app.callback(
        Output("execucao-registros", "children"),
        Input("execucao-relogio", "n_intervals"),
        Input("execucao-nivel", "value"),
        Input("execucao-texto", "value"),
        State("execucao-id", "data"),
    )
    def record(_ticks: int, levels: Any, text: Any, run_id: Any) -> Any:
        levels = [level for level in levels or [] if level in journal.LEVELS]
        text = str(text or "")[: address.LONGEST_TEXT]
        return parts.guarded(lambda: _records(pool, str(run_id), levels, text))


def _unknown(run_id: Any) -> dmc.Alert:
    return dmc.Alert(f"Não há execução {str(run_id)[:80]!r}. Escolha uma da lista.", color="yellow")


def _summary(pool: ReadPool, run: Row) -> list[Any]:
    return [_facts(run), *_tasks(pool, run), *_dbt(pool, run["execucao_id"])]


def _facts(run: Row) -> dmc.Paper:
    facts = [
        ("Estado", parts.state(run["estado"])),
        ("Início", formats.moment(run["inicio"])),
        ("Fim", formats.moment(run["fim"])),
        ("Duração", formats.duration(run["duracao"])),
        ("Onde", run["onde"] or "—"),
        ("Parâmetros", json.dumps(run["parametros"] or {}, ensure_ascii=False)),
        ("Execução", run["execucao_id"]),
    ]
    terms = [html.Div([html.Dt(name), html.Dd(value)]) for name, value in facts]
    failed = parts.STATES.get(run["estado"], ("", ""))[1] == "red"
    kind = "linhas mensagem falha" if failed else "linhas mensagem"
    message = [dmc.Text(run["mensagem"], className=kind, mt="sm")] if run["mensagem"] else []
    return dmc.Paper(
        [html.Dl(terms, className="fatos"), *message, *_prefect(run)], p="md", withBorder=True
    )


def _prefect(run: Row) -> list[Any]:
    """Return the link to the run in Prefect's own pages, where a server is configured."""
    pages = flask.current_app.config.get(PREFECT_UI)
    if not pages:
        return []
    href = f"{pages}/{TENANT}/flow-run/{run['execucao_id']}"
    title = "Só as execuções feitas pelo servidor estão lá"
    link = html.A("Abrir no painel do Prefect ↗", href=href, target="_blank", title=title)
    return [dmc.Text(link, size="sm", mt="sm")]


def _tasks(pool: ReadPool, run: Row) -> list[Any]:
    tasks = [task for task in journal.tasks(pool, run["execucao_id"]) if task["estado"] != "Mapped"]
    if not tasks:
        return []
    end = run["fim"] or datetime.now(ZoneInfo(TIME_ZONE))
    return [parts.section("Tarefas", timeline(tasks, run["inicio"], end))]


def _dbt(pool: ReadPool, run_id: str) -> list[Any]:
    results = journal.dbt_results(pool, run_id)
    models = [row["no"] for row in results if row["tipo"] == "model"]
    rows = [_result(row, models) for row in results]
    heads = ["Modelo ou teste", "Tipo", "Estado", "Falhas", "Duração", "Mensagem"]
    return [parts.section("dbt", parts.table(heads, rows, "Resultados do dbt"))] if rows else []


def _result(row: Row, models: list[str]) -> list[Any]:
    model, about = row["no"], row["descricao"] or ""
    if row["tipo"] == "test":
        model, told = checks.described(row["no"], models)
        about = about or told
    # Of rows found dbt says no more than their number.
    message = "" if row["falhas"] else row["mensagem"] or ""
    return [
        html.Div([html.Code(model), html.Div(about, className="quebra")], title=row["no"]),
        TYPES.get(row["tipo"], row["tipo"]),
        parts.state(row["estado"]),
        "" if row["falhas"] is None else formats.number(row["falhas"]),
        html.Span(formats.duration(float(row["segundos"])), className="quando"),
        dmc.Text(message, size="sm", className="linhas"),
    ]


def _records(pool: ReadPool, run_id: str, levels: list[str], text: str) -> list[Any]:
    rows, total = journal.records(pool, run_id, levels, text, MOST_RECORDS)
    if not rows:
        is_filtered = bool(levels or text)
        words = "Nenhum registro passa pelos filtros." if is_filtered else "Sem registros."
        return [parts.empty(words)]
    note = f"{formats.number(total)} {'registro' if total == 1 else 'registros'}"
    if total > len(rows):
        note = f"os últimos {formats.number(len(rows))} de {note}"
    return [dmc.Text(note, size="sm", c="dimmed", mb=4), log_lines(rows)]
