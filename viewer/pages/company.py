"""Empresas: the companies of a release; with `cnpj` in the address, one of them."""

from __future__ import annotations

from typing import Any

import dash
from dash import dcc, html

from viewer import address, cnpj, entities, links
from viewer.entities import Top
from viewer.pages import entity, entity_cells, entity_list
from viewer.pages.entity_cells import MEASURE_HEADS, SUM_HEADS, Keys
from viewer.pool import ReadPool, Row
from viewer.state import label

PATH = "/empresa"
TITLE = "Empresas"
LIST = entity_list.Listing(
    page="empresa",
    path=PATH,
    title=TITLE,
    what=("empresa", "empresas"),
    hint="nome ou CNPJ",
    group=entities.COMPANIES,
    heads=(("Empresa", False),),
    cells=lambda row, release: [entity_cells.company(row, release)],
)


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the list, or the page of the company that the address names."""
    if not parameters.get("cnpj"):
        return entity_list.layout(pool, parameters, LIST)
    key = cnpj.bare(parameters["cnpj"])
    history = entities.history(pool, entities.COMPANIES, {"cnpj_empresa": key})
    if not entity.present(history):
        return _unknown(parameters["cnpj"], key)
    return _company(pool, key, history)


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the list's controls into the address, a point of a chart to its rows."""
    entity_list.register(app, LIST)
    entity.lead_on(app, LIST.page)


def _unknown(written: str, key: str) -> list[Any]:
    way_on: list[Any] = [dcc.Link("Ver todas as empresas", href=PATH)]
    if not cnpj.is_valid(key):
        way_on.insert(0, "Os dígitos verificadores não conferem: veja se foi escrito certo. ")
    shown = cnpj.formatted(key) if cnpj.is_valid(key) else written
    return entity.unknown(TITLE, "Não há empresa com o CNPJ", shown, way_on)


def _company(pool: ReadPool, key: str, history: list[Row]) -> list[Any]:
    equal: Keys = {"cnpj_empresa": key}
    top = entity.top(history)
    name = entity.present(history)[-1]["razao_social_empresa"] or "(sem razão social)"
    return [
        entity.heading(name, _identity(key), PATH, "Todas as empresas"),
        entity.now(history),
        entity.over_time("empresa", history, equal, "As versões em que a empresa não aparece"),
        _bodies(pool, key, top),
        _contracts(pool, key, top),
        entity.by_release(history, equal, "A empresa não aparece nesta versão"),
    ]


def _identity(key: str) -> list[Any]:
    if cnpj.is_valid(key):
        check = html.Span("✓ CNPJ confere", className="confere")
    else:
        check = html.Span("⚠ dígitos não conferem: publicado assim", className="nao-confere")
    return [f"CNPJ {cnpj.formatted(key)} ", check]


def _bodies(pool: ReadPool, key: str, top: Top) -> html.Section:
    within = {"cnpj_empresa": key}
    rows = [
        (row, [entity_cells.body(row, top.release, within), *entity_cells.sums(row)])
        for row in entities.bodies_of_company(pool, key, top)
    ]
    every = links.rows(entities.IN_CONTRACTS, within, release=top.release)
    heads = (("Órgão", False), *SUM_HEADS)
    return entity.related(
        "Órgãos que atende", heads, rows, ("Ver todos na grade", every), top.release
    )


def _contracts(pool: ReadPool, key: str, top: Top) -> html.Section:
    rows = [
        (row, [entity_cells.contract(row, top.release), *entity_cells.measures(row)])
        for row in entities.contracts_of_company(pool, key, top)
    ]
    every = address.to("/contrato", {"busca": key, "versao": label(top.release)})
    heads = (("Contrato", False), *MEASURE_HEADS)
    return entity.related("Contratos", heads, rows, ("Ver todos os contratos", every), top.release)
