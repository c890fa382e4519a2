"""What an address says of a table: filters, order, search, release, columns; checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewer import filters, rows
from viewer.catalog import Relation
from viewer.pool import ReadPool
from viewer.reading import NEWEST_FIRST
from viewer.releases import Release, releases
from viewer.rows import View

ALL = "todas"
NEWEST_ONLY = frozenset({"raw", "cleaned", "renamed", "transformed"})


@dataclass(frozen=True)
class State:
    """A view of a table, the columns shown (none named: all), and what was left aside and why."""

    view: View
    columns: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def has_releases(relation: Relation) -> bool:
    """Tell whether a table holds rows of several releases."""
    return relation.has("ano", "mes") and relation.name not in NEWEST_ONLY


def read_state(pool: ReadPool, relation: Relation, parameters: Mapping[str, str]) -> State:
    """Read `filtro`, `ordem`, `busca`, `versao` (AAAA-MM or todas), `colunas`.

    What cannot be is named in `problems` and left aside. A table too large for anything else is
    shown by its newest release. Raises what the pool raises.
    """
    problems: list[str] = []
    model = _from_json(parameters.get("filtro"), {}, "filtro", problems)
    order = _from_json(parameters.get("ordem"), [], "ordem", problems)
    search = parameters.get("busca", "")
    release = _release(pool, relation, parameters.get("versao", ""), problems)
    try:
        filters.where(relation, model, search)
        filters.order_by(relation, order)
    except filters.FilterError as error:
        problems.append(f"O endereço traz um filtro que não vale e foi deixado de lado: {error}.")
        model, order, search = {}, [], ""
    if not order and relation.words and has_releases(relation):
        order = NEWEST_FIRST
    columns = _columns(relation, parameters.get("colunas", ""), problems)
    return State(View(model, order, search, release), columns, tuple(problems))


def _release(pool: ReadPool, relation: Relation, text: str, problems: list[str]) -> Release | None:
    if not has_releases(relation):
        return None
    is_needed = rows.needs_release(relation)
    if not is_needed and text in {"", ALL}:
        return None
    known = releases(pool)
    found = next((release for release in known if label(release) == text), None)
    if text and text != ALL and not found:
        problems.append(f"Não há versão {text[:40]!r}.")
    return found or (known[0] if is_needed and known else None)


def label(release: Release) -> str:
    """Write a release as addresses have it: AAAA-MM."""
    return f"{release[0]}-{release[1]:02d}"


def _columns(relation: Relation, text: str, problems: list[str]) -> tuple[str, ...]:
    names = [name for name in text.split(",") if name]
    unknown = [name for name in names if relation.column(name) is None]
    if unknown:
        problems.append(f"{relation.full_name} não tem a coluna {unknown[0][:80]!r}.")
    return tuple(name for name in names if name not in unknown)


def _from_json(text: str | None, default: Any, name: str, problems: list[str]) -> Any:
    if not text:
        return default
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, type(default)):
        return value
    problems.append(f"O endereço traz {name}= que não se entende; foi deixado de lado.")
    return default
