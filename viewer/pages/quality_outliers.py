"""Rows that call for a look, with the reason: how many of each, then each of them."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import formats, links, parts, quality
from viewer.address import Asked
from viewer.pages import controls
from viewer.pages.quality_nulls import release_heads
from viewer.pool import ReadPool, Row
from viewer.privacy import person
from viewer.quality import Window
from viewer.releases import Release

PATH = "/qualidade"
TABLE = "marts.fora_da_curva"
ROWS_A_PAGE = 50
HEADS = (
    "Versão",
    "Motivo",
    "Custo",
    "Salário",
    "Custo ÷ salário",
    "Horas",
    "Pessoa",
    "Ocupação",
    "Empresa",
    "Órgão",
)


def content(pool: ReadPool, asked: Asked, release: Release | None) -> list[Any]:
    """Show the outliers of all releases, or of one; narrowed by a reason."""
    everything = quality.outlier_counts(pool)
    counts = [row for row in everything if release in {None, (row["ano"], row["mes"])}]
    reasons = sorted({row["motivo"] for row in everything})
    reason = asked.one_of("motivo", reasons, "motivo")
    if not counts:
        return [parts.empty("Nenhuma linha pede conferência.")]
    total = quality.count_outliers(pool, release, reason)
    page = controls.clamped(asked.number("pagina"), total, ROWS_A_PAGE)
    found = quality.outliers(pool, release, reason, Window(page, ROWS_A_PAGE))
    window = (page, ROWS_A_PAGE, total)
    return [
        dmc.Text(
            "Linhas que pedem conferência; os valores ficam como foram publicados. Uma linha pode "
            "ter mais de um motivo.",
            size="sm",
        ),
        _counts(counts, reasons),
        html.Div(
            [
                controls.choice(
                    "qualidade-motivo", "Motivo", [(one, one) for one in reasons], reason, "todos"
                ),
                dcc.Link("Ver todas na grade →", href=_grid(release, reason), className="grade"),
            ],
            className="controles",
        ),
        html.Div(
            parts.table(HEADS, [_row(row) for row in found], "Linhas fora da curva"),
            className="foras",
        ),
        controls.pages(PATH, asked.kept, window, ("linha", "linhas")),
    ]


def _counts(counts: list[Row], reasons: list[str]) -> html.Div:
    numbers = {(row["ano"], row["mes"], row["motivo"]): row["linhas"] for row in counts}
    releases = sorted({(row["ano"], row["mes"]) for row in counts})
    body = [
        html.Tr(
            [
                html.Th(_capital(reason), scope="row"),
                *(_count(numbers.get((*one, reason), 0), one, reason) for one in releases),
            ]
        )
        for reason in reasons
    ]
    table = html.Table(
        [release_heads("Motivo", releases), html.Tbody(body)],
        className="calor",
        **parts.aria(label="Linhas fora da curva por motivo e versão"),
    )
    return html.Div(table, className="rolagem", tabIndex=0)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _count(number: int, release: Release, reason: str) -> html.Td:
    text = formats.number(number)
    if not number:
        return html.Td(text, className="nenhum")
    return html.Td(dcc.Link(text, href=_grid(release, reason)))


def _grid(release: Release | None, reason: str) -> str:
    equal = {"ano": release[0], "mes": release[1]} if release else {}
    contains = {"filterType": "text", "type": "contains", "filter": reason}
    return links.rows(TABLE, equal, filters={"motivo": contains} if reason else None)


def _row(row: Row) -> list[Any]:
    line = {name: row[name] for name in ("ano", "mes", "linha_origem")}
    release = html.Span(formats.release(row["ano"], row["mes"]), className="quando")
    company = row["razao_social_empresa"] or "—"
    return [
        dcc.Link(release, href=links.rows(links.HISTORY, line)),
        row["motivo"].replace("; ", ";\n"),
        _money(row["custo_mensal"]),
        _money(row["salario_mensal"]),
        "—" if row["razao_custo_salario"] is None else formats.number(row["razao_custo_salario"]),
        _hours(row["quantidade_horas_semanais"]),
        person(row["nome"]),
        row["categoria_profissional"] or "—",
        dcc.Link(company, href=links.company(row["cnpj_empresa"]))
        if row["cnpj_empresa"]
        else company,
        row["nome_orgao_trabalho"] or "—",
    ]


def _money(value: Any) -> html.Span:
    return html.Span("—" if value is None else formats.money(value), className="quando")


def _hours(value: Any) -> str:
    return "—" if value is None else formats.number(value.normalize() + 0)
