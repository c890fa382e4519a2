"""Rows as a file, exactly those that a page shows: a table's at /exportar, and a comparison's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import flask

from pipeline.errors import PipelineError
from viewer import address, catalog, comparison, export, formats, rows
from viewer.address import Asked
from viewer.catalog import Column, Relation
from viewer.comparison import Question
from viewer.filters import FilterError
from viewer.pool import ReadPool
from viewer.privacy import NAMES, names_are_hidden, shown
from viewer.provenance import Sources, of_export
from viewer.releases import Release
from viewer.state import label, read_state

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "parquet": "application/vnd.apache.parquet",
}
NOT_IN_A_NAME = re.compile(r"[^a-z0-9_]+")


def register(server: flask.Flask, pool: ReadPool) -> None:
    """Add the address; wrong use is answered with 400, a database that is away with 503."""

    def answered(build: Callable[[ReadPool, Mapping[str, str]], flask.Response]) -> flask.Response:
        try:
            return build(pool, address.read(flask.request.query_string.decode("utf-8", "replace")))
        except FilterError as error:
            return flask.Response(f"{error}.\n", 400, content_type="text/plain; charset=utf-8")
        except PipelineError as error:
            return flask.Response(f"{error}.\n", 503, content_type="text/plain; charset=utf-8")

    server.add_url_rule("/exportar", "rows", lambda: answered(_rows))
    server.add_url_rule("/exportar/comparacao", "comparison", lambda: answered(_comparison))


def _rows(pool: ReadPool, parameters: Mapping[str, str]) -> flask.Response:
    name = parameters.get("tabela", "")
    relation = catalog.find_relation(pool, name)
    if relation is None:
        raise FilterError(f"não há tabela {name[:120]!r}")
    state = read_state(pool, shown(relation), parameters)
    if state.problems:
        raise FilterError(" ".join(state.problems).rstrip("."))
    relation = _chosen(shown(relation), state.columns)
    view = state.view
    facts = {
        "Tabela": relation.full_name,
        "Versão": formats.release(*view.release) if view.release else "todas",
        "Filtros": _json(view.filters) if view.filters else "nenhum",
        "Busca": view.search or "nenhuma",
        "Ordem": _json(list(view.sorts)) if view.sorts else "a da tabela",
    }
    chunks = _started(rows.stream(pool, relation, view))
    counted = _Counted(relation.columns, chunks)
    name = NOT_IN_A_NAME.sub("_", relation.name.lower())
    return _file(pool, name, counted, facts, _kind(parameters))


def _comparison(pool: ReadPool, parameters: Mapping[str, str]) -> flask.Response:
    """Export who changed between two releases, as the page Comparar shows them."""
    asked = Asked(parameters)
    known = comparison.totals(pool)
    before, after = asked.release("de", known), asked.release("para", known)
    question = Question(
        before or (0, 0),
        after or (0, 0),
        change=asked.one_of("mudanca", comparison.CHANGES, "mudança"),
        body=asked.text("siafi"),
        search=asked.text("busca"),
        names=not names_are_hidden(),
    )
    if asked.problems:
        raise FilterError(" ".join(asked.problems).rstrip("."))
    if not before or not after:
        raise FilterError("diga as duas versões: de=AAAA-MM e para=AAAA-MM")
    columns = [one for one in comparison.EXPORTED if question.names or one.name not in NAMES]
    facts = {
        "Comparação": f"{formats.release(*before)} e {formats.release(*after)}",
        "Mudança": question.change or "todas",
        "Órgão (SIAFI)": question.body or "todos",
        "Busca": question.search or "nenhuma",
    }
    chunks = _started(comparison.stream(pool, question, columns))
    counted = _Counted(columns, chunks, {before, after})
    name = f"comparacao_{label(before)}_{label(after)}"
    return _file(pool, name, counted, facts, _kind(parameters))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _kind(parameters: Mapping[str, str]) -> str:
    kind = parameters.get("formato", "csv")
    if kind not in TYPES:
        raise FilterError(f"formato desconhecido: {kind[:40]!r}. Há {', '.join(TYPES)}")
    return kind


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


def _file(
    pool: ReadPool, name: str, counted: _Counted, facts: Mapping[str, str], kind: str
) -> flask.Response:
    """Answer with the rows as a file NAME.KIND that carries or leaves behind its provenance."""
    body = _body(pool, name, counted, {**facts, "Endereço": flask.request.url}, kind)
    answer = flask.Response(body, content_type=TYPES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _body(
    pool: ReadPool, name: str, counted: _Counted, facts: Mapping[str, str], kind: str
) -> Iterable[bytes]:
    def provenance() -> str:
        return of_export(pool, facts, counted.sources, counted.rows)

    if kind == "parquet":
        return export.parquet_file(counted.columns, counted, provenance)
    flat = (row for chunk in counted for row in chunk)
    if kind == "zip":
        return export.zip_with(counted.columns, flat, name, provenance)
    return export.csv_rows(counted.columns, flat)


class _Counted:
    """Chunks of rows, counted as they pass, and the published files they come from.

    The files are those of the releases, where these are given; else those that the rows name.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        chunks: Iterator[list[tuple[Any, ...]]],
        releases: Collection[Release] | None = None,
    ) -> None:
        names = [column.name for column in columns]
        self._place = names.index("arquivo_origem") if "arquivo_origem" in names else None
        self._chunks = chunks
        self._releases = releases
        self._files: set[str] = set()
        self.columns = columns
        self.rows = 0

    @property
    def sources(self) -> Sources:
        """What is known of where the rows so far come from."""
        return Sources(None if self._place is None else self._files, self._releases)

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        for chunk in self._chunks:
            self.rows += len(chunk)
            if self._place is not None:
                self._files.update(row[self._place] for row in chunk)
            yield chunk
