"""Panorama: how new the data are, how many people and how much money, who is largest.

`versao` in the address chooses the release of the lists of the largest, `por` what they go by.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import calendar, charts, formats, links, overview, parts
from viewer.address import Asked
from viewer.pages import controls, home_board, home_largest
from viewer.pool import ReadPool, Row

PATH = "/"
TITLE = "Panorama"
COMMANDS = {
    "Captura dos Dados": "python run/capture.py",
    "Materialização dos Dados": "python run/materialize.py",
}
PEOPLE_GRAPH = "panorama-pessoas"
COST_GRAPH = "panorama-custo"


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the page; raises what the pool raises when the database does not answer."""
    asked = Asked(parameters)
    files = overview.files(pool)
    runs = parts.section("Últimas execuções", _runs(overview.last_runs(pool)))
    heading = parts.heading(
        "Terceirizados de órgãos federais",
        "Quem trabalha para o governo federal por meio de empresas, segundo a CGU.",
    )
    if not files:
        return [heading, _nothing_captured(), runs]
    largest = parts.guarded(lambda: home_largest.content(pool, asked, files))
    return [
        heading,
        *controls.notices(asked.problems),
        _freshness(pool, files[0]),
        html.Div(parts.guarded(lambda: _figures(pool, files)), className="pagina parte"),
        html.Div(largest, className="pagina parte"),
        home_board.content(pool, files),
        runs,
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the lists' choices into the address, a point of a chart to its rows."""
    controls.follow(app, "panorama", "versao", "por")
    charts.lead_on(app, PEOPLE_GRAPH)
    charts.lead_on(app, COST_GRAPH)


def _nothing_captured() -> dmc.Paper:
    return parts.empty(
        "Nada foi capturado ainda. Para baixar a versão mais nova e montar as tabelas, rode:",
        *COMMANDS.values(),
    )


def _freshness(pool: ReadPool, file: Row) -> html.Section:
    """Say which release is the newest, when the portal was looked at, when the next is due."""
    dates = overview.dates(pool)
    coming = calendar.following((file["ano"], file["mes"]))
    is_late = dates["today"] >= calendar.overdue_from(coming)
    until = formats.day(calendar.awaited_until(coming))
    late_days = (dates["today"] - calendar.awaited_until(coming)).days
    look = f"portal lido em {formats.moment(dates['last_look'])}" if dates["last_look"] else ""
    return parts.section(
        "Atualidade",
        dmc.SimpleGrid(
            [
                parts.card(
                    "Versão mais nova",
                    formats.release(file["ano"], file["mes"]),
                    f"{formats.number(file['linhas_carregadas'])} registros, "
                    f"{formats.money(file['soma_custo'], is_short=True)} por mês, "
                    f"em {file['arquivo']}",
                ),
                parts.card("Capturada em", formats.moment(file["capturado_em"]), look),
                parts.card(
                    "Próxima versão",
                    formats.release(*coming),
                    f"atrasada há {formats.number(late_days)} dias: era esperada até {until}"
                    if is_late
                    else f"esperada até {until}",
                    is_warning=is_late,
                ),
            ],
            cols={"base": 1, "sm": 3},
        ),
        *_warnings(file),
    )


def _warnings(file: Row) -> list[dmc.Alert]:
    if not file["avisos"]:
        return []
    return [
        dmc.Alert(
            file["avisos"], title="Avisos da leitura", color="yellow", mt="md", className="linhas"
        )
    ]


def _figures(pool: ReadPool, files: list[Row]) -> list[Any]:
    """Show the newest release's totals, and both over time."""
    releases = overview.releases(pool)
    if not releases:
        return [parts.not_materialized()]
    return [*_stale(files[0], releases[-1]), _totals(releases), _over_time(releases)]


def _stale(file: Row, newest: Row) -> list[dmc.Alert]:
    if (file["ano"], file["mes"]) == (newest["ano"], newest["mes"]):
        return []
    name = formats.release(file["ano"], file["mes"])
    return [
        dmc.Alert(
            [
                f"A versão de {name} foi capturada, mas ainda não está nas tabelas. Rode: ",
                dmc.Code("python run/historic_materialize.py"),
            ],
            color="yellow",
        )
    ]


def _totals(releases: list[Row]) -> html.Section:
    now, before = releases[-1], releases[-2] if len(releases) > 1 else None
    name = formats.release(now["ano"], now["mes"])

    def since(column: str) -> str:
        if before is None or not (change := formats.change(now[column], before[column])):
            return ""
        return f"{change} desde {formats.release(before['ano'], before['mes'])}"

    cost = now["custo_total"] or Decimal(0)
    return parts.section(
        f"Em {name}",
        dmc.SimpleGrid(
            [
                parts.card("Pessoas", formats.number(now["pessoas"]), since("pessoas")),
                parts.card(
                    "Custo por mês", formats.money(cost, is_short=True), since("custo_total")
                ),
                parts.card(
                    "Custo mediano por pessoa",
                    _money(now["custo_mediano"]),
                    f"salário mediano {_money(now['salario_mediano'])}",
                ),
                parts.card("Custo mediano por hora", _money(now["custo_hora_mediano"])),
                parts.card("Empresas", formats.number(now["empresas"])),
                parts.card(
                    "Órgãos",
                    formats.number(now["orgaos"]),
                    f"{formats.number(now['contratos'])} contratos",
                ),
            ],
            cols={"base": 2, "sm": 3, "lg": 6},
        ),
    )


def _over_time(releases: list[Row]) -> html.Section:
    axis = charts.Axis(
        [row["data_referencia"] for row in releases],
        [_rows(row) for row in releases],
        [row["data_referencia"] for row in releases if row["orgaos_sem_informar"]],
    )
    people = charts.over_time(
        PEOPLE_GRAPH,
        axis,
        [("Pessoas", [row["pessoas"] for row in releases])],
        "Pessoas em cada versão; os números estão na tabela abaixo",
    )
    cost = charts.over_time(
        COST_GRAPH,
        axis,
        [("Custo por mês", [row["custo_total"] for row in releases])],
        "Custo por mês em cada versão; os números estão na tabela abaixo",
        "R$ ",
    )
    return parts.section(
        "Ao longo do tempo",
        dmc.SimpleGrid(
            [_titled("Pessoas", people), _titled("Custo por mês", cost)],
            cols={"base": 1, "md": 2},
        ),
        _coverage(releases),
        html.Details(
            [html.Summary("Os mesmos números em tabela"), _table(releases)], className="mais"
        ),
    )


def _titled(title: str, chart: html.Div) -> html.Figure:
    return html.Figure([html.Figcaption(title), chart], className="grafico")


def _coverage(releases: list[Row]) -> html.P:
    """Name the releases that some bodies sent nothing to, each leading to those bodies."""
    found = [row for row in releases if row["orgaos_sem_informar"]]
    if not found:
        text = "Cobertura: todo órgão está em todas as versões entre a sua primeira e a última."
        return html.P(text, className="nota")
    names: list[Any] = []
    for row in found:
        release = (row["ano"], row["mes"])
        text = f"{formats.release(*release)} ({formats.number(row['orgaos_sem_informar'])})"
        names += [", " if names else "", dcc.Link(text, href=_gaps(row))]
    return html.P(
        [
            html.Strong("Cobertura: "),
            "nestas versões (círculos vazados) faltam órgãos que informaram antes e depois; uma "
            "queda ali não é um corte: ",
            *names,
            ".",
        ],
        className="nota",
    )


def _table(releases: list[Row]) -> Any:
    heads = (
        "Versão", "Pessoas", "Registros", "Custo por mês", "Salário mediano", "Custo mediano",
        "Custo/hora mediano", "Órgãos", "Empresas", "Contratos", "Órgãos sem informar",
    )  # fmt: skip
    rows = [
        [
            dcc.Link(formats.release(row["ano"], row["mes"]), href=_rows(row)),
            formats.number(row["pessoas"]),
            formats.number(row["linhas"]),
            _money(row["custo_total"]),
            _money(row["salario_mediano"]),
            _money(row["custo_mediano"]),
            _money(row["custo_hora_mediano"]),
            formats.number(row["orgaos"]),
            formats.number(row["empresas"]),
            formats.number(row["contratos"]),
            dcc.Link(formats.number(row["orgaos_sem_informar"]), href=_gaps(row))
            if row["orgaos_sem_informar"]
            else "0",
        ]
        for row in reversed(releases)
    ]
    return html.Div(parts.table(heads, rows, "Totais de cada versão"), className="numeros")


def _rows(row: Row) -> str:
    return links.rows(links.HISTORY, release=(row["ano"], row["mes"]))


def _gaps(row: Row) -> str:
    later = {"filterType": "date", "type": "greaterThan", "dateFrom": str(row["data_referencia"])}
    release = (row["ano"], row["mes"])
    return links.rows("marts.cobertura", filters={"ultima_versao": later}, release=release)


def _money(value: Decimal | None) -> str:
    return "—" if value is None else formats.money(value)


def _runs(runs: dict[str, Row]) -> dmc.SimpleGrid:
    names = [*COMMANDS, *(name for name in runs if name not in COMMANDS)]
    cards = [_run(runs[name]) if name in runs else _never_ran(name) for name in names]
    return dmc.SimpleGrid(cards, cols={"base": 1, "sm": 2})


def _never_ran(name: str) -> dmc.Paper:
    return dmc.Paper(
        [dmc.Text(name, fw=600), dmc.Text("Ainda não rodou.", size="sm"), dmc.Code(COMMANDS[name])],
        p="md",
        withBorder=True,
    )


def _run(run: Row) -> dmc.Paper:
    took = formats.duration(run["fim"] - run["inicio"]) if run["fim"] else "sem fim ainda"
    message = (
        [dmc.Text(run["mensagem"], size="sm", mt=4, className="linhas", lineClamp=4)]
        if run["mensagem"]
        else []
    )
    return dmc.Paper(
        [
            dmc.Group(
                [
                    dcc.Link(run["flow"], href=links.run(run["execucao_id"])),
                    parts.state(run["estado"]),
                ],
                justify="space-between",
            ),
            dmc.Text(f"{formats.moment(run['inicio'])} · {took}", size="sm", c="dimmed"),
            *message,
        ],
        p="md",
        withBorder=True,
    )
