"""The indexed way to a table's rows gives what looking at every row gives, in the same order."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from pipeline import database, search
from viewer import catalog, reading, rows
from viewer.filters import FilterError, sort_keys
from viewer.pool import SlowQueryError
from viewer.rows import View

TABLE = "staging.historic_transformed"
WORDS = [
    "maria",
    "LTDA",
    "são",
    "d'",
    ".",
    "527",
    "44",
    "vigil ância",
    "limpeza ltda",
    "%",
    "_",
    "ç",
]


@pytest.fixture(scope="module")
def indexed(pool):
    relation = catalog.find_relation(pool, TABLE)
    assert relation.words
    return relation


@pytest.fixture(scope="module")
def plain(indexed):
    """The same table, as if it had no index of words."""
    return replace(indexed, words="", estimate=1)


@pytest.fixture(params=["collected", "walked"])
def way(request, monkeypatch):
    """Both ways of reading, whatever the planner thinks."""
    monkeypatch.setattr(reading, "WALK_TO_COLLECT", 0 if request.param == "walked" else 10**9)
    monkeypatch.setattr(reading, "_quicker", {})
    monkeypatch.setattr(rows, "can_search", lambda _: True)
    return request.param


def same(pool, indexed, plain, view):
    """Read a page from the beginning and one from further on, both ways."""
    for start in (0, 150):
        ours = rows.page(pool, indexed, view, start, start + 200)
        theirs = rows.page(pool, plain, view, start, start + 200)
        keys = sort_keys(indexed, view.sorts)
        if keys and not keys[0].is_forward:  # ties may stand in another order
            name = view.sorts[0]["colId"]
            assert [row[name] for row in ours] == [row[name] for row in theirs]
        else:
            assert ours == theirs


def values(pool, column):
    found = pool.fetch(
        f'select distinct "{column}"::text as value from {TABLE} where "{column}" is not null '
        "order by 1 limit 400"
    )
    return [row["value"] for row in found[::67]]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_every_column_sorts_alike(pool, indexed, plain, way, direction):
    for column in indexed.columns:
        if column.is_sortable:
            view = View(sorts=[{"colId": column.name, "sort": direction}])
            same(pool, indexed, plain, view)


@pytest.mark.parametrize("operator", ["contains", "notContains", "equals", "notEqual", "startsWith",
    "endsWith", "anyOf", "blank", "notBlank"])  # fmt: skip
def test_every_text_filter_finds_alike(pool, indexed, plain, way, operator):
    found = 0
    for column in indexed.columns:
        if column.kind != "text":
            continue
        for value in values(pool, column.name):
            piece = value[1:-1] if operator == "contains" else value[: max(len(value) // 2, 1)]
            text = value if operator in {"equals", "notEqual", "anyOf", "endsWith"} else piece
            model = {column.name: {"type": operator, "filter": text}}
            if not text.strip():
                continue
            order = [{"colId": "custo_mensal", "sort": "desc"}]
            same(pool, indexed, plain, View(model, order))
            found += rows.count(pool, indexed, View(model), exactly=True).rows
    assert found or operator == "blank"


@pytest.mark.parametrize("text", WORDS)
def test_every_search_finds_alike(pool, indexed, plain, way, text):
    view = View(search=text)
    assert rows.count(pool, indexed, view, exactly=True) == rows.count(
        pool, plain, view, exactly=True
    )
    ordered = View(search=text, sorts=[{"colId": "nome", "sort": "asc"}])
    same(pool, indexed, plain, ordered)


def test_a_piece_of_every_name_is_found(pool, indexed, way):
    names = pool.fetch(f"select distinct nome from {TABLE} where nome is not null order by 1")
    for row in names[::40]:
        view = View({"nome": {"type": "contains", "filter": row["nome"][2:-1]}})
        assert rows.count(pool, indexed, view, exactly=True).rows > 0, row["nome"]


def test_the_vocabulary_has_every_word_and_value(pool):
    (words,) = pool.fetch(
        "select count(*) as missing "
        f"from (select distinct unnest(public.palavras(nome)) as palavra from {TABLE}) as used "
        "left join public.vocabulario using (palavra) "
        "where vocabulario.palavra is null"
    )
    assert words == {"missing": 0}
    (found,) = pool.fetch(
        f"select count(*) as missing from (select distinct public.sem_acento(numero_contrato) "
        f"as valor from {TABLE}) as used where valor is not null and not exists (select 1 from "
        "public.valores where coluna = 'numero_contrato' and valores.valor = used.valor)"
    )
    assert found == {"missing": 0}


def test_the_whole_table_is_paged_without_a_row_twice(pool, indexed, way):
    expected = rows.count(pool, indexed, View(), exactly=True).rows
    seen = []
    for start in itertools.count(0, 900):
        view = View(sorts=[{"colId": "escolaridade_exigida", "sort": "desc"}])
        page = rows.page(pool, indexed, view, start, start + 900)
        seen += [(row["ano"], row["mes"], row["linha_origem"]) for row in page]
        if len(page) < 900:
            break
    assert len(seen) == len(set(seen)) == expected


WAYS = {"sort": "walked", "indexscan": "collected", "indexscan seqscan": "by release"}


class Impatient:
    """A pool in which reads of some ways are always given up, where they may be."""

    def __init__(self, pool, slow):
        self.pool, self.slow, self.read, self.long = pool, slow, [], pool.long

    def fetch(self, query, values=None, *, timeout_ms=0, avoid=()):
        if timeout_ms in reading.PATIENCE_MS:
            self.read.append(WAYS[" ".join(avoid)])
            if self.read[-1] in self.slow:
                raise SlowQueryError("demorou")
        return self.pool.fetch(query, values, timeout_ms=timeout_ms, avoid=avoid)


@pytest.mark.parametrize(
    "case", [({"walked"}, False, 2), ({"collected"}, True, 2), ({"walked", "collected"}, False, 4)]
)
def test_what_takes_long_is_given_up_for_the_other_way(pool, indexed, plain, way, case):
    slow, is_walk, tried = case
    for direction in ("asc", "desc"):
        reading._quicker.clear()
        impatient = Impatient(pool, slow)
        view = View(
            {"razao_social_empresa": {"type": "contains", "filter": "ltda"}},
            sorts=[{"colId": "salario_mensal", "sort": direction}],
        )
        theirs = rows.page(pool, plain, view, 0, 200)
        ours = rows.page(impatient, indexed, view, 0, 200)
        assert [row["salario_mensal"] for row in ours] == [row["salario_mensal"] for row in theirs]
        assert len(impatient.read) == (tried if way in slow else 1)
        assert list(reading._quicker.values()) == [is_walk if way in slow else way == "walked"]


def test_a_view_walked_backwards_keeps_to_the_way_of_its_first_page(pool, indexed, way):
    view = View(sorts=[{"colId": "nome", "sort": "desc"}])
    impatient = Impatient(pool, {"walked"})
    seen = [row["linha_origem"] + "/" + row["data_referencia"] for start in range(0, 600, 100)
            for row in rows.page(impatient, indexed, view, start, start + 100)]  # fmt: skip
    assert len(seen) == len(set(seen)) == 600
    assert list(reading._quicker.values()) == [False]
    reading._quicker.clear()
    assert rows.page(impatient, indexed, view, 300, 400)
    assert list(reading._quicker.values()) == [False]


@pytest.mark.parametrize("text", ["ltda", "limpeza", "nenhuma empresa se chama assim"])
def test_the_newest_releases_are_read_one_by_one(pool, indexed, plain, monkeypatch, text):
    monkeypatch.setattr(reading, "WALK_TO_COLLECT", 0)
    monkeypatch.setattr(reading, "_quicker", {})
    view = View(
        {"razao_social_empresa": {"type": "contains", "filter": text}},
        sorts=[{"colId": "data_referencia", "sort": "desc"}],
    )
    for slow in ({"walked"}, {"walked", "by release"}):
        for start in (0, 40, 300, 1_500, 100_000):
            impatient = Impatient(pool, slow)
            ours = rows.page(impatient, indexed, view, start, start + 200)
            assert ours == rows.page(pool, plain, view, start, start + 200)
            assert "by release" in impatient.read or start


def test_a_large_table_without_indexes_is_looked_at_one_release_at_a_time(pool):
    relation = replace(catalog.find_relation(pool, "public.historic_raw"), estimate=10**6)
    assert rows.needs_release(relation)
    assert not rows.needs_release(catalog.find_relation(pool, TABLE))
    page = rows.page(pool, relation, View(release=(2023, 5)), 0, 5)
    assert {(row["ano"], row["mes"]) for row in page} == {("2023", "5")}
    with pytest.raises(FilterError, match="não tem índice de busca"):
        rows.page(pool, relation, View(search="maria", release=(2023, 5)), 0, 5)


@pytest.mark.parametrize("name", ["staging.historic_cleaned", "staging.historic_renamed"])
def test_a_view_gives_its_rows_in_order(pool, name):
    relation = catalog.find_relation(pool, name)
    view = View(release=(2019, 1), sorts=[{"colId": relation.columns[8].name, "sort": "desc"}])
    total = rows.count(pool, relation, view, exactly=True).rows
    lines = [
        row["linha_origem"]
        for start in range(0, total, 90)
        for row in rows.page(pool, relation, view, start, start + 90)
    ]
    assert len(lines) == len(set(lines)) == total > 90


def test_indexes_are_made_once_and_what_is_missing_is_made_again(history):
    assert search.prepare_search(history, "historico") == 0
    with database.transaction(history) as connection, connection.cursor() as cursor:
        cursor.execute("drop index staging.transformed_palavras")
    assert search.prepare_search(history, "recente") == 1
    assert search.prepare_search(history, "recente") == 0
