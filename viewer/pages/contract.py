"""Contratos: the contracts of a release; with keys in the address, one of them.

A contract is told by its managing unit, its number and the company; a key that the address leaves
out is one that the source leaves empty.
"""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from viewer import address, cnpj, entities, links
from viewer.address import LONGEST_TEXT
from viewer.entities import Top
from viewer.pages import entity, entity_cells, entity_list
from viewer.pages.entity_cells import MEASURE_HEADS, Keys
from viewer.pool import ReadPool, Row

PATH = "/contrato"
TITLE = "Contratos"
PARAMETERS = {"ug": "id_unidade_gestora", "numero": "numero_contrato", "cnpj": "cnpj_empresa"}
WORDS = {"ug": "UG", "numero": "número", "cnpj": "CNPJ"}
LIST = entity_list.Listing(
    page="contrato",
    path=PATH,
    title=TITLE,
    what=("contrato", "contratos"),
    hint="número, empresa ou unidade",
    group=entities.CONTRACTS,
    heads=(("Contrato", False), ("Empresa", False)),
    cells=entity_cells.contract_and_company,
)


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the list, or the page of the contract that the address names."""
    keys = {column: parameters.get(name) or None for name, column in PARAMETERS.items()}
    if not any(keys.values()):
        return entity_list.layout(pool, parameters, LIST)
    if keys["cnpj_empresa"]:
        keys["cnpj_empresa"] = cnpj.bare(keys["cnpj_empresa"])
    history = entities.history(pool, entities.CONTRACTS, keys)
    if not entity.present(history):
        return _unknown(parameters)
    return _contract(pool, keys, history)


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the list's controls into the address, a point of a chart to its rows."""
    entity_list.register(app, LIST)
    entity.lead_on(app, LIST.page)


def _unknown(asked: dict[str, str]) -> list[Any]:
    given = ", ".join(f"{WORDS[name]} {asked[name]}" for name in WORDS if asked.get(name))
    way_on: list[Any] = [dcc.Link("Ver todos os contratos", href=PATH)]
    if number := asked.get("numero", "")[:LONGEST_TEXT]:
        search = dcc.Link("Procurar este número", href=address.to(PATH, {"busca": number}))
        way_on = [search, " · ", *way_on]
    return entity.unknown(TITLE, "Não há contrato de", given, way_on)


def _contract(pool: ReadPool, keys: Keys, history: list[Row]) -> list[Any]:
    last = entity.present(history)[-1] | dict(keys)
    top = entity.top(history)
    number = keys["numero_contrato"]
    name = f"Contrato {number}" if number else "Contrato sem número"
    absence = "O contrato não aparece nesta versão"
    return [
        entity.heading(name, _identity(last), PATH, "Todos os contratos"),
        entity.now(history),
        entity.over_time("contrato", history, keys, "As versões em que o contrato não aparece"),
        _bodies(pool, keys, top),
        entity.by_release(history, keys, absence),
    ]


def _identity(row: Row) -> list[Any]:
    key, name = row["cnpj_empresa"], row["razao_social_empresa"] or "(sem razão social)"
    company: list[Any] = ["Empresa sem CNPJ na fonte"]
    if key:
        company = [dcc.Link(name, href=links.company(key)), f" · CNPJ {cnpj.formatted(key)}"]
    return [html.Span(company), html.Span(entity_cells.unit(row))]


def _bodies(pool: ReadPool, keys: Keys, top: Top) -> html.Section:
    rows = [
        (row, [entity_cells.body(row, top.release, keys), *entity_cells.measures(row)])
        for row in entities.bodies_of_contract(pool, keys, top)
    ]
    every = links.rows(entities.IN_CONTRACTS, keys, release=top.release)
    heads = (("Órgão", False), *MEASURE_HEADS)
    title = "Órgãos onde as pessoas trabalham"
    return entity.related(title, heads, rows, ("Ver todos na grade", every), top.release)
