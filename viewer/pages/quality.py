"""Qualidade: what was read, what was left out, what was tested, what calls for a look.

One part at a time (`parte` in the address); the release (`versao`) stays from part to part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import address, checks, formats, parts, quality
from viewer.address import Asked
from viewer.pages import (
    controls,
    quality_checks,
    quality_ledger,
    quality_lines,
    quality_nulls,
    quality_outliers,
)
from viewer.pool import ReadPool
from viewer.releases import Release, releases

PATH = "/qualidade"
TITLE = "Qualidade"
Content = Callable[[ReadPool, Asked, "Release | None"], list[Any]]
PARTS: dict[str, tuple[str, Content]] = {
    "arquivos": ("Arquivos", quality_ledger.content),
    "separadas": ("Linhas separadas", quality_lines.set_aside),
    "reparadas": ("Linhas reparadas", quality_lines.repaired),
    "testes": ("Testes", quality_checks.content),
    "nulos": ("Nulos", quality_nulls.content),
    "fora": ("Fora da curva", quality_outliers.content),
}
WITHOUT_RELEASE = frozenset({"testes"})


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build one part under the list of all."""
    heading = parts.heading(
        TITLE, "O que foi lido, o que ficou de fora, o que foi testado e o que pede conferência."
    )
    known = releases(pool)
    if not known:
        return [heading, _nothing_captured()]
    asked = Asked(parameters)
    name = asked.one_of("parte", PARTS, "parte") or next(iter(PARTS))
    release = asked.release("versao", known)
    build = PARTS[name][1]
    content = parts.guarded(lambda: build(pool, asked, release))
    chosen = [controls.release("qualidade-versao", known, release)]
    return [
        heading,
        _parts(pool, name, release, asked.kept.get("versao", "")),
        *controls.notices(asked.problems),
        controls.said("qualidade", asked.kept),
        html.Div(
            [
                *([] if name in WITHOUT_RELEASE else [html.Div(chosen, className="controles")]),
                html.Div(content, className="pagina parte"),
            ],
            className="pagina parte",
        ),
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the release and the reason, into the address."""
    controls.follow(app, "qualidade", "versao")
    controls.follow(app, "qualidade", "motivo")


def _nothing_captured() -> dmc.Paper:
    return parts.empty(
        "Nada foi capturado ainda. Para baixar toda a história e montar as tabelas, rode:",
        "python run/historic_capture.py",
        "python run/historic_materialize.py",
    )


def _parts(pool: ReadPool, current: str, release: Release | None, version: str) -> html.Nav:
    found = quality.overview(pool, release)
    tests = checks.checks(pool)
    notes = {
        "arquivos": formats.number(found["arquivos"]),
        "separadas": formats.number(found["separadas"]),
        "reparadas": formats.number(found["reparadas"]),
        "testes": quality_checks.summary(tests),
        "fora": "" if found["fora"] is None else formats.number(found["fora"]),
    }
    items = [
        html.Li(
            dcc.Link(
                [title, *([html.Span(notes[name])] if notes.get(name) else [])],
                href=address.to(PATH, {"parte": name, "versao": version}),
            ),
            **(parts.aria(current="page") if name == current else {}),
        )
        for name, (title, _) in PARTS.items()
    ]
    return html.Nav(html.Ul(items), className="abas", **parts.aria(label="Partes de Qualidade"))
