"""Dados: any table or view, every row of it, filtered, sorted and searched by the server.

Table, filters, order and search are in the address (`tabela`, `filtro`, `ordem`, `busca`), so it
can be kept and sent. The browser's part is in assets/viewer.js.
"""

from __future__ import annotations

import json
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update

from pipeline.errors import PipelineError
from viewer import catalog, filters, formats, parts, queries
from viewer.browser import in_browser
from viewer.catalog import Relation
from viewer.grid import table_grid
from viewer.pool import ReadPool
from viewer.queries import View

PATH = "/dados"
TITLE = "Dados"
PREFERRED = ("staging.transformed", "public.raw")


def layout(pool: ReadPool, parameters: dict[str, str]) -> html.Div:
    """Build the page for one table; what the address says wrongly is named and left out."""
    relations = catalog.list_relations(pool)
    name = parameters.get("tabela") or _first(relations)
    relation = catalog.find_relation(pool, name)
    if relation is None:
        note = dmc.Alert(
            f"Não há tabela nem visão chamada {name[:120]!r}. Escolha uma da lista.",
            color="yellow",
        )
        return html.Div([_toolbar(relations, None, ""), note], className="dados")
    problems, filter_model, sort_model, search = _state(relation, parameters)
    return html.Div(
        [
            _toolbar(relations, relation, search),
            *[dmc.Alert(problem, color="yellow", withCloseButton=True) for problem in problems],
            html.Div(id="dados-erro", role="alert"),
            dcc.Store(id="dados-consulta"),
            html.Div(
                table_grid("dados-grade", relation, filter_model, sort_model),
                className="moldura",
                key=f"{relation.full_name}?{json.dumps(parameters, sort_keys=True)}",
            ),
        ],
        className="dados",
    )


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: pages of rows, the count, the address."""
    in_browser(
        app,
        "chooseTable",
        Output("endereco", "search"),
        Input("dados-tabela", "value"),
        State("dados-atual", "data"),
    )
    in_browser(
        app,
        "keepState",
        Output("dados-consulta", "data"),
        Input("dados-grade", "getRowsRequest"),
        State("dados-atual", "data"),
        State("dados-busca", "value"),
        State("dados-consulta", "data"),
    )
    in_browser(app, "searchAgain", Output("dados-busca", "error"), Input("dados-busca", "value"))
    in_browser(
        app, "clearFilters", Output("dados-busca", "value"), Input("dados-limpar", "n_clicks")
    )
    _register_rows(app, pool)
    _register_count(app, pool)


def _register_rows(app: dash.Dash, pool: ReadPool) -> None:
    @app.callback(
        Output("dados-grade", "getRowsResponse"),
        Output("dados-erro", "children"),
        Input("dados-grade", "getRowsRequest"),
        State("dados-atual", "data"),
        State("dados-busca", "value"),
    )
    def rows(request: dict[str, Any] | None, name: str, search: str | None) -> tuple[Any, Any]:
        if not request:
            return no_update, no_update
        try:
            return _rows(pool, request, name, search or ""), None
        except PipelineError as error:
            return {"rowData": [], "rowCount": 0}, parts.failure(error)


def _rows(pool: ReadPool, request: dict[str, Any], name: str, search: str) -> dict[str, Any]:
    relation = _existing(pool, name)
    start, end = int(request["startRow"]), int(request["endRow"])
    view = View(request.get("filterModel") or {}, request.get("sortModel") or [], search)
    found = queries.page(pool, relation, view, start, end)
    is_last = len(found) < end - start
    return {"rowData": found, "rowCount": start + len(found) if is_last else None}


def _register_count(app: dash.Dash, pool: ReadPool) -> None:
    @app.callback(
        Output("dados-total", "children"),
        Output("dados-linhas", "data"),
        Input("dados-consulta", "data"),
    )
    def total(query: dict[str, Any] | None) -> tuple[Any, Any]:
        if not query:
            return no_update, no_update
        try:
            relation = _existing(pool, query["tabela"])
            found = queries.count(pool, relation, View(query["filtro"], search=query["busca"]))
        except PipelineError:
            return "", None  # the rows' callback says why
        return _count_text(found), found.rows if found.kind == "exact" else None

    in_browser(app, "knowRowCount", Output("dados-total", "title"), Input("dados-linhas", "data"))


def _count_text(count: queries.Count) -> str:
    if count.kind == "unknown":
        return "muitas linhas (contar demorou demais)"
    before = {"exact": "", "about": "cerca de ", "over": "mais de "}[count.kind]
    return f"{before}{formats.number(count.rows)} {'linha' if count.rows == 1 else 'linhas'}"


def _existing(pool: ReadPool, name: str) -> Relation:
    relation = catalog.find_relation(pool, name)
    if relation is None:
        raise filters.FilterError(f"a tabela {name[:120]!r} já não existe. Recarregue a página")
    return relation


def _first(relations: list[Relation]) -> str:
    names = [relation.full_name for relation in relations]
    return next((name for name in PREFERRED if name in names), names[0] if names else "")


def _state(
    relation: Relation, parameters: dict[str, str]
) -> tuple[list[str], dict[str, Any], list[dict[str, Any]], str]:
    """Read filter, order and search from the address: (problems, filters, order, search)."""
    problems: list[str] = []
    filter_model = _from_json(parameters.get("filtro"), {}, "filtro", problems)
    sort_model = _from_json(parameters.get("ordem"), [], "ordem", problems)
    search = parameters.get("busca", "")
    try:
        filters.where(relation, filter_model, search)
        filters.order_by(relation, sort_model)
    except filters.FilterError as error:
        problems.append(f"O endereço traz um filtro que não vale e foi deixado de lado: {error}.")
        return problems, {}, [], ""
    return problems, filter_model, sort_model, search


def _from_json(text: str | None, default: Any, name: str, problems: list[str]) -> Any:
    if not text:
        return default
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, type(default)):
        return value
    problems.append(f"O endereço traz {name}= que não se entende; foi deixado de lado.")
    return default


def _toolbar(relations: list[Relation], relation: Relation | None, search: str) -> html.Div:
    current = relation.full_name if relation else None
    about: list[Any] = []
    if relation:
        about = [
            dmc.Badge(relation.kind, variant="light", color="gray"),
            dmc.Text(relation.description or "Sem descrição.", size="sm", c="dimmed"),
        ]
    return html.Div(
        [
            dcc.Store(id="dados-atual", data=current),
            dcc.Store(id="dados-linhas"),
            html.Div(
                [
                    dmc.Select(
                        id="dados-tabela",
                        label="Tabela ou visão",
                        data=_options(relations),
                        value=current,
                        searchable=True,
                        allowDeselect=False,
                        nothingFoundMessage="Nenhuma com esse nome",
                        className="escolha",
                        maxDropdownHeight=420,
                    ),
                    dmc.TextInput(
                        id="dados-busca",
                        label="Buscar em todas as colunas de texto",
                        placeholder="sem acento, maiúsculas ou minúsculas",
                        value=search,
                        debounce=400,
                        className="busca",
                        disabled=relation is None,
                    ),
                    dmc.Button("Limpar filtros", id="dados-limpar", variant="default", n_clicks=0),
                    html.Div(id="dados-total", className="total", **parts.aria(live="polite")),
                ],
                className="controles",
            ),
            html.Div(about, className="sobre"),
        ],
        className="barra",
    )


def _options(relations: list[Relation]) -> list[dict[str, Any]]:
    schemas = dict.fromkeys(relation.schema for relation in relations)
    return [
        {
            "group": schema,
            "items": [
                {"value": item.full_name, "label": f"{item.full_name} · {item.kind}"}
                for item in relations
                if item.schema == schema
            ],
        }
        for schema in schemas
    ]
