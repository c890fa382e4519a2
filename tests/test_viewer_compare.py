"""Comparar: who entered, left or changed between two releases, against the same worked out here."""

from __future__ import annotations

import csv
import io
import unicodedata
import urllib.parse
import urllib.request
import zipfile
from collections import Counter, defaultdict
from decimal import Decimal

import psycopg2.extras
import pyarrow.parquet as pq
import pytest
from selenium.webdriver.common.by import By

from pipeline import database
from tests.viewing import errors, text, wait
from viewer import comparison
from viewer.comparison import Question
from viewer.formats import number
from viewer.pool import ReadPool

BEFORE, AFTER = (2023, 1), (2023, 5)
ADDRESS = "/comparar?de=2023-01&para=2023-05"


def fetch(settings, query, *values):
    with (
        database.transaction(settings) as connection,
        connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor,
    ):
        cursor.execute(query, values)
        return cursor.fetchall()


def fold(name):
    plain = unicodedata.normalize("NFD", name.lower())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def people(settings, release):
    """Everybody of a release by key, with sums and sets, without the query under test."""
    found = defaultdict(
        lambda: {"salario": Decimal(0), "custo": Decimal(0), "sets": [set(), set(), set()]}
    )
    for row in fetch(
        settings,
        "select * from staging.historic_transformed where (ano, mes) = (%s, %s)", *release,
    ):  # fmt: skip
        if row["cpf"] is None or row["nome"] is None:
            continue
        person = found[row["cpf"], fold(row["nome"])]
        person["salario"] += row["salario_mensal"] or 0
        person["custo"] += row["custo_mensal"] or 0
        for names, column in zip(
            person["sets"],
            ("cnpj_empresa", "id_orgao_siafi", "categoria_profissional"),
            strict=True,
        ):
            names.add(row[column])
    return found


def changes(before, after):
    """The changes of everybody, by key; nothing for who stayed as they were."""
    found = {key: {"entrou"} for key in after.keys() - before.keys()}
    found |= {key: {"saiu"} for key in before.keys() - after.keys()}
    for key in before.keys() & after.keys():
        old, new = before[key], after[key]
        mine = {name for name in ("salario", "custo") if old[name] != new[name]}
        kinds = ("empresa", "orgao", "ocupacao")
        pairs = zip(kinds, old["sets"], new["sets"], strict=True)
        mine |= {kind for kind, was, now in pairs if was != now}
        if mine:
            found[key] = mine
    return found


@pytest.fixture(scope="module")
def expected(history):
    return changes(people(history, BEFORE), people(history, AFTER))


def test_everybody_is_told_as_worked_out_here(pool, expected):
    answer = comparison.answer(pool, Question(BEFORE, AFTER), 1, 100_000)
    found = {(one["cpf"], fold(one["nome"])): set(one["mudancas"]) for one in answer.people}
    assert found == expected
    counts = Counter(change for mine in expected.values() for change in mine)
    assert answer.counts == {change: counts[change] for change in comparison.CHANGES}
    assert answer.changed == len(expected)


def test_nobody_is_lost_between_the_kinds(pool, history):
    answer = comparison.answer(pool, Question(BEFORE, AFTER), 1, 1)
    everybody = people(history, BEFORE).keys() | people(history, AFTER).keys()
    assert answer.same + answer.changed == len(everybody)
    assert answer.same > 0


