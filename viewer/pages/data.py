"""Dados: any table or view, every row of it, filtered, sorted and searched by the server.

Table, release, filters, order, search and columns are in the address (viewer/state.py), so it can
be kept and sent. The browser's part is in assets/viewer.js.
"""

from __future__ import annotations

import json
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import Input, Output, State, dcc, html, no_update

from pipeline.errors import PipelineError
from viewer import catalog, filters, formats, parts, provenance, rows, state
from viewer.browser import in_browser
from viewer.catalog import Relation
from viewer.grid import table_grid
from viewer.pages.data_toolbar import toolbar
from viewer.pool import ReadPool, Row
from viewer.privacy import NAMES, names_are_hidden, shown
from viewer.releases import releases

PATH = "/dados"
TITLE = "Dados"
PREFERRED = ("staging.transformed", "public.raw")


def layout(pool: ReadPool, parameters: dict[str, str]) -> html.Div:
    """Build the page for one table; what the address says wrongly is named and left out."""
    relations = catalog.list_relations(pool)
    name = parameters.get("tabela") or _first(relations)
    found = catalog.find_relation(pool, name)
    if found is None:
        return html.Div(
            dmc.Alert(
                [
                    f"Não há tabela nem visão chamada {name[:120]!r}. ",
                    dcc.Link("Ver as que há", PATH),
                ],
                color="yellow",
            )
        )
    relation = shown(found)
    current = state.read_state(pool, relation, parameters)
    choices = releases(pool) if state.has_releases(relation) else []
    return html.Div(
        [
            toolbar(relations, relation, current, choices),
            *[dmc.Alert(text, color="yellow", withCloseButton=True) for text in current.problems],
            html.Div(id="dados-erro", role="alert"),
            dcc.Store(id="dados-consulta"),
            html.Div(
                table_grid("dados-grade", relation, current),
                className="moldura",
                key=f"{relation.full_name}?{json.dumps(parameters, sort_keys=True)}",
            ),
            dmc.Drawer(
                id="dados-linha",
                position="right",
                size="lg",
                title="Linha e procedência",
                closeButtonProps=parts.aria(label="Fechar"),
            ),
        ],
        className="dados",
    )


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: pages of rows, the count, one row, the address."""
    current = State("dados-atual", "data")
    in_browser(
        app,
        "chooseTable",
        Output("endereco", "search"),
        Input("dados-tabela", "value"),
        Input("dados-versao", "value"),
        current,
    )
    in_browser(
        app,
        "keepState",
        Output("dados-consulta", "data"),
        Input("dados-grade", "getRowsRequest"),
        current,
        State("dados-busca", "value"),
        State("dados-consulta", "data"),
    )
    in_browser(app, "searchAgain", Output("dados-busca", "error"), Input("dados-busca", "value"))
    in_browser(
        app, "clearFilters", Output("dados-busca", "value"), Input("dados-limpar", "n_clicks")
    )
    in_browser(
        app, "chooseColumns", Output("dados-colunas", "error"), Input("dados-colunas", "value")
    )
    in_browser(
        app,
        "exportRows",
        Output("dados-exportar", "title"),
        *(Input(f"dados-exportar-{kind}", "n_clicks") for kind in ("csv", "zip", "parquet")),
    )
    _register_rows(app, pool)
    _register_count(app, pool)
    _register_row(app, pool)


def _register_rows(app: dash.Dash, pool: ReadPool) -> None:
    @app.callback(
        Output("dados-grade", "getRowsResponse"),
        Output("dados-erro", "children"),
        Input("dados-grade", "getRowsRequest"),
        State("dados-atual", "data"),
        State("dados-busca", "value"),
    )
    def some(request: dict[str, Any] | None, now: Any, search: str | None) -> tuple[Any, Any]:
        if not request:
            return no_update, no_update
        try:
            return _rows(pool, request, now, search or ""), None
        except PipelineError as error:
            return {"rowData": [], "rowCount": 0}, parts.failure(error)


def _rows(pool: ReadPool, request: dict[str, Any], now: Any, search: str) -> dict[str, Any]:
    relation = _existing(pool, now)
    start, end = _window(request)
    view = _view(pool, relation, now, request.get("filterModel"), search, request.get("sortModel"))
    found = rows.page(pool, relation, view, start, end)
    is_last = len(found) < end - start
    return {"rowData": found, "rowCount": start + len(found) if is_last else None}


def _window(request: dict[str, Any]) -> tuple[int, int]:
    try:
        start, end = int(request["startRow"]), int(request["endRow"])
    except (KeyError, TypeError, ValueError) as error:
        raise filters.FilterError(
            "o pedido de linhas não diz quais. Recarregue a página"
        ) from error
    if not 0 <= start < end <= rows.LAST_ROW:
        raise filters.FilterError(f"não há linhas de {start} a {end}. Recarregue a página")
    return start, end


def _view(pool: ReadPool, relation: Relation, now: Any, *asked: Any) -> rows.View:
    """Return the view that the grid asks for, of the release that the page shows."""
    model, search, order = asked
    parameters = {"versao": str(_said(now, "versao") or "")}
    release = state.read_state(pool, relation, parameters).view.release
    return rows.View(model or {}, order or [], search, release)


def _register_count(app: dash.Dash, pool: ReadPool) -> None:
    @app.callback(
        Output("dados-total", "children"),
        Output("dados-linhas", "data"),
        Output("dados-contar", "style"),
        Input("dados-consulta", "data"),
        Input("dados-contar", "n_clicks"),
    )
    def total(query: dict[str, Any] | None, _clicks: int | None) -> tuple[Any, Any, Any]:
        if not query:
            return no_update, no_update, no_update
        exactly = dash.ctx.triggered_id == "dados-contar"
        try:
            relation = _existing(pool, query)
            view = _view(pool, relation, query, query["filtro"], query["busca"], [])
            found = rows.count(pool, relation, view, exactly=exactly)
        except PipelineError:
            return "", None, {"display": "none"}  # the rows' callback says why
        is_exact = found.kind == "exact"
        style = {"display": "none"} if is_exact else {}
        return _count_text(found), found.rows if is_exact else None, style

    in_browser(app, "knowRowCount", Output("dados-total", "title"), Input("dados-linhas", "data"))


def _count_text(count: rows.Count) -> str:
    if count.kind == "unknown":
        return "muitas linhas (contar demorou demais)"
    before = "" if count.kind == "exact" else "cerca de "
    return f"{before}{formats.number(count.rows)} {'linha' if count.rows == 1 else 'linhas'}"


def _register_row(app: dash.Dash, pool: ReadPool) -> None:
    @app.callback(
        Output("dados-linha", "opened"),
        Output("dados-linha", "children"),
        Input("dados-grade", "selectedRows"),
        State("dados-atual", "data"),
        prevent_initial_call=True,
    )
    def open_row(selected: list[dict[str, Any]] | None, now: Any) -> tuple[Any, Any]:
        if not selected:
            return no_update, no_update
        return True, parts.guarded(lambda: _row(pool, _existing(pool, now), selected[0]))


def _row(pool: ReadPool, relation: Relation, row: dict[str, Any]) -> list[Any]:
    """Show one row whole: its values with their meaning, then the file and line it comes from."""
    values = [
        [html.Span(column.name, title=column.description), row.get(column.name) or "nulo"]
        for column in relation.columns
    ]
    content: list[Any] = [parts.table(["Coluna", "Valor"], values, "Valores da linha")]
    if relation.has_lines:
        content += _lineage(pool, row)
    return content


def _lineage(pool: ReadPool, row: dict[str, Any]) -> list[Any]:
    try:
        place = [int(row[name]) for name in catalog.LINE]
    except (KeyError, TypeError, ValueError):
        return []
    found = provenance.of_row(pool, *place)
    if found is None:
        return [dmc.Alert("A linha publicada já não está no banco.", color="yellow")]
    file, published = found
    facts = [[name, html.Span(value, className="quebra")] for name, value in _facts(file, place[2])]
    hidden = NAMES if names_are_hidden() else frozenset()
    fields = [
        [name, html.Code(value)]
        for name, value in published.items()
        if isinstance(value, str) and name not in hidden
    ]
    return [
        parts.section("De onde vem", parts.table(["", ""], facts, "Arquivo de origem")),
        parts.section(
            "Como foi publicada", parts.table(["Campo", "Texto"], fields, "Campos publicados")
        ),
    ]


def _facts(file: Row, line: int) -> list[tuple[str, Any]]:
    facts = [("Linha", formats.number(line)), *provenance.facts(file)]
    if file["publicada"] is not None and not names_are_hidden():
        facts.append(("Publicada deslocada, assim", file["publicada"]))
    return facts


def _existing(pool: ReadPool, now: Any) -> Relation:
    name = str(_said(now, "tabela"))
    relation = catalog.find_relation(pool, name)
    if relation is None:
        raise filters.FilterError(f"a tabela {name[:120]!r} já não existe. Recarregue a página")
    return shown(relation)


def _said(now: Any, name: str) -> Any:
    """Return what the browser says of the page; a store may hold anything."""
    return now.get(name) if isinstance(now, dict) else None


def _first(relations: list[Relation]) -> str:
    names = [relation.full_name for relation in relations]
    return next((name for name in PREFERRED if name in names), names[0] if names else "")
