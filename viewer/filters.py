"""AG Grid's filter and sort models, and the search box, as SQL that is safe to run.

Columns are looked up in the catalogue and operators in the tables below; anything else is
refused. Values and names enter through psycopg2.sql only. Text is compared as `public.sem_acento`
writes it: in lower case, without accents.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from psycopg2 import sql

from pipeline.errors import TerminalError
from viewer.catalog import LINE, Column, Relation

LONGEST_VALUE = 1_000
MOST_CONDITIONS = 10
TRUE = sql.SQL("true")


class FilterError(TerminalError):
    """A filter or sort names a column, an operator or a value that cannot be."""


def folded(text: sql.Composable) -> sql.Composed:
    """Return SQL for the text in lower case without accents."""
    return sql.SQL('(public.sem_acento({}) collate "C")').format(text)


class Narrowing(Protocol):
    """What an indexed table offers in place of looking at every row (viewer/lookup.py)."""

    def column(self, column: Column, operator: str, low: sql.Composable) -> sql.Composable | None:
        """Return a condition on a text column that an index answers, or None."""

    def word(self, word: sql.Composable) -> sql.Composable:
        """Return the condition that a word is in some text column."""


def where(
    relation: Relation,
    model: Mapping[str, Any] | None,
    search: str = "",
    narrowing: Narrowing | None = None,
) -> sql.Composable:
    """Return the condition of a filter model and a search, over the table under the alias `t`.

    Every word of the search must be in some text column. Raises FilterError naming what is wrong.
    """
    if not isinstance(model or {}, Mapping):
        raise FilterError("o filtro não é um objeto. Limpe os filtros")
    parts: list[sql.Composable] = [
        _column_condition(_known_column(relation, name), condition, narrowing)
        for name, condition in (model or {}).items()
    ]
    parts += _search_conditions(relation, search, narrowing)
    return sql.SQL(" and ").join(parts) if parts else TRUE


@dataclass(frozen=True)
class SortKey:
    """One thing to order by, nulls last; text without accents.

    `is_forward`: it is the direction of the column's index (pipeline/search.py).
    """

    expression: sql.Composable
    direction: str
    is_forward: bool

    @property
    def clause(self) -> sql.Composed:
        """The key as `order by` wants it."""
        return sql.SQL("{} {} nulls last").format(self.expression, sql.SQL(self.direction))


def sort_keys(relation: Relation, model: Sequence[Mapping[str, Any]] | None) -> list[SortKey]:
    """Return what a sort model orders by. Raises FilterError for a column or direction unknown."""
    keys: list[SortKey] = []
    for item in model or []:
        if not isinstance(item, Mapping) or item.get("sort") not in {"asc", "desc"}:
            raise FilterError(f"ordem desconhecida: {str(item)[:80]!r}. Use asc ou desc")
        column = _known_column(relation, item.get("colId"))
        if not column.is_sortable:
            raise FilterError(f"a coluna {column.name} não tem ordem")
        reference, direction = _reference(column), str(item["sort"])
        is_text = column.kind == "text"
        expression = folded(reference) if is_text else reference
        keys.append(SortKey(expression, direction, (direction == "asc") == is_text))
    return keys


def order_by(relation: Relation, model: Sequence[Mapping[str, Any]] | None) -> sql.Composed:
    """Return the order of a sort model, completed so that no two rows tie."""
    parts: list[sql.Composable] = [key.clause for key in sort_keys(relation, model)]
    parts += [sql.SQL("t.{}").format(sql.Identifier(name)) for name in tie_breakers(relation)]
    return sql.SQL(", ").join(parts or [sql.SQL("(select null)")])


def tie_breakers(relation: Relation) -> tuple[str, ...]:
    """Name columns that make the order total: the key, or, in a view, all that can be sorted.

    Numbers and dates first: they decide sooner and compare faster than text.
    """
    if relation.key:
        return relation.key
    if relation.has_lines:
        return LINE
    sortable = [column for column in relation.columns if column.is_sortable]
    return tuple(
        column.name
        for column in sorted(sortable, key=lambda column: column.kind in {"text", "other"})
    )


def _known_column(relation: Relation, name: Any) -> Column:
    column = relation.column(name) if isinstance(name, str) else None
    if column is None:
        raise FilterError(f"{relation.full_name} não tem a coluna {str(name)[:80]!r}")
    return column


def _column_condition(
    column: Column, condition: Any, narrowing: Narrowing | None
) -> sql.Composable:
    if not isinstance(condition, Mapping):
        raise FilterError(f"filtro inválido na coluna {column.name}")
    if "conditions" not in condition:
        return _single_condition(column, condition, narrowing)
    conditions = condition["conditions"]
    operator = {"AND": " and ", "OR": " or "}.get(str(condition.get("operator")))
    if not operator or not isinstance(conditions, list):
        raise FilterError(f"filtro inválido na coluna {column.name}: combine com AND ou OR")
    if not 0 < len(conditions) <= MOST_CONDITIONS:
        raise FilterError(f"a coluna {column.name} pode ter de 1 a {MOST_CONDITIONS} condições")
    parts = [_column_condition(column, part, narrowing) for part in conditions]
    return sql.SQL("({})").format(sql.SQL(operator).join(parts))


def _single_condition(
    column: Column, condition: Mapping[str, Any], narrowing: Narrowing | None
) -> sql.Composable:
    operator = str(condition.get("type"))
    if operator in {"blank", "notBlank"}:
        is_blank = _is_null(column) if narrowing else _is_blank(column)
        return sql.SQL("not {}" if operator == "notBlank" else "{}").format(is_blank)
    build = BUILDERS[column.kind].get(operator)
    if build is None:
        raise FilterError(f"a coluna {column.name} não tem o operador {operator[:80]!r}")
    if operator == "anyOf":
        subject, low, high = _listed(column, condition)
    else:
        subject, low, high = _operands(column, condition)
    narrowed = None
    if narrowing and column.kind == "text":
        narrowed = narrowing.column(column, operator, low)
    return narrowed or sql.SQL("({})").format(sql.SQL(build).format(x=subject, low=low, high=high))


def _is_null(column: Column) -> sql.Composed:
    """Tell whether a value is missing, where nothing is ever blank; as the index has it."""
    reference = _reference(column)
    value = folded(reference) if column.kind == "text" else reference
    return sql.SQL("({} is null)").format(value)


def _is_blank(column: Column) -> sql.Composed:
    template = "({x} is null)" if column.kind != "text" else "({x} is null or btrim({x}) = '')"
    return sql.SQL(template).format(x=_reference(column))


def _operands(
    column: Column, condition: Mapping[str, Any]
) -> tuple[sql.Composable, sql.Composable, sql.Composable]:
    """Return the column and the one or two values, ready to be compared."""
    reference = _reference(column)
    if column.kind == "boolean":
        return reference, TRUE, TRUE
    is_date = column.kind in {"date", "moment"}
    names = ("dateFrom", "dateTo") if is_date else ("filter", "filterTo")
    read = READERS.get(column.kind, _text_value)
    low = read(column, condition.get(names[0]))
    high = read(column, condition.get(names[1])) if condition.get("type") == "inRange" else low
    if is_date:
        return sql.SQL("{}::date").format(reference), low, high
    if column.kind == "number":
        return reference, low, high
    return folded(sql.SQL("{}::text").format(reference)), folded(low), folded(high)


def _listed(
    column: Column, condition: Mapping[str, Any]
) -> tuple[sql.Composable, sql.Composable, sql.Composable]:
    """Return a text column and the values, separated by `;`, of which it must have one."""
    _text_value(column, condition.get("filter"))
    values = [value.strip() for value in str(condition["filter"]).split(";") if value.strip()]
    if not values:
        raise FilterError(f"o filtro da coluna {column.name} precisa de um valor, ou mais com ;")
    items = sql.SQL(", ").join(folded(sql.Literal(value)) for value in values)
    listed = sql.SQL("array[{}]").format(items)
    return folded(sql.SQL("{}::text").format(_reference(column))), listed, listed


def _text_value(column: Column, value: Any) -> sql.Composable:
    if not isinstance(value, str) or "\0" in value or len(value) > LONGEST_VALUE:
        raise FilterError(f"o filtro da coluna {column.name} precisa de um texto")
    return sql.Literal(value)


def _number_value(column: Column, value: Any) -> sql.Composable:
    try:
        if isinstance(value, bool) or len(str(value)) > 40:
            raise InvalidOperation
        exact = Decimal(str(value))
    except InvalidOperation as error:
        raise FilterError(
            f"o filtro da coluna {column.name} precisa de um número, e não de {str(value)[:80]!r}"
        ) from error
    if not exact.is_finite() or (exact and abs(math.log10(abs(exact))) > 100):
        raise FilterError(f"o número do filtro da coluna {column.name} é grande demais")
    return sql.Literal(exact)


def _date_value(column: Column, value: Any) -> sql.Composable:
    try:
        return sql.Literal(date.fromisoformat(str(value)[:10]))
    except ValueError as error:
        raise FilterError(
            f"o filtro da coluna {column.name} precisa de uma data (aaaa-mm-dd), e não de "
            f"{str(value)[:80]!r}"
        ) from error


def _search_conditions(
    relation: Relation, search: str, narrowing: Narrowing | None
) -> list[sql.Composable]:
    words = (search or "").replace("\0", " ").split()
    columns = [_reference(column) for column in relation.columns if column.kind == "text"]
    if len(search or "") > LONGEST_VALUE:
        raise FilterError(f"a busca pode ter até {LONGEST_VALUE} caracteres")
    if not words:
        return []
    if not columns:
        raise FilterError(f"{relation.full_name} não tem colunas de texto em que buscar")
    if narrowing:
        return [narrowing.word(folded(sql.Literal(word))) for word in words]
    text = folded(sql.SQL("concat_ws(' ', {})").format(sql.SQL(", ").join(columns)))
    return [
        sql.SQL("position({} in {}) > 0").format(folded(sql.Literal(word)), text) for word in words
    ]


def _reference(column: Column) -> sql.Composed:
    return sql.SQL("t.{}").format(sql.Identifier(column.name))


READERS: Mapping[str, Callable[[Column, Any], sql.Composable]] = {
    "number": _number_value,
    "date": _date_value,
    "moment": _date_value,
}
_TEXT = {
    "contains": "position({low} in {x}) > 0",
    "notContains": "{x} is null or position({low} in {x}) = 0",
    "equals": "{x} = {low}",
    "notEqual": "{x} is distinct from {low}",
    "startsWith": "{x} >= {low} and {x} < {low} || chr(1114111)",
    "endsWith": "right({x}, char_length({low})) = {low}",
    "anyOf": "{x} = any({low})",
}
_ORDERED = {
    "equals": "{x} = {low}",
    "notEqual": "{x} is distinct from {low}",
    "lessThan": "{x} < {low}",
    "lessThanOrEqual": "{x} <= {low}",
    "greaterThan": "{x} > {low}",
    "greaterThanOrEqual": "{x} >= {low}",
    "inRange": "{x} between {low} and {high}",
}
BUILDERS: Mapping[str, Mapping[str, str]] = {
    "text": _TEXT,
    "other": _TEXT,
    "number": _ORDERED,
    "date": _ORDERED,
    "moment": _ORDERED,
    "boolean": {"true": "{x} is true", "false": "{x} is false"},
}
"""The operators of each kind of column, as templates of SQL; nothing else is accepted."""
