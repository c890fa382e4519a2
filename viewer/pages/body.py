"""Órgãos: the bodies of a release; with `siafi` in the address, one of them."""

from __future__ import annotations

from typing import Any

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import entities, formats, links
from viewer.entities import Top
from viewer.pages import entity, entity_cells, entity_list
from viewer.pages.entity_cells import MEASURE_HEADS, SUM_HEADS, Keys
from viewer.pool import ReadPool, Row

PATH = "/orgao"
TITLE = "Órgãos"
LIST = entity_list.Listing(
    page="orgao",
    path=PATH,
    title=TITLE,
    what=("órgão", "órgãos"),
    hint="nome, sigla ou código SIAFI",
    group=entities.BODIES,
    heads=(("Órgão", False),),
    cells=lambda row, release: [entity_cells.body(row, release)],
)


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the list, or the page of the body that the address names."""
    key = parameters.get("siafi")
    if not key:
        return entity_list.layout(pool, parameters, LIST)
    history = entities.history(pool, entities.BODIES, {"id_orgao_siafi": key})
    if not entity.present(history):
        text = "Não há órgão com o código SIAFI"
        return entity.unknown(TITLE, text, key, [dcc.Link("Ver todos os órgãos", href=PATH)])
    return _body(pool, key, history)


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the list's controls into the address, a point of a chart to its rows."""
    entity_list.register(app, LIST)
    entity.lead_on(app, LIST.page)


def _body(pool: ReadPool, key: str, history: list[Row]) -> list[Any]:
    last = entity.present(history)[-1]
    equal: Keys = {"id_orgao_siafi": key}
    top = entity.top(history)
    name = last["nome_orgao_trabalho"] or "(sem nome)"
    return [
        entity.heading(name, _identity(key, last), PATH, "Todos os órgãos"),
        entity.now(history),
        *_coverage(pool, key),
        entity.over_time("orgao", history, equal, "As versões em que o órgão não informou"),
        _companies(pool, key, top),
        _contracts(pool, key, top),
        entity.by_release(history, equal, "O órgão não informou nesta versão"),
    ]


def _identity(key: str, row: Row) -> list[str]:
    facts = [row["sigla_orgao_trabalho"], f"SIAFI {key}"]
    above = row["sigla_orgao_superior_unidade_gestora"]
    return [" · ".join(filter(None, [*facts, f"órgão superior {above}" if above else ""]))]


def _coverage(pool: ReadPool, key: str) -> list[dmc.Alert]:
    """Say where the body is missing, so that nobody takes a gap for a cut."""
    missing = entities.missing_releases(pool, key)
    if not missing:
        return []
    between = [row for row in missing if not row["is_after"]]
    after = [row for row in missing if row["is_after"]]
    texts = []
    if between:
        texts.append(
            f"Este órgão não informou em {_releases(between)}: é uma lacuna dos dados, não é um "
            "corte de pessoal."
        )
    if after:
        texts.append(
            f"Deixou de aparecer em {formats.release(*entity.release_of(after[0]))}: pode ter "
            "mudado de nome ou de código, ou não informado; não é, por si, um corte."
        )
    return [
        dmc.Alert(
            [html.P(text) for text in texts],
            title="Cobertura",
            color="blue",
            variant="light",
            className="cobertura",
        )
    ]


def _releases(rows: list[Row]) -> str:
    names = [formats.release(*entity.release_of(row)) for row in rows]
    return " e ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _companies(pool: ReadPool, key: str, top: Top) -> html.Section:
    within = {"id_orgao_siafi": key}
    rows = [
        (row, [entity_cells.company(row, top.release, within), *entity_cells.sums(row)])
        for row in entities.companies_of_body(pool, key, top)
    ]
    heads = (("Empresa", False), *SUM_HEADS)
    return entity.related("Empresas", heads, rows, _every("Ver todas", key, top), top.release)


def _contracts(pool: ReadPool, key: str, top: Top) -> html.Section:
    within = {"id_orgao_siafi": key}
    rows = [
        (
            row,
            [
                *entity_cells.contract_and_company(row, top.release, within),
                *entity_cells.measures(row),
            ],
        )
        for row in entities.contracts_of_body(pool, key, top)
    ]
    heads = (("Contrato", False), ("Empresa", False), *MEASURE_HEADS)
    return entity.related("Contratos", heads, rows, _every("Ver todos", key, top), top.release)


def _every(words: str, key: str, top: Top) -> tuple[str, str]:
    order = [("custo_total", "desc")]
    equal = {"id_orgao_siafi": key}
    address = links.rows(entities.IN_CONTRACTS, equal, sort=order, release=top.release)
    return f"{words} na grade", address
