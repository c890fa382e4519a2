"""The completeness board: every release since 2019 by year and month, and how it stands."""

from __future__ import annotations

from datetime import date
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import address, calendar, formats, links, overview, parts
from viewer.pool import ReadPool, Row
from viewer.releases import Release
from viewer.state import label

FIRST_YEAR = 2019
TEXTS = {"missing": "não capturada", "future": "—"}
COUNTED: dict[calendar.Standing, tuple[str, str]] = {
    "failed": ("com falha", "com falha"),
    "missing": ("não capturada", "não capturadas"),
    "overdue": ("atrasada", "atrasadas"),
    "awaited": ("esperada", "esperadas"),
}
"""What is counted beside the captured ones: the words for one, and for more."""


def content(pool: ReadPool, files: list[Row]) -> html.Section:
    """Show the board; `files` are the captured ones, newest first, at least one."""
    failed = overview.failed_captures(pool)
    today: date = overview.dates(pool)["today"]
    captured = {(file["ano"], file["mes"]): file for file in files}
    months = sorted({*calendar.MONTHS, *(month for _, month in captured)})
    years = range(max(today.year, files[0]["ano"]), min(FIRST_YEAR, files[-1]["ano"]) - 1, -1)

    def cell(release: Release) -> Any:
        how = calendar.standing(release, captured, failed, today)
        return _cell(release, how, captured.get(release), failed.get(release))

    rows = [
        [dmc.Text(str(year), fw=600), *(cell((year, month)) for month in months)] for year in years
    ]
    heads = ["Ano", *(formats.MONTHS[month - 1].capitalize() for month in months)]
    standings = [
        calendar.standing((year, month), captured, failed, today)
        for year in years
        for month in calendar.MONTHS
    ]
    return parts.section(
        "Versões",
        dmc.Text(_summary(standings, len(captured)), size="sm", c="dimmed", mb="xs"),
        html.Div(parts.table(heads, rows, "Versões por ano e mês"), className="quadro"),
    )


def _summary(standings: list[calendar.Standing], captured: int) -> str:
    text = f"{formats.number(captured)} {'capturada' if captured == 1 else 'capturadas'}"
    for standing, words in COUNTED.items():
        if number := standings.count(standing):
            text += f", {formats.number(number)} {words[number > 1]}"
    return f"{text}. O número é o das linhas carregadas e leva a elas."


def _cell(release: Release, how: calendar.Standing, file: Row | None, failure: Row | None) -> Any:
    late = [_failure(failure, "última tentativa falhou")] if failure and file else []
    if file:
        return html.Span([_captured(release, file), *_set_aside(release, file), *late])
    if failure:
        return _failure(failure, f"falhou em {formats.moment(failure['fim'])[:10]}")
    if how == "overdue":
        text = f"atrasada desde {formats.day(calendar.overdue_from(release))}"
    elif how == "awaited":
        text = f"esperada até {formats.day(calendar.awaited_until(release))}"
    else:
        text = TEXTS[how]
    return html.Span(text, className=f"versao {how}")


def _captured(release: Release, file: Row) -> dcc.Link:
    return dcc.Link(
        formats.number(file["linhas_carregadas"]),
        href=links.rows("public.historic_raw", release=release),
        title=f"{file['arquivo']}, capturado em {formats.moment(file['capturado_em'])}",
        className="versao captured",
    )


def _set_aside(release: Release, file: Row) -> list[dcc.Link]:
    if not file["linhas_separadas"]:
        return []
    text = f"{formats.number(file['linhas_separadas'])} à parte"
    href = address.to("/qualidade", {"parte": "separadas", "versao": label(release)})
    return [dcc.Link(text, href=href, className="aparte")]


def _failure(failure: Row, text: str) -> dcc.Link:
    return dcc.Link(text, href=links.run(failure["execucao_id"]), className="versao failed")