def test_pages_of_a_kind_hold_each_person_once(pool, expected):
    question = Question(BEFORE, AFTER, change="saiu")
    total = comparison.answer(pool, question, 1, 1).counts["saiu"]
    found = []
    for page in range(1, -(-total // 10) + 1):
        found += [
            (one["cpf"], one["nome"]) for one in comparison.answer(pool, question, page, 10).people
        ]
    assert len(found) == len(set(found)) == total
    assert total == sum("saiu" in mine for mine in expected.values())


def test_a_body_or_a_text_narrows_to_those_concerned(pool):
    someone = comparison.answer(pool, Question(BEFORE, AFTER, change="empresa"), 1, 1).people[0]
    body, company = someone["siafis_depois"][0], someone["empresas_depois"][0]
    for question, kind, value in (
        (Question(BEFORE, AFTER, body=body), "siafis", body),
        (Question(BEFORE, AFTER, search=company.lower()), "empresas", company),
    ):
        found = comparison.answer(pool, question, 1, 10_000)
        assert someone["cpf"] in {one["cpf"] for one in found.people}
        assert 0 < found.changed < comparison.answer(pool, Question(BEFORE, AFTER), 1, 1).changed
        for one in found.people:
            assert value in (one[f"{kind}_antes"] or []) + (one[f"{kind}_depois"] or [])


def test_without_names_nobody_is_found_by_name(pool):
    someone = comparison.answer(pool, Question(BEFORE, AFTER), 1, 1).people[0]["nome"]
    open_, hidden = (
        comparison.answer(pool, Question(BEFORE, AFTER, search=someone, names=names), 1, 10)
        for names in (True, False)
    )
    assert open_.people
    assert not hidden.people


MADE = """
    create table staging.historic_transformed (
        ano smallint, mes smallint, cpf text, nome text, id_orgao_siafi text,
        nome_orgao_trabalho text, cnpj_empresa text, razao_social_empresa text,
        categoria_profissional text, salario_mensal numeric(12, 2), custo_mensal numeric(12, 2)
    );
    create schema if not exists marts;
    create table marts.versoes (ano smallint, mes smallint);
    insert into marts.versoes values (2025, 5), (2025, 9);
    insert into staging.historic_transformed values
        (2025, 5, '1', 'ANA', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 9, '1', 'Aná', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 5, '2', 'BIA', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 9, '2', 'BIA', 'o', 'O', 'b', 'B', 'VIGIA', 10, 25),
        (2025, 5, '3', 'CAIO', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 5, '3', 'CAIO', 'o', 'O', 'b', 'B', 'COPEIRO', 5, 9),
        (2025, 9, '3', 'CAIO', 'o', 'O', 'b', 'B', 'COPEIRO', 5, 9),
        (2025, 9, '3', 'CAIO', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 5, '4', 'DAVI', null, null, null, null, null, null, null),
        (2025, 9, '4', 'DAVI', 'p', 'P', 'a', 'A', 'VIGIA', 10, null),
        (2025, 5, '5', null, 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 9, null, 'EVA', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20),
        (2025, 9, '6', 'FE', 'o', 'O', 'a', 'A', 'VIGIA', 10, 30),
        (2025, 5, '6', 'GIL', 'o', 'O', 'a', 'A', 'VIGIA', 10, 20);
"""


def test_accents_two_records_gaps_and_missing_keys(settings):
    database.prepare(settings)
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute("create schema if not exists staging")
        cursor.execute(MADE)
        cursor.execute("grant usage on schema staging, marts to public")
        cursor.execute("grant select on all tables in schema staging, marts to public")
    reading = ReadPool(settings)
    question = Question((2025, 5), (2025, 9))
    answer = comparison.answer(reading, question, 1, 10)
    assert {one["nome"]: one["mudancas"] for one in answer.people} == {
        "BIA": ["empresa", "custo"],
        "DAVI": ["empresa", "orgao", "ocupacao", "salario"],
        "FE": ["entrou"],
        "GIL": ["saiu"],
    }
    assert [one["nome"] for one in answer.people] == ["FE", "GIL", "BIA", "DAVI"]
    assert (answer.same, answer.changed, answer.without_key) == (2, 4, 2)
    bia = answer.people[2]
    assert (bia["custo_antes"], bia["custo_depois"]) == (Decimal("20.00"), Decimal("25.00"))
    assert (bia["empresas_antes"], bia["empresas_depois"]) == (["A"], ["B"])

    change = "update staging.historic_transformed set custo_mensal = 25 where nome = 'BIA'"
    for statement, bias in ((change, 1), ("update marts.versoes set mes = mes", 0)):
        with database.transaction(settings) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
        counts = comparison.answer(reading, question, 1, 10).counts
        assert counts["custo"] == bias, "remembered until a release is materialized again"
    reading.close()


def get(url, cookie=""):
    request = urllib.request.Request(url, headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read()


def lines(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_the_export_holds_exactly_those_asked_for_and_says_where_they_come_from(
    viewer_url, expected
):
    url = f"{viewer_url}/exportar/comparacao?de=2023-01&para=2023-05&mudanca=entrou"
    entered = sum("entrou" in mine for mine in expected.values())
    rows = lines(get(url))
    assert len(rows) == entered + 1
    assert rows[0][:3] == ["cpf", "nome", "mudancas"]
    archive = zipfile.ZipFile(io.BytesIO(get(f"{url}&formato=zip")))
    told = archive.read("procedencia.txt").decode()
    assert f"Linhas: {number(entered)}\n" in told
    assert "Comparação: janeiro de 2023 e maio de 2023\n" in told
    assert told.count("sha256") == 2
    assert len(lines(archive.read("comparacao_2023-01_2023-05.csv"))) == entered + 1
    assert pq.read_table(io.BytesIO(get(f"{url}&formato=parquet"))).num_rows == entered


def test_an_export_without_names_has_none(viewer_url):
    url = f"{viewer_url}/exportar/comparacao?de=2023-01&para=2023-05"
    assert "nome" in lines(get(url))[0]
    assert "nome" not in lines(get(url, "nomes=ocultos"))[0]


@pytest.mark.parametrize(
    "query", ["", "de=2023-01", "de=x&para=2023-05", "de=2023-01&para=2023-05&mudanca=x",
              "de=2023-01&para=2023-05&formato=x"],
)  # fmt: skip
def test_an_export_of_what_is_not_there_is_refused(viewer_url, query):
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"{viewer_url}/exportar/comparacao?{query}")
    assert refused.value.code == 400
    assert refused.value.read().decode().endswith(".\n")


@pytest.fixture
def opened(browser, viewer_url):
    def open_page(address=ADDRESS):
        browser.get(viewer_url + address)
        wait(browser, lambda: "Pessoa a pessoa" in text(browser))
        return text(browser)

    return open_page


def test_two_releases_are_compared_in_the_browser(opened, browser, expected):
    counts = Counter(change for mine in expected.values() for change in mine)
    shown = opened()
    assert f"{number(counts['entrou'])} entraram" in shown
    assert f"{number(counts['saiu'])} saíram" in shown
    tab = browser.find_element(By.PARTIAL_LINK_TEXT, "Outra empresa")
    assert tab.text.split()[-1] == number(counts["empresa"])
    browser.execute_script("arguments[0].click()", tab)
    wait(browser, lambda: "mudanca=empresa" in browser.current_url)
    rows = wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".mudancas tbody tr"))
    wait(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, ".mudancas del")) > 0)
    assert len(rows) <= 25
    assert not errors(browser)


