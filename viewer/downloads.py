"""The address /exportar: the rows of a table as a file, exactly those that its page shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import flask

from pipeline.errors import PipelineError
from viewer import catalog, export, rows
from viewer.catalog import Relation
from viewer.filters import FilterError
from viewer.pool import ReadPool
from viewer.privacy import shown
from viewer.provenance import Export, of_export
from viewer.state import read_state

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
}
NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]+")


def register(server: flask.Flask, pool: ReadPool) -> None:
    """Add the address; wrong use is answered with 400, a database that is away with 503."""

    @server.get("/exportar")
    def export_rows() -> flask.Response:
        try:
            return _export(pool, flask.request.args.to_dict())
        except FilterError as error:
            return flask.Response(f"{error}.\n", 400, content_type="text/plain; charset=utf-8")
        except PipelineError as error:
            return flask.Response(f"{error}.\n", 503, content_type="text/plain; charset=utf-8")


def _export(pool: ReadPool, parameters: Mapping[str, str]) -> flask.Response:
    kind = parameters.get("formato", "csv")
    if kind not in TYPES:
        raise FilterError(f"formato desconhecido: {kind[:40]!r}. Há {', '.join(TYPES)}")
    name = parameters.get("tabela", "")
    relation = catalog.find_relation(pool, name)
    if relation is None:
        raise FilterError(f"não há tabela {name[:120]!r}")
    state = read_state(pool, shown(relation), parameters)
    if state.problems:
        raise FilterError(" ".join(state.problems).rstrip("."))
    relation = _chosen(shown(relation), state.columns)
    chunks = _started(rows.stream(pool, relation, state.view))
    what = Export(relation.full_name, state.view, flask.request.url)
    body = _body(pool, relation, chunks, what, kind)
    answer = flask.Response(body, content_type=TYPES[kind])
    file = NOT_IN_A_NAME.sub("_", relation.name.lower())
    answer.headers["Content-Disposition"] = f'attachment; filename="{file}.{kind}"'
    return answer


def _chosen(relation: Relation, names: tuple[str, ...]) -> Relation:
    if not names:
        return relation
    return replace(
        relation, columns=tuple(column for column in relation.columns if column.name in names)
    )


def _started(chunks: Iterator[list[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """Ask for the first rows now, while an error can still be answered as one."""
    first = next(chunks, None)

    def all_of_them() -> Iterator[list[tuple[Any, ...]]]:
        if first is not None:
            yield first
            yield from chunks

    return all_of_them()


def _body(
    pool: ReadPool,
    relation: Relation,
    chunks: Iterator[list[tuple[Any, ...]]],
    what: Export,
    kind: str,
) -> Iterable[bytes]:
    counted = _Counted(relation, chunks)
    columns = relation.columns

    def provenance() -> str:
        return of_export(pool, what, counted.files, counted.rows)

    if kind == "parquet":
        return export.parquet_file(columns, counted, provenance)
    flat = (row for chunk in counted for row in chunk)
    if kind == "zip":
        return export.zip_with(columns, flat, relation.name, provenance)
    return export.csv_rows(columns, flat)


class _Counted:
    """Chunks of rows, counted as they pass, and the published files they come from."""

    def __init__(self, relation: Relation, chunks: Iterator[list[tuple[Any, ...]]]) -> None:
        names = [column.name for column in relation.columns]
        self._place = names.index("arquivo_origem") if "arquivo_origem" in names else None
        self._chunks = chunks
        self._files: set[str] = set()
        self.rows = 0

    @property
    def files(self) -> set[str] | None:
        """The files of the rows so far; None where the table does not say."""
        return None if self._place is None else self._files

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in self._chunks:
            self.rows += len(chunk)
            if self._place is not None:
                self._files.update(row[self._place] for row in chunk)
            yield chunk
