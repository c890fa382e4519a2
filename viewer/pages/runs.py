"""Execuções e registros: every run, and of one run its tasks, dbt results and log lines."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html

from pipeline.errors import PipelineError
from viewer import formats, journal, parts
from viewer.pool import ReadPool, Row

PATH = "/execucoes"
TITLE = "Execuções e registros"
PAGE_SIZE = 50
MOST_RECORDS = 1_000
REFRESH_MS = 3_000


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the list, or with `id` the page of one run."""
    if parameters.get("id"):
        return _run_page(pool, parameters["id"])
    return _list_page(pool, parameters.get("pagina", "1"))


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callback that shows a run, again and again while it goes on."""

    @app.callback(
        Output("execucao-resumo", "children"),
        Output("execucao-registros", "children"),
        Output("execucao-relogio", "disabled"),
        Input("execucao-relogio", "n_intervals"),
        Input("execucao-niveis", "value"),
        Input("execucao-texto", "value"),
        State("execucao-id", "data"),
    )
    def refresh(_ticks: int, levels: list[str], text: str, run_id: str) -> tuple[Any, Any, bool]:
        try:
            run = journal.run(pool, run_id)
            summary = _summary(pool, run) if run else _unknown(run_id)
            records = _records(pool, run_id, levels or [], text or "")
        except PipelineError as error:
            return parts.failure(error), [], False
        return summary, records, not (run and run["em_curso"])


def _list_page(pool: ReadPool, page_text: str) -> list[Any]:
    page = int(page_text) if page_text.isascii() and page_text.isdigit() else 1
    page = min(max(page, 1), 1_000_000)
    runs, total = journal.runs(pool, page, PAGE_SIZE)
    heading = parts.heading(TITLE, "Da mais nova para a mais antiga; horários de Brasília.")
    if not total:
        return [heading, parts.empty("Nada rodou ainda. Comece com:", "python run/capture.py")]
    heads = ["Início", "Fluxo", "Estado", "Duração", "Mensagem", "Onde"]
    rows = [
        [
            html.Span(formats.moment(run["inicio"]), className="quando"),
            dcc.Link(run["flow"], href=_address(run["execucao_id"])),
            parts.state(run["estado"]),
            html.Span(formats.duration(run["duracao"]), className="quando"),
            dmc.Text(run["mensagem"] or "", size="sm", lineClamp=2),
            dmc.Text(run["onde"] or "", size="sm", c="dimmed"),
        ]
        for run in runs
    ]
    return [heading, parts.table(heads, rows, "Execuções"), _pages(page, total)]


def _pages(page: int, total: int) -> html.Nav:
    last = -(-total // PAGE_SIZE)
    links = [dmc.Text(f"{formats.number(total)} execuções, página {page} de {last}", size="sm")]
    if page > 1:
        links.append(dcc.Link("← mais novas", href=f"{PATH}?pagina={page - 1}"))
    if page < last:
        links.append(dcc.Link("mais antigas →", href=f"{PATH}?pagina={page + 1}"))
    return html.Nav(dmc.Group(links), **parts.aria(label="Páginas"))


def _run_page(pool: ReadPool, run_id: str) -> list[Any]:
    run = journal.run(pool, run_id)
    back = dcc.Link("← todas as execuções", href=PATH)
    if run is None:
        return [back, _unknown(run_id)]
    return [
        html.Div([back, parts.heading(run["flow"])]),
        dcc.Store(id="execucao-id", data=run_id),
        dcc.Interval(id="execucao-relogio", interval=REFRESH_MS, disabled=True),
        html.Div(_summary(pool, run), id="execucao-resumo", className="pagina"),
        parts.section(
            "Registros",
            html.Div(
                [
                    dmc.MultiSelect(
                        id="execucao-niveis",
                        label="Níveis",
                        placeholder="todos",
                        data=[
                            {"value": name, "label": parts.LEVELS[name][0]}
                            for name in journal.LEVELS
                        ],
                        value=[],
                        clearable=True,
                        className="escolha",
                    ),
                    dmc.TextInput(
                        id="execucao-texto",
                        label="Texto",
                        placeholder="na mensagem ou na tarefa, sem acento",
                        value="",
                        debounce=400,
                        className="busca",
                    ),
                ],
                className="controles",
            ),
            html.Div(id="execucao-registros", role="log", **parts.aria(label="Registros")),
        ),
    ]


def _unknown(run_id: str) -> dmc.Alert:
    return dmc.Alert(f"Não há execução {run_id[:80]!r}. Escolha uma da lista.", color="yellow")


def _summary(pool: ReadPool, run: Row) -> list[Any]:
    return [_facts(run), *_tasks(pool, run["execucao_id"]), *_dbt(pool, run["execucao_id"])]


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
    message = [dmc.Text(run["mensagem"], className="linhas", mt="sm")] if run["mensagem"] else []
    return dmc.Paper([html.Dl(terms, className="fatos"), *message], p="md", withBorder=True)


def _tasks(pool: ReadPool, run_id: str) -> list[Any]:
    rows = [
        [
            row["tarefa"] + (f" [{row['indice']}]" if row["indice"] >= 0 else ""),
            str(row["tentativa"]),
            parts.state(row["estado"]),
            html.Span(formats.moment(row["inicio"]), className="quando"),
            html.Span(formats.duration(row["duracao"]), className="quando"),
            dmc.Text(row["mensagem"] or "", size="sm", className="linhas"),
        ]
        for row in journal.tasks(pool, run_id)
    ]
    heads = ["Tarefa", "Tentativa", "Estado", "Início", "Duração", "Mensagem"]
    return [parts.section("Tarefas", parts.table(heads, rows, "Tarefas"))] if rows else []


def _dbt(pool: ReadPool, run_id: str) -> list[Any]:
    rows = [
        [
            html.Span(row["no"], title=row["descricao"] or row["no"], className="quebra"),
            row["tipo"],
            parts.state(row["estado"]),
            "" if row["falhas"] is None else formats.number(row["falhas"]),
            html.Span(formats.duration(float(row["segundos"])), className="quando"),
            dmc.Text(row["mensagem"] or "", size="sm", className="linhas"),
        ]
        for row in journal.dbt_results(pool, run_id)
    ]
    heads = ["Modelo ou teste", "Tipo", "Estado", "Falhas", "Duração", "Mensagem"]
    return [parts.section("dbt", parts.table(heads, rows, "Resultados do dbt"))] if rows else []


def _records(pool: ReadPool, run_id: str, levels: list[str], text: str) -> list[Any]:
    rows, total = journal.records(pool, run_id, levels, text, MOST_RECORDS)
    if not rows:
        is_filtered = bool(levels or text)
        return [dmc.Text("Nenhum registro passa pelo filtro." if is_filtered else "Sem registros.")]
    note = f"{formats.number(total)} {'registro' if total == 1 else 'registros'}"
    if total > len(rows):
        note = f"os últimos {formats.number(len(rows))} de {note}"
    return [
        dmc.Text(note, size="sm", c="dimmed", mb=4),
        html.Div([_record(row) for row in rows], className="registros"),
    ]


def _record(row: Row) -> html.Div:
    return html.Div(
        [
            html.Span(formats.moment(row["momento"]), className="quando"),
            parts.level(row["nivel"]),
            html.Span(row["tarefa"] or "", className="tarefa", title=row["tarefa"] or ""),
            html.Pre(row["mensagem"]),
        ],
        className=f"registro {row['nivel'].lower()}",
        key=str(row["id"]),
    )


def _address(run_id: str) -> str:
    return f"{PATH}?{urlencode({'id': run_id})}"