def test_another_release_is_chosen_and_goes_into_the_address(opened, browser):
    opened()
    field = browser.find_element(By.ID, "comparar-de")
    browser.execute_script("arguments[0].click()", field)
    option = wait(
        browser, lambda: browser.find_element(By.XPATH, "//*[@role='option'][.='maio de 2019']")
    )
    browser.execute_script("arguments[0].click()", option)
    wait(browser, lambda: "de=2019-05" in browser.current_url)
    wait(browser, lambda: "desde maio de 2019" in text(browser))


def test_the_same_release_twice_is_no_comparison(browser, viewer_url):
    browser.get(f"{viewer_url}/comparar?de=2023-05&para=2023-05")
    wait(browser, lambda: "escolha duas diferentes" in text(browser))


def test_a_body_that_sent_nothing_is_named(opened, history):
    silent = fetch(
        history,
        "select max(was.nome_orgao_trabalho) as name from staging.historic_transformed as was "
        "where (ano, mes) = (2023, 1) and id_orgao_siafi is not null and not exists ("
        "select from staging.historic_transformed as now where (now.ano, now.mes) = (2023, 5) "
        "and now.id_orgao_siafi = was.id_orgao_siafi) group by id_orgao_siafi",
    )
    assert silent
    shown = opened()
    assert "em maio de 2023 não há linhas de" in shown
    assert all(row["name"] in shown for row in silent)


def test_hidden_names_are_not_shown_nor_in_links(opened, browser):
    opened()
    browser.add_cookie({"name": "nomes", "value": "ocultos"})
    try:
        shown = opened()
        assert "(nome oculto)" in shown
        links = browser.find_elements(By.CSS_SELECTOR, ".mudancas td:first-child a")
        assert links
        assert not any(
            "nome%22" in urllib.parse.quote(urllib.parse.unquote(link.get_attribute("href")))
            for link in links
        )
    finally:
        browser.delete_cookie("nomes")
