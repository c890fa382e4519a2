"""Lines that were not loaded as they were published: set aside with a reason, or repaired."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import address, formats, links, parts, quality
from viewer.address import Asked
from viewer.pages import controls
from viewer.pool import ReadPool, Row
from viewer.privacy import NAMES, names_are_hidden, person
from viewer.quality import Window
from viewer.releases import Release
from viewer.state import label

PATH = "/qualidade"
LINES_A_PAGE = 50
REPAIRS_A_PAGE = 5
LONGEST_LINE = 4_000
LINEAGE = frozenset({"ano", "mes", "arquivo_origem", "linha_origem", "reparado"})
HIDDEN = "(conteúdo oculto: pode trazer nomes)"


def set_aside(pool: ReadPool, asked: Asked, release: Release | None) -> list[Any]:
    """Show the lines that could not be read: how many for each reason, then each of them."""
    everything = quality.set_aside_counts(pool)
    counts = [row for row in everything if release in {None, (row["ano"], row["mes"])}]
    reasons = sorted({row["motivo"] for row in everything})
    reason = asked.one_of("motivo", reasons, "linha separada por")
    if not counts:
        return [parts.empty("Nenhuma linha foi separada: todas puderam ser lidas.")]
    total = sum(row["linhas"] for row in counts if reason in {"", row["motivo"]})
    page = controls.clamped(asked.number("pagina"), total, LINES_A_PAGE)
    lines = quality.set_aside(pool, release, reason, Window(page, LINES_A_PAGE))
    window = (page, LINES_A_PAGE, total)
    return [
        parts.table(
            ("Versão", "Motivo", "Linhas"),
            [_count(row) for row in counts],
            "Linhas separadas por versão e motivo",
        ),
        html.Div(
            controls.choice(
                "qualidade-motivo", "Motivo", [(one, one) for one in reasons], reason, "todos"
            ),
            className="controles",
        ),
        html.Ol([_line(line) for line in lines], className="publicadas"),
        controls.pages(PATH, asked.kept, window, ("linha separada", "linhas separadas")),
    ]


def _count(row: Row) -> list[Any]:
    version = label((row["ano"], row["mes"]))
    query = {"parte": "separadas", "versao": version, "motivo": row["motivo"]}
    return [
        formats.release(row["ano"], row["mes"]),
        dcc.Link(row["motivo"], href=address.to(PATH, query)),
        formats.number(row["linhas"]),
    ]


def _line(line: Row) -> html.Li:
    return html.Li(
        [
            html.Div([_place(line), html.Strong(line["motivo"])], className="onde"),
            html.Pre(_published(line["conteudo"])),
        ]
    )


def _place(line: Row) -> html.Span:
    place = (
        f"{formats.release(line['ano'], line['mes'])}, {line['arquivo']}, "
        f"linha {formats.number(line['linha'])}"
    )
    run = line["execucao_id"]
    link: list[Any] = [" · ", dcc.Link("captura", href=links.run(run))] if run else []
    return html.Span([place, *link])


def _published(text: str) -> str:
    """Write a line as it was published; it holds a person's name somewhere."""
    if names_are_hidden():
        return HIDDEN
    if len(text) > LONGEST_LINE:
        return f"{text[:LONGEST_LINE]}… ({formats.number(len(text))} caracteres)"
    return text


def repaired(pool: ReadPool, asked: Asked, release: Release | None) -> list[Any]:
    """Show the lines that were realigned: as published, and the columns made of them."""
    total = quality.count_repairs(pool, release)
    counted = quality.overview(pool, release)["reparadas"]
    if not total:
        return [parts.empty(_no_repairs(counted))]
    page = controls.clamped(asked.number("pagina"), total, REPAIRS_A_PAGE)
    found = quality.repairs(pool, release, Window(page, REPAIRS_A_PAGE))
    window = (page, REPAIRS_A_PAGE, total)
    return [
        dmc.Text(
            "Estas linhas foram publicadas com campos fora do lugar e foram realinhadas: o que a "
            "CGU publicou, e o que foi carregado.",
            size="sm",
        ),
        *(_repair(published, row) for published, row in found),
        controls.pages(PATH, asked.kept, window, ("linha reparada", "linhas reparadas")),
    ]


def _no_repairs(counted: int) -> str:
    if not counted:
        return "Nenhuma linha precisou de reparo."
    return (
        f"{formats.number(counted)} linhas foram reparadas, mas capturadas por uma versão que não "
        "guardava a linha publicada. Recapture com python run/historic_capture.py --refresh."
    )


def _repair(published: Row, row: Row) -> dmc.Paper:
    values = [
        html.Div([html.Dt(name), html.Dd(person(value) if name in NAMES else value)])
        for name, value in row.items()
        if name not in LINEAGE and value
    ]
    gone = dmc.Text("A linha já não está nas tabelas.", size="sm", c="dimmed")
    return dmc.Paper(
        [
            html.Div(_place(published), className="onde"),
            dmc.Title("Como foi publicada", order=3, size="h6"),
            html.Pre(_published(published["conteudo"])),
            dmc.Title("Depois do reparo", order=3, size="h6"),
            html.Dl(values, className="campos") if values else gone,
        ],
        p="md",
        withBorder=True,
        className="publicadas reparo",
    )
