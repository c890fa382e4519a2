"""Addresses of pages, one function each, so that a chart or a table can lead to its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from viewer.releases import Release
from viewer.state import label

HISTORY = "staging.historic_transformed"


def rows(
    table: str,
    equal: Mapping[str, Any] | None = None,
    *,
    filters: Mapping[str, Any] | None = None,
    sort: Sequence[tuple[str, str]] = (),
    release: Release | None = None,
) -> str:
    """Address the grid of a table: `equal` are values a column must have (None: be empty).

    `filters` is an AG Grid filter model for what is not an equality; `sort` are (column, asc|desc);
    `release` narrows a table of several releases to one.
    """
    model = {name: _equal(value) for name, value in (equal or {}).items()} | dict(filters or {})
    order = [{"colId": name, "sort": direction} for name, direction in sort]
    parameters = {"tabela": table}
    if release:
        parameters["versao"] = label(release)
    if model:
        parameters["filtro"] = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
    if order:
        parameters["ordem"] = json.dumps(order, separators=(",", ":"))
    return f"/dados?{urlencode(parameters)}"


def company(cnpj: str) -> str:
    """Address a company's page."""
    return f"/empresa?{urlencode({'cnpj': cnpj})}"


def body(siafi: str) -> str:
    """Address the page of a body by its SIAFI code."""
    return f"/orgao?{urlencode({'siafi': siafi})}"


def contract(unit: str | None, number: str | None, cnpj: str | None) -> str:
    """Address a contract: numbers repeat between managing units."""
    keys = {"ug": unit, "numero": number, "cnpj": cnpj}
    return f"/contrato?{urlencode({key: value for key, value in keys.items() if value})}"


def run(run_id: str) -> str:
    """Address one run: its tasks and log lines."""
    return f"/execucoes?{urlencode({'id': run_id})}"


def _equal(value: Any) -> dict[str, Any]:
    if value is None:
        return {"filterType": "text", "type": "blank"}
    kind = "number" if isinstance(value, (int, float)) else "text"
    return {"filterType": kind, "type": "equals", "filter": value}
