"""AG Grid's filter and sort models, and the search box, as SQL that is safe to run.

Columns are looked up in the catalogue and operators in the tables below; anything else is
refused. Values and names enter through psycopg2.sql only. Text is compared without accents and
case; the embedded PostgreSQL has no `unaccent`, hence `translate` and `lower`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from psycopg2 import sql

from pipeline.errors import TerminalError
from viewer.catalog import Column, Relation

ACCENTED = "ÁÀÂÃÄÅáàâãäåÉÈÊËéèêëÍÌÎÏíìîïÓÒÔÕÖóòôõöÚÙÛÜúùûüÇçÑñÝýÿ"
UNACCENTED = "aaaaaaaaaaaaeeeeeeeeiiiiiiiioooooooooouuuuuuuuccnnyyy"
LONGEST_VALUE = 1_000
MOST_CONDITIONS = 10
TRUE = sql.SQL("true")


class FilterError(TerminalError):
    """A filter or sort names a column, an operator or a value that cannot be."""


def folded(text: sql.Composable) -> sql.Composed:
    """Return SQL for the text in lower case without accents; pure ASCII takes a short way."""
    return sql.SQL(
        "lower(case when octet_length({text}) = char_length({text}) then {text} "
        "else translate({text}, {accented}, {unaccented}) end)"
    ).format(text=text, accented=sql.Literal(ACCENTED), unaccented=sql.Literal(UNACCENTED))


def where(relation: Relation, model: Mapping[str, Any] | None, search: str = "") -> sql.Composable:
    """Return the condition of a filter model and a search, over the table under the alias `t`.

    Every word of the search must be in some text column. Raises FilterError naming what is wrong.
    """
    if not isinstance(model or {}, Mapping):
        raise FilterError("o filtro não é um objeto. Limpe os filtros")
    parts: list[sql.Composable] = [
        _column_condition(_known_column(relation, name), condition)
        for name, condition in (model or {}).items()
    ]
    parts += _search_conditions(relation, search)
    return sql.SQL(" and ").join(parts) if parts else TRUE


def order_by(relation: Relation, model: Sequence[Mapping[str, Any]] | None) -> sql.Composed:
    """Return the order of a sort model, completed so that no two rows tie."""
    parts: list[sql.Composable] = []
    for item in model or []:
        if not isinstance(item, Mapping) or item.get("sort") not in {"asc", "desc"}:
            raise FilterError(f"ordem desconhecida: {str(item)[:80]!r}. Use asc ou desc")
        column = _known_column(relation, item.get("colId"))
        direction = sql.SQL(f"{item['sort']} nulls last")
        if column.kind == "text":
            parts.append(sql.SQL("{} {}").format(folded(_reference(column)), direction))
        if column.is_sortable:
            parts.append(sql.SQL("{} {}").format(_reference(column), direction))
    ties: list[sql.Composable] = [
        sql.SQL("t.{}").format(sql.Identifier(name)) for name in tie_breakers(relation)
    ]
    return sql.SQL(", ").join(parts + ties or [sql.SQL("(select null)")])


def tie_breakers(relation: Relation) -> tuple[str, ...]:
    """Name columns that make the order total: the key, or, in a view, all that can be sorted.

    Numbers and dates first: they decide sooner and compare faster than text.
    """
    if relation.key:
        return relation.key
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


def _column_condition(column: Column, condition: Any) -> sql.Composed:
    if not isinstance(condition, Mapping):
        raise FilterError(f"filtro inválido na coluna {column.name}")
    if "conditions" not in condition:
        return _single_condition(column, condition)
    conditions = condition["conditions"]
    operator = {"AND": " and ", "OR": " or "}.get(str(condition.get("operator")))
    if not operator or not isinstance(conditions, list):
        raise FilterError(f"filtro inválido na coluna {column.name}: combine com AND ou OR")
    if not 0 < len(conditions) <= MOST_CONDITIONS:
        raise FilterError(f"a coluna {column.name} pode ter de 1 a {MOST_CONDITIONS} condições")
    parts = [_column_condition(column, part) for part in conditions]
    return sql.SQL("({})").format(sql.SQL(operator).join(parts))


def _single_condition(column: Column, condition: Mapping[str, Any]) -> sql.Composed:
    operator = str(condition.get("type"))
    if operator in {"blank", "notBlank"}:
        return sql.SQL("not {}" if operator == "notBlank" else "{}").format(_is_blank(column))
    build = BUILDERS[column.kind].get(operator)
    if build is None:
        raise FilterError(f"a coluna {column.name} não tem o operador {operator[:80]!r}")
    subject, low, high = _operands(column, condition)
    return sql.SQL("({})").format(sql.SQL(build).format(x=subject, low=low, high=high))


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


def _search_conditions(relation: Relation, search: str) -> list[sql.Composable]:
    words = (search or "").replace("\0", " ").split()
    columns = [_reference(column) for column in relation.columns if column.kind == "text"]
    if len(search or "") > LONGEST_VALUE:
        raise FilterError(f"a busca pode ter até {LONGEST_VALUE} caracteres")
    if not words:
        return []
    if not columns:
        raise FilterError(f"{relation.full_name} não tem colunas de texto em que buscar")
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
    "startsWith": "starts_with({x}, {low})",
    "endsWith": "right({x}, char_length({low})) = {low}",
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
