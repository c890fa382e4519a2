"""The switch that hides people's names: a cookie of the browser.

Everything that shows or exports rows looks at it. A hidden column is treated as if it were not
there: no cell, no filter, no search.
"""

from __future__ import annotations

from dataclasses import replace

import flask

from viewer.catalog import Relation

COOKIE = "nomes"
HIDDEN = "ocultos"
NAMES = frozenset({"nome", "nm_terceirizado"})
LINES = frozenset({"conteudo"})
"""Columns that hold a published line as it stood, the person's name included."""


def names_are_hidden() -> bool:
    """Tell whether the browser that asks wants no names; False outside of a request."""
    return flask.has_request_context() and flask.request.cookies.get(COOKIE) == HIDDEN


def shown(relation: Relation) -> Relation:
    """Return the table as this browser may see it."""
    if not names_are_hidden():
        return relation
    hidden = NAMES | LINES
    columns = tuple(column for column in relation.columns if column.name not in hidden)
    return replace(relation, columns=columns)


def person(name: str | None) -> str:
    """Write a person's name, or that it is hidden."""
    if name is None:
        return "—"
    return "(nome oculto)" if names_are_hidden() else name
