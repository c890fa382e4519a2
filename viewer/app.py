"""The Dash application: the frame around the pages, the way from an address to a page, health.

Nothing is connected, read or registered on import. Everything the browser loads comes from this
process; the Content-Security-Policy makes the browser refuse anything else.
"""

from __future__ import annotations

import logging
from types import ModuleType
from typing import Any

import dash
import dash_mantine_components as dmc
import flask
from dash import Input, Output, dcc, html

from pipeline.errors import PipelineError
from pipeline.settings import Settings
from viewer import address, downloads, parts
from viewer.browser import in_browser
from viewer.pages import (
    body,
    company,
    compare,
    contract,
    data,
    home,
    quality,
    records,
    run_page,
    runs,
)
from viewer.pool import ReadPool

logger = logging.getLogger(__name__)

PAGES: tuple[ModuleType, ...] = (
    home,
    data,
    compare,
    company,
    body,
    contract,
    quality,
    runs,
    records,
)
NAME = "Terceirizados"
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'self'"
)
INDEX = """<!DOCTYPE html>
<html lang="pt-BR">
  <head>
    {%metas%}
    <title>{%title%}</title>
    <link rel="icon" type="image/svg+xml" href="/assets/favicon.svg">
    <script>
      document.documentElement.setAttribute("data-mantine-color-scheme",
        localStorage.getItem("mantine-color-scheme-value") || "light");
    </script>
    {%css%}
  </head>
  <body>
    <noscript>Estas páginas precisam de JavaScript.</noscript>
    {%app_entry%}
    <footer>{%config%}{%scripts%}{%renderer%}</footer>
  </body>
</html>
"""
THEME = {
    "primaryColor": "teal",
    "defaultRadius": "md",
    "fontFamily": "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
    "headings": {"fontWeight": "650"},
}


def create_app(settings: Settings) -> dash.Dash:
    """Build the application; the database is first asked when a page is opened."""
    pool = ReadPool(settings)
    app = dash.Dash(
        __name__,
        title=NAME,
        update_title="",
        serve_locally=True,
        use_pages=False,
        pages_folder="",
        enable_mcp=False,
        suppress_callback_exceptions=True,
        index_string=INDEX,
        meta_tags=[
            {"name": "viewport", "content": "width=device-width, initial-scale=1"},
            {"name": "color-scheme", "content": "light dark"},
        ],
    )
    app.server.config[run_page.PREFECT_UI] = settings.prefect_ui
    app.layout = _frame()
    _register_router(app, pool)
    for page in PAGES:
        page.register(app, pool)
    downloads.register(app.server, pool)
    _register_health(app.server, pool)
    app.server.after_request(_protect)
    return app


def _frame() -> dmc.MantineProvider:
    header = html.Header(
        [
            dcc.Link([html.Span(className="marca"), NAME], href="/", className="nome"),
            html.Nav(id="navegacao", **parts.aria(label="Páginas")),
            dmc.Switch(id="ocultar-nomes", label="Ocultar nomes", size="sm", checked=False),
            dmc.ColorSchemeToggle(
                lightIcon="☀",
                darkIcon="☾",
                variant="default",
                size="lg",
                **parts.aria(label="Trocar entre claro e escuro"),
            ),
        ],
        className="cabecalho",
    )
    return dmc.MantineProvider(
        [
            dcc.Location(id="endereco", refresh="callback-nav"),
            dcc.Store(id="titulo"),
            html.A("Ir para o conteúdo", href="#conteudo", className="pular"),
            header,
            html.Main(id="conteudo", className="pagina", tabIndex="-1"),
        ],
        theme=THEME,
        defaultColorScheme="light",
    )


def _register_router(app: dash.Dash, pool: ReadPool) -> None:
    @app.callback(
        Output("conteudo", "children"),
        Output("navegacao", "children"),
        Output("titulo", "data"),
        Input("endereco", "pathname"),
        Input("endereco", "search"),
    )
    def show(path: str | None, search: str | None) -> tuple[Any, Any, str]:
        page = next((page for page in PAGES if (path or "/") == page.PATH), None)
        if page is None:
            return _not_found(path or ""), _links(None), f"Não encontrada · {NAME}"
        parameters = address.read((search or "").removeprefix("?"))
        content = parts.guarded(lambda: page.layout(pool, parameters))
        return content, _links(page), f"{page.TITLE} · {NAME}"

    in_browser(
        app, "hideNames", Output("ocultar-nomes", "error"), Input("ocultar-nomes", "checked")
    )
    in_browser(app, "showSwitch", Output("ocultar-nomes", "checked"), Input("titulo", "data"))
    in_browser(app, "setTitle", Output("titulo", "modified_timestamp"), Input("titulo", "data"))


def _links(current: ModuleType | None) -> list[dcc.Link]:
    return [
        dcc.Link(page.TITLE, href=page.PATH, className="atual" if page is current else "")
        for page in PAGES
    ]


def _not_found(path: str) -> Any:
    return dmc.Alert(
        ["Não há página em ", dmc.Code(path[:200]), ". ", dcc.Link("Voltar ao início", href="/")],
        title="Página não encontrada",
        color="yellow",
    )


def _register_health(server: flask.Flask, pool: ReadPool) -> None:
    @server.get("/healthz")
    def health() -> tuple[flask.Response, int]:
        try:
            pool.check()
        except PipelineError as error:
            return flask.jsonify(estado="erro", banco=str(error)), 503
        return flask.jsonify(estado="ok", banco="ok"), 200


def _protect(response: flask.Response) -> flask.Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
