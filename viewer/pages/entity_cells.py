"""What the pages of companies, bodies and contracts write into tables: names that lead on, figures.

A name that the source does not give is said to be missing, and leads to its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dash import dcc, html

from viewer import cnpj, formats, links, parts
from viewer.entities import CONTRACTS
from viewer.pool import Row
from viewer.releases import Release

NONE = "—"
Keys = Mapping[str, str | None]
Head = tuple[str, bool]
"""The text over a column, and whether numbers stand in it."""
MEASURE_HEADS: tuple[Head, ...] = (
    ("Pessoas", True),
    ("Custo por mês", True),
    ("Salário mediano", True),
    ("Custo/hora mediano", True),
)
SUM_HEADS: tuple[Head, ...] = (("Contratos", True), ("Registros", True), ("Custo por mês", True))


def number(value: int | Decimal | None) -> str:
    """Write a number, or that there is none."""
    return NONE if value is None else formats.number(value)


def money(value: Decimal | None, *, is_short: bool = False) -> str:
    """Write reais, or that there are none."""
    return NONE if value is None else formats.money(value, is_short=is_short)


def measures(row: Row) -> list[str]:
    """Write the figures under `MEASURE_HEADS`."""
    return [
        number(row["pessoas"]),
        money(row["custo_total"]),
        money(row["salario_mediano"]),
        money(row["custo_hora_mediano"]),
    ]


def sums(row: Row) -> list[str]:
    """Write the figures under `SUM_HEADS`."""
    return [number(row["contratos"]), number(row["linhas"]), money(row["custo_total"])]


def company(row: Row, release: Release, within: Keys | None = None) -> list[Any]:
    """Name a company over its CNPJ; one without leads to its rows among those `within`."""
    key = row["cnpj_empresa"]
    if key is None:
        return [_rows("(sem CNPJ)", {**(within or {}), "cnpj_empresa": None}, release)]
    name = row["razao_social_empresa"] or "(sem razão social)"
    return named(name, links.company(key), cnpj.formatted(key))


def body(row: Row, release: Release, within: Keys | None = None) -> list[Any]:
    """Name a body over its acronym and code; one without leads to its rows among those `within`."""
    key = row["id_orgao_siafi"]
    if key is None:
        return [_rows("(sem código SIAFI)", {**(within or {}), "id_orgao_siafi": None}, release)]
    note = " · ".join(filter(None, (row["sigla_orgao_trabalho"], f"SIAFI {key}")))
    return named(row["nome_orgao_trabalho"] or "(sem nome)", links.body(key), note)


def contract_and_company(row: Row, release: Release, within: Keys | None = None) -> list[Any]:
    """Name a contract, and in the cell after it the company."""
    keys = {name: row[name] for name in CONTRACTS.keys}
    return [
        contract(row, release),
        company(row, release, {**(within or {}), **keys}),
    ]


def contract(row: Row, release: Release) -> list[Any]:
    """Name a contract by its number, over the managing unit."""
    keys = (row["id_unidade_gestora"], row["numero_contrato"], row["cnpj_empresa"])
    name = row["numero_contrato"] or "(sem número)"
    if not any(keys):
        return [_rows(name, dict.fromkeys(CONTRACTS.keys), release)]
    return named(name, links.contract(*keys), unit(row))


def unit(row: Row) -> str:
    """Name the managing unit of a contract with its code."""
    if not row["id_unidade_gestora"]:
        return "(sem unidade gestora)"
    name = row["nome_unidade_gestora"] or "(unidade sem nome)"
    return f"{name} · UG {row['id_unidade_gestora']}"


def named(name: str, href: str, note: str) -> list[Any]:
    """Show a name that leads somewhere, and a quiet line under it."""
    return [dcc.Link(name, href=href), html.Small(note)]


def table(heads: Sequence[Head], rows: Sequence[Sequence[Any]], label: str) -> html.Div:
    """Show rows under heads; the first cell names its row, numbers stand on the right."""
    return framed(heads, [table_row(heads, cells) for cells in rows], label)


def table_row(heads: Sequence[Head], cells: Sequence[Any]) -> html.Tr:
    """Make one row; a cell carries its head along, for a screen too narrow for columns."""
    return html.Tr(
        [
            html.Th(cells[0], scope="row"),
            *(
                html.Td(cell, className=_kind(head), **_titled(head))
                for cell, head in zip(cells[1:], heads[1:], strict=True)
            ),
        ]
    )


def framed(heads: Sequence[Head], rows: Sequence[html.Tr], label: str) -> html.Div:
    """Put rows under heads; where they are too wide they can be scrolled, by keyboard too."""
    columns = [html.Th(head[0], scope="col", className=_kind(head)) for head in heads]
    return html.Div(
        html.Table([html.Thead(html.Tr(columns)), html.Tbody(list(rows))]),
        className="rolagem entidades",
        tabIndex=0,
        role="region",
        **parts.aria(label=label),
    )


def _titled(head: Head) -> dict[str, Any]:
    return {"data-titulo": head[0]}


def _kind(head: Head) -> str:
    return "numero" if head[1] else "nome-longo"


def _rows(text: str, equal: Keys, release: Release) -> dcc.Link:
    href = links.rows(links.HISTORY, equal, release=release)
    return dcc.Link(text, href=href, className="sem-nome")
