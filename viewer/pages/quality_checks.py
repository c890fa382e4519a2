"""dbt's tests: the last result of each, and how it went in the runs before."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import formats, links, parts
from viewer.address import Asked
from viewer.checks import HISTORY_RUNS, Check, checks
from viewer.pool import ReadPool, Row
from viewer.releases import Release

GLYPHS = {"pass": "✓", "warn": "!", "fail": "✕", "error": "✕", "skipped": "–"}
WORST_FIRST = ("error", "fail", "warn", "skipped", "pass")
HEADS = ("Estado", "O que confere", "Linhas apontadas", f"Últimas {HISTORY_RUNS} vezes", "Quando")


def summary(found: Sequence[Check]) -> str:
    """Say in two words how the tests of the newest runs ended; nothing where none ran."""
    states = [check.last["estado"] for check in found if check.is_current]
    failed = sum(state in {"fail", "error"} for state in states)
    warned = sum(state == "warn" for state in states)
    if failed:
        return f"{failed} {'falha' if failed == 1 else 'falhas'}"
    if warned:
        return f"{warned} {'aviso' if warned == 1 else 'avisos'}"
    return f"{len(states)} ✓" if states else ""


def content(pool: ReadPool, _asked: Asked, _release: Release | None) -> list[Any]:
    """Show the tests of each flow, those that point at something first."""
    found = checks(pool)
    if not found:
        return [
            parts.empty(
                "Nenhum teste rodou ainda: eles rodam com a materialização.",
                "python run/historic_materialize.py",
            )
        ]
    return [_flow(name, list(group)) for name, group in groupby(found, lambda check: check.flow)]


def _flow(name: str, found: list[Check]) -> html.Section:
    current = [check for check in found if check.is_current]
    passed = sum(check.last["estado"] == "pass" for check in current)
    text = f"{passed} de {len(current)} sem nada a apontar na última vez."
    rows = [_row(check) for check in sorted(found, key=_order)]
    return parts.section(
        name or "Execuções que já não estão no banco",
        dmc.Text(text, size="sm", c="dimmed", mb="xs"),
        html.Div(parts.table(HEADS, rows, f"Testes: {name}"), className="testes"),
    )


def _order(check: Check) -> tuple[bool, int, str, str]:
    state = check.last["estado"]
    place = WORST_FIRST.index(state) if state in WORST_FIRST else 0
    return not check.is_current, place, check.model, check.name


def _row(check: Check) -> list[Any]:
    last = check.last
    old = "" if check.is_current else " Não rodou na última vez."
    return [
        parts.state(last["estado"]),
        html.Div(
            [
                html.Div(check.about + old),
                html.Small(html.Code(check.model or check.name), title=check.name),
            ]
        ),
        html.Span(_failures(check), className="numero"),
        html.Ol([_square(result) for result in check.results], className="historia"),
        dcc.Link(
            html.Span(formats.moment(last["momento"]), className="quando"),
            href=links.run(last["execucao_id"]),
        ),
    ]


def _failures(check: Check) -> Any:
    number = check.last["falhas"]
    if number is None:
        return "—"
    text = formats.number(number)
    return dcc.Link(text, href=check.rows) if number and check.rows else text


def _square(result: Row) -> html.Li:
    state = result["estado"]
    failures = f", {formats.number(result['falhas'])} linhas" if result["falhas"] else ""
    words = f"{formats.moment(result['momento'])}: {parts.STATES.get(state, (state,))[0]}{failures}"
    kind = state if state in GLYPHS else "error"
    return html.Li(
        dcc.Link(
            [
                html.Span(GLYPHS.get(state, "?"), **parts.aria(hidden="true")),
                html.Span(words, className="so-leitor"),
            ],
            href=links.run(result["execucao_id"]),
            title=words,
            className=f"vez {kind}",
        )
    )
