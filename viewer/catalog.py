"""What there is to show: the tables and views of three schemas, their columns and comments.

Read from PostgreSQL's own catalogue, so a model that dbt adds tomorrow is there without a change
here. A name is only ever looked up, never taken apart or pasted into SQL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg2 import sql

from viewer.pool import ReadPool, Row

SCHEMAS = ("marts", "staging", "public")
KINDS = {
    "r": "tabela",
    "p": "tabela particionada",
    "v": "visão",
    "m": "visão materializada",
    "f": "tabela externa",
}
NOT_SORTABLE = {"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"}
LINE = ("ano", "mes", "linha_origem")
"""What names a published line: there is one file per release."""


@dataclass(frozen=True)
class Column:
    """One column; `kind` is text, number, date, moment, boolean or other."""

    name: str
    type_name: str
    kind: str
    description: str = ""

    @property
    def is_sortable(self) -> bool:
        """False for the few types without an order, and for lists."""
        return self.type_name not in NOT_SORTABLE and not self.type_name.endswith("[]")


@dataclass(frozen=True)
class Relation:
    """One table or view. `estimate` is PostgreSQL's own guess of its rows, -1 when it has none.

    `words` is the expression of its index of words, in PostgreSQL's own writing; a table that has
    one has an index for every column that can be sorted, too (pipeline/search.py).
    """

    schema: str
    name: str
    kind: str
    description: str
    estimate: int
    key: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    words: str = ""

    @property
    def full_name(self) -> str:
        """`schema.name`, as pages and addresses call it."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """Return the column of that very name, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def has(self, *names: str) -> bool:
        """Tell whether all these columns are there."""
        return all(self.column(name) for name in names)

    @property
    def has_lines(self) -> bool:
        """Tell whether each row names the published line that it comes from."""
        return self.has(*LINE)


RELATIONS = """
    select
        pg_namespace.nspname as schema,
        pg_class.relname as name,
        pg_class.relkind::text as relkind,
        coalesce(obj_description(pg_class.oid, 'pg_class'), '') as description,
        case
            when pg_class.relkind in ('v', 'f') then -1
            when pg_class.relkind = 'p' then (
                select coalesce(sum(greatest(leaf.reltuples, 0)), 0)
                from pg_partition_tree(pg_class.oid) as tree
                inner join pg_class as leaf on leaf.oid = tree.relid
                where tree.isleaf
            )
            else pg_class.reltuples
        end::bigint as estimate
    from pg_class
    inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
    where
        pg_namespace.nspname = any(%(schemas)s)
        and pg_class.relkind in ('r', 'p', 'v', 'm', 'f')
        and not pg_class.relispartition
        and has_schema_privilege(pg_namespace.oid, 'usage')
        and has_table_privilege(pg_class.oid, 'select')
        and (%(full_name)s::text is null
            or pg_namespace.nspname || '.' || pg_class.relname = %(full_name)s)
    order by array_position(%(schemas)s::text[], pg_namespace.nspname::text), pg_class.relname
"""
WORDS = """
    select pg_get_indexdef(pg_index.indexrelid, 1, true) as words
    from pg_index
    inner join pg_class on pg_class.oid = pg_index.indexrelid
    inner join pg_am on pg_am.oid = pg_class.relam
    where
        pg_index.indrelid = to_regclass(format('%%I.%%I', %(schema)s::text, %(name)s::text))
        and pg_index.indisvalid
        and pg_am.amname = 'gin'
        and pg_class.relname = %(name)s || '_palavras'
"""
ESTIMATE = "explain (format json) select 1 from {}"
COLUMNS = """
    select
        pg_attribute.attname as name,
        format_type(pg_attribute.atttypid, pg_attribute.atttypmod) as type_name,
        pg_type.typcategory::text as category,
        coalesce(col_description(pg_attribute.attrelid, pg_attribute.attnum), '') as description,
        coalesce((
            select true
            from pg_index
            where
                pg_index.indrelid = pg_attribute.attrelid
                and pg_index.indisprimary
                and pg_attribute.attnum = any(pg_index.indkey::smallint[])
        ), false) as is_key
    from pg_attribute
    inner join pg_type on pg_type.oid = pg_attribute.atttypid
    where
        pg_attribute.attrelid = to_regclass(format('%%I.%%I', %(schema)s::text, %(name)s::text))
        and pg_attribute.attnum > 0
        and not pg_attribute.attisdropped
    order by pg_attribute.attnum
"""


def list_relations(pool: ReadPool) -> list[Relation]:
    """Return every table and view that may be read, without columns; no partitions."""
    return _relations(pool, None)


def find_relation(pool: ReadPool, full_name: str) -> Relation | None:
    """Return the table or view called `schema.name`, with key and columns, or None."""
    if "\0" in full_name:
        return None
    found = _relations(pool, full_name)
    if not found:
        return None
    relation = found[0]
    names = {"schema": relation.schema, "name": relation.name}
    rows = pool.fetch(COLUMNS, names)
    words = pool.fetch(WORDS, names)
    return Relation(
        schema=relation.schema,
        name=relation.name,
        kind=relation.kind,
        description=relation.description,
        estimate=relation.estimate if relation.estimate >= 0 else _estimated(pool, relation),
        words=words[0]["words"] if words else "",
        key=tuple(row["name"] for row in rows if row["is_key"]) or _physical_key(relation.kind),
        columns=tuple(
            Column(
                row["name"],
                row["type_name"],
                _kind(row["category"], row["type_name"]),
                row["description"],
            )
            for row in rows
        ),
    )


def _relations(pool: ReadPool, full_name: str | None) -> list[Relation]:
    rows = pool.fetch(RELATIONS, {"schemas": list(SCHEMAS), "full_name": full_name})
    return [
        Relation(
            row["schema"], row["name"], KINDS[row["relkind"]], row["description"], row["estimate"]
        )
        for row in rows
    ]


def _estimated(pool: ReadPool, relation: Relation) -> int:
    """Ask the planner how many rows a view reads, or a table that was never analysed."""
    name = sql.Identifier(relation.schema, relation.name)
    plan = pool.fetch(sql.SQL(ESTIMATE).format(name))[0]["QUERY PLAN"][0]["Plan"]
    return _most_rows(plan)


def _most_rows(plan: dict[str, Any]) -> int:
    return max(int(plan["Plan Rows"]), *map(_most_rows, plan.get("Plans", [])), 0)


def planned_rows(plan: list[Row]) -> tuple[int, int]:
    """Return how many rows an `explain (format json)` expects, and the most that a step gives."""
    top = plan[0]["QUERY PLAN"][0]["Plan"]
    return int(top["Plan Rows"]), _most_rows(top)


def _physical_key(kind: str) -> tuple[str, ...]:
    """Name what tells two rows apart where there is no primary key; a view has nothing."""
    if kind in {"tabela", "visão materializada"}:
        return ("ctid",)
    return ("tableoid", "ctid") if kind == "tabela particionada" else ()


def _kind(category: str, type_name: str) -> str:
    if type_name == "date":
        return "date"
    if type_name.startswith("timestamp"):
        return "moment"
    return {"N": "number", "B": "boolean", "S": "text"}.get(category, "other")
