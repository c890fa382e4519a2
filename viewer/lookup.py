"""Conditions that the indexes of a transformed table answer (see pipeline/search.py).

A text column has few values: those that contain a piece of text are looked up in `public.valores`,
and an index finds their rows. Names and CPFs have many; `public.vocabulario` has their words.
"""

from __future__ import annotations

from psycopg2 import sql

from viewer.catalog import Column, Relation
from viewer.filters import folded
from viewer.pool import ReadPool

MOST_VALUES = 2_000
MOST_WORDS = 300
OF_PEOPLE = ("nome", "cpf")
TESTS = {
    "contains": "position({low} in {x}) > 0",
    "endsWith": "right({x}, char_length({low})) = {low}",
    "notContains": "position({low} in {x}) = 0",
    "notEqual": "{x} <> {low}",
}
NEGATIONS = ("notContains", "notEqual")
"""Operators that a missing value passes."""


class Lookup:
    """What is asked of one table for one filter; the table has an index of words."""

    def __init__(self, pool: ReadPool, relation: Relation) -> None:
        self._pool = pool
        self._relation = relation

    def column(self, column: Column, operator: str, low: sql.Composable) -> sql.Composable | None:
        """Return the condition of a text operator on a column, or None where an index has it."""
        if operator not in TESTS or (column.name in OF_PEOPLE and operator in NEGATIONS):
            return None
        if column.name in OF_PEOPLE:
            test = sql.SQL(TESTS[operator]).format(x=_folded(column.name), low=low)
            return sql.SQL("({} and {})").format(test, self._words(low))
        found = self._pool.fetch(
            sql.SQL("select valor from public.valores where coluna = {} and {} limit {}").format(
                sql.Literal(column.name),
                sql.SQL(TESTS[operator]).format(x=sql.SQL("valor"), low=low),
                sql.Literal(MOST_VALUES + 1),
            )
        )
        listed = _one_of(column.name, [row["valor"] for row in found])
        if listed and operator in NEGATIONS:
            return sql.SQL("({} or {} is null)").format(listed, _folded(column.name))
        return listed

    def word(self, word: sql.Composable) -> sql.Composable:
        """Return the condition that a word is in some text column."""
        known = [column.name for column in self._relation.columns if column.kind == "text"]
        rows = self._pool.fetch(
            sql.SQL(
                "select coluna, array_agg(valor) as valores from public.valores "
                "where coluna = any({}) and position({} in valor) > 0 group by coluna"
            ).format(sql.Literal(known), word)
        )
        people = [name for name in OF_PEOPLE if name in known]
        parts = [
            _one_of(row["coluna"], row["valores"])
            or sql.SQL("position({} in {}) > 0").format(word, _folded(row["coluna"]))
            for row in rows
        ]
        if people:
            tests = [sql.SQL("position({} in {}) > 0").format(word, _folded(x)) for x in people]
            either = sql.SQL(" or ").join(tests)
            parts.append(sql.SQL("(({}) and {})").format(either, self._words(word)))
        return sql.SQL("({})").format(sql.SQL(" or ").join(parts or [sql.SQL("false")]))

    def _words(self, text: sql.Composable) -> sql.Composable:
        """Return that a row has, for each piece of the text, some word around it.

        True of every row that contains the text, and of a few more. The points in a CPF part words;
        a piece between points stands inside of a word whether they do or not.
        """
        pieces = self._pool.fetch(
            sql.SQL(
                "select pieces.piece, array_agg(palavra) as words "
                "from regexp_split_to_table({}, '[. ]') as pieces (piece) "
                "left join public.vocabulario on position(pieces.piece in palavra) > 0 "
                "where pieces.piece <> '' group by pieces.piece"
            ).format(text)
        )
        parts = [
            sql.SQL("{} && {}::text[]").format(sql.SQL(self._relation.words), sql.Literal(words))
            for words in ([word for word in row["words"] if word is not None] for row in pieces)
            if len(words) <= MOST_WORDS
        ]
        return sql.SQL(" and ").join(parts) if parts else sql.SQL("true")


def _one_of(column: str, values: list[str]) -> sql.Composable | None:
    """Return that a column has one of the values; None where they are too many to list."""
    if len(values) > MOST_VALUES:
        return None
    if not values:
        return sql.SQL("false")
    return sql.SQL("({} = any({}::text[]))").format(_folded(column), sql.Literal(values))


def _folded(column: str) -> sql.Composed:
    return folded(sql.SQL("t.{}").format(sql.Identifier(column)))
