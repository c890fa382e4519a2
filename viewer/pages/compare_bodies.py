"""The part of Comparar that goes body by body: people and cost, before and after."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dash import dcc, html

from viewer import address, formats, links, parts
from viewer.comparison import Question
from viewer.pool import Row

PATH = "/comparar"
FIRST = 10
HEADS = ("Órgão", "Pessoas antes", "depois", "diferença", "Custo antes", "depois", "diferença", "")


def names(bodies: list[Row]) -> dict[str, str]:
    """Return the bodies by SIAFI code, with what a reader chooses by, in the order of names."""
    found = {
        row["id_orgao_siafi"]: f"{_name(row)} ({row['id_orgao_siafi']})"
        for row in bodies
        if row["id_orgao_siafi"]
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def section(question: Question, bodies: list[Row], kept: dict[str, str]) -> html.Section:
    """Show the bodies, the greatest change of cost first; those that sent nothing are named."""
    rows = [_row(row, kept) for row in bodies]
    rest = rows[FIRST:]
    more = [
        html.Details(
            [
                html.Summary(f"Os outros {formats.number(len(rest))} órgãos"),
                html.Div(parts.table(HEADS, rest, "Outros órgãos"), className="numeros"),
            ],
            className="mais",
        )
    ]
    return parts.section(
        "Órgão a órgão",
        *_silent(question, bodies),
        html.Div(parts.table(HEADS, rows[:FIRST], "Órgãos"), className="numeros"),
        *(more if rest else []),
    )


def _silent(question: Question, bodies: list[Row]) -> list[html.P]:
    """Name the bodies that sent nothing to one of the releases: a gap is not a cut."""
    notes = []
    for release, column in ((question.before, "pessoas_antes"), (question.after, "pessoas_depois")):
        silent = [row for row in bodies if row[column] is None]
        if not silent:
            continue
        listed: list[Any] = []
        for row in silent:
            listed += ["; " if listed else "", _link(row)]
        text = f"em {formats.release(*release)} não há linhas de {formats.number(len(silent))} "
        words = "órgão: " if len(silent) == 1 else "órgãos: "
        effect = "saída" if column == "pessoas_depois" else "entrada"
        end = f". As pessoas deles aparecem acima como {effect}, o que pode não ter havido."
        notes.append(
            html.P([html.Strong("Cobertura: "), text + words, *listed, end], className="nota")
        )
    return notes


def _name(row: Row) -> str:
    if row["id_orgao_siafi"] is None:
        return "(sem código na fonte)"
    return row["nome_orgao_trabalho"] or "(sem nome na fonte)"


def _link(row: Row) -> Any:
    code = row["id_orgao_siafi"]
    return dcc.Link(_name(row), href=links.body(code)) if code else _name(row)


def _row(row: Row, kept: dict[str, str]) -> list[Any]:
    code = row["id_orgao_siafi"]
    here = {**kept, "siafi": code or "", "pagina": ""}
    people = (row["pessoas_antes"], row["pessoas_depois"])
    costs = (row["custo_antes"], row["custo_depois"])
    return [
        _link(row),
        *(_number(value) for value in people),
        _difference(*people),
        *("—" if value is None else formats.money(value, is_short=True) for value in costs),
        _difference(*costs, is_money=True),
        dcc.Link("ver pessoas", href=address.to(PATH, here)) if code else "",
    ]


def _number(value: int | None) -> str:
    return "—" if value is None else formats.number(value)


def _difference(before: Any, after: Any, *, is_money: bool = False) -> html.Span | str:
    if before is None or after is None:
        return html.Span("não informou", className="lacuna")
    change = after - before
    words = formats.money(Decimal(change), is_short=True) if is_money else formats.number(change)
    return f"+{words}" if change > 0 else words
