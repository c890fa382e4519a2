"""Início: what the database holds of the newest release, and how the last runs ended."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import formats, links, parts, queries
from viewer.pool import ReadPool, Row

PATH = "/"
TITLE = "Início"
RELEASE_MONTHS = (1, 5, 9)
FIRST_YEAR = 2019
COMMANDS = {
    "Captura dos Dados": "python run/capture.py",
    "Materialização dos Dados": "python run/materialize.py",
}


def layout(pool: ReadPool, _parameters: dict[str, str]) -> list[Any]:
    """Build the page; raises what the pool raises when the database does not answer."""
    files = queries.captured_files(pool)
    runs = queries.last_runs(pool)
    return [
        parts.heading(
            "Terceirizados de órgãos federais",
            "Quem trabalha para o governo federal por meio de empresas, segundo a CGU.",
        ),
        _newest(pool, files[0]) if files else _nothing_captured(),
        parts.section("Últimas execuções", _runs(runs)),
        *([_board(files)] if files else []),
        html.Div(parts.guarded(lambda: _costliest(pool))),
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add nothing: this page has no callbacks."""


def _nothing_captured() -> dmc.Paper:
    return parts.empty(
        "Nada foi capturado ainda. Para baixar a versão mais nova e montar as tabelas, rode:",
        *COMMANDS.values(),
    )


def _newest(pool: ReadPool, file: Row) -> html.Section:
    name = formats.release(file["ano"], file["mes"])
    return parts.section(
        "Versão mais nova",
        dmc.SimpleGrid(
            [
                parts.card("Referência", name, file["arquivo"]),
                parts.card(
                    "Linhas carregadas",
                    formats.number(file["linhas_carregadas"]),
                    f"{formats.number(file['linhas_separadas'])} separadas, "
                    f"{formats.number(file['linhas_reparadas'])} reparadas",
                ),
                *_totals(pool, file),
                parts.card(
                    "Capturada em", formats.moment(file["capturado_em"]), "horário de Brasília"
                ),
            ],
            cols={"base": 1, "xs": 2, "lg": 5},
            spacing="md",
        ),
        *(
            [
                dmc.Alert(
                    file["avisos"],
                    title="Avisos da leitura",
                    color="yellow",
                    mt="md",
                    className="linhas",
                )
            ]
            if file["avisos"]
            else []
        ),
    )


def _totals(pool: ReadPool, file: Row) -> list[dmc.Paper]:
    totals = queries.newest_totals(pool)
    if not totals or not totals["linhas"]:
        return [
            parts.card("Pessoas", "—", "rode python run/materialize.py"),
            parts.card("Custo por mês", "—", "rode python run/materialize.py"),
        ]
    is_same = (totals["ano"], totals["mes"]) == (file["ano"], file["mes"])
    note = "" if is_same else f"de {formats.release(totals['ano'], totals['mes'])}; materialize"
    return [
        parts.card(
            "Pessoas", formats.number(totals["pessoas"]), note or "CPF mascarado e nome distintos"
        ),
        parts.card(
            "Custo por mês",
            formats.money(totals["custo"] or Decimal(0), is_short=True),
            note or formats.money(totals["custo"] or Decimal(0)),
        ),
    ]


def _runs(runs: dict[str, Row]) -> dmc.SimpleGrid:
    names = [*COMMANDS, *(name for name in runs if name not in COMMANDS)]
    cards = [_run(runs[name]) if name in runs else _never_ran(name) for name in names]
    return dmc.SimpleGrid(cards, cols={"base": 1, "sm": 2}, spacing="md")


def _never_ran(name: str) -> dmc.Paper:
    return dmc.Paper(
        [dmc.Text(name, fw=600), dmc.Text("Ainda não rodou.", size="sm"), dmc.Code(COMMANDS[name])],
        p="md",
        withBorder=True,
    )


def _run(run: Row) -> dmc.Paper:
    return dmc.Paper(
        [
            dmc.Group(
                [
                    dcc.Link(
                        run["flow"], href=f"/execucoes?{urlencode({'id': run['execucao_id']})}"
                    ),
                    parts.state(run["estado"]),
                ],
                justify="space-between",
            ),
            dmc.Text(
                f"{formats.moment(run['inicio'])} · "
                + (formats.duration(run["fim"] - run["inicio"]) if run["fim"] else "sem fim ainda"),
                size="sm",
                c="dimmed",
            ),
            *(
                [dmc.Text(run["mensagem"], size="sm", mt=4, className="linhas", lineClamp=4)]
                if run["mensagem"]
                else []
            ),
        ],
        p="md",
        withBorder=True,
    )


def _board(files: list[Row]) -> html.Section:
    """Show which of the three releases of each year are in the tables."""
    by_release = {(file["ano"], file["mes"]): file for file in files}
    months = sorted({*RELEASE_MONTHS, *(file["mes"] for file in files)})
    years = range(files[0]["ano"], min(FIRST_YEAR, files[-1]["ano"]) - 1, -1)
    newest = (files[0]["ano"], files[0]["mes"])
    rows = [
        [
            dmc.Text(str(year), fw=600),
            *(
                _release_cell(by_release.get((year, month)), (year, month) > newest)
                for month in months
            ),
        ]
        for year in years
    ]
    heads = ["Ano", *(formats.MONTHS[month - 1].capitalize() for month in months)]
    expected = {(year, month) for year in years for month in RELEASE_MONTHS} | by_release.keys()
    due = sum(release <= newest for release in expected)
    text = f"{len(files)} de {due} versões até a mais nova, com as linhas de cada uma."
    return parts.section(
        "Versões capturadas",
        dmc.Text(text, size="sm", c="dimmed", mb="xs"),
        html.Div(parts.table(heads, rows, "Versões capturadas por ano"), className="quadro"),
    )


def _release_cell(file: Row | None, is_future: bool) -> html.Span:
    if file:
        title = f"{file['arquivo']}, capturado em {formats.moment(file['capturado_em'])}"
        return html.Span(
            formats.number(file["linhas_carregadas"]), className="versao capturada", title=title
        )
    text = "ainda não" if is_future else "não capturada"
    return html.Span(text, className="versao futura" if is_future else "versao falta")


def _costliest(pool: ReadPool) -> list[Any]:
    bodies = queries.costliest_bodies(pool)
    if not bodies:
        return []
    return [
        parts.section(
            "Órgãos de maior custo por mês",
            dmc.Text(
                "Os dez maiores da versão mais nova; o nome leva às linhas.",
                size="sm",
                c="dimmed",
                mb="xs",
            ),
            parts.bars([_bar(body) for body in bodies], "Órgãos de maior custo por mês"),
        )
    ]


def _bar(body: Row) -> tuple[str, float, str, str]:
    href = links.rows(queries.PEOPLE_TABLE, {"nome_orgao_trabalho": body["orgao"]})
    return body["orgao"], float(body["custo"]), formats.money(body["custo"], is_short=True), href
