"""Panorama: its figures are those of the tables, marks lead to rows, gaps and delays are said."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By

from pipeline import database
from tests.viewing import errors, text, wait
from viewer import calendar, formats, overview
from viewer.pages import home, home_board
from viewer.pool import ReadPool

CAPTURED = {(2025, 1), (2025, 5)}


@pytest.mark.parametrize(
    ("release", "failed", "today", "expected"),
    [
        ((2025, 5), (), date(2026, 1, 1), "captured"),
        ((2024, 9), (), date(2026, 1, 1), "missing"),
        ((2024, 9), [(2024, 9)], date(2026, 1, 1), "failed"),
        ((2025, 9), (), date(2025, 8, 31), "future"),
        ((2025, 9), (), date(2025, 9, 1), "awaited"),
        ((2025, 9), (), date(2025, 12, 31), "awaited"),
        ((2025, 9), (), date(2026, 1, 1), "overdue"),
    ],
)
def test_how_a_release_stands(release, failed, today, expected):
    assert calendar.standing(release, CAPTURED, failed, today) == expected


def test_releases_follow_each_other_and_are_due_after_three_months():
    assert [calendar.following(one) for one in [(2025, 1), (2025, 5), (2025, 9), (2018, 12)]] == [
        (2025, 5), (2025, 9), (2026, 1), (2019, 1),
    ]  # fmt: skip
    assert calendar.overdue_from((2025, 9)) == date(2026, 1, 1)
    assert calendar.awaited_until((2026, 1)) == date(2026, 4, 30)


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [(101, 100, "+1,0 %"), (100, 100, "0,0 %"), (1, 3, "-66,7 %"), (5, 0, ""), (5, None, "")],
)
def test_a_change_in_words(now, before, expected):
    assert formats.change(now, before) == expected


@pytest.mark.parametrize(
    ("value", "is_short", "expected"),
    [
        ("-853123.857", False, "-R$ 853.123,86"),
        ("-1540000", True, "-R$ 1,5 mi"),
        ("2340000000", True, "R$ 2,34 bi"),
        ("999999", True, "R$ 999.999,00"),
        ("0", False, "R$ 0,00"),
    ],
)
def test_money_in_words(value, is_short, expected):
    assert formats.money(Decimal(value), is_short=is_short) == expected


def fetch(settings, query):
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


@pytest.fixture
def opened(browser, viewer_url):
    def open_page(address="/"):
        browser.get(viewer_url + address)
        wait(browser, lambda: browser.find_elements(By.CLASS_NAME, "maiores"))
        return text(browser)

    return open_page


def test_the_figures_are_those_of_the_people_in_the_tables(opened, history):
    people, cost, companies = fetch(
        history,
        "select count(distinct (cpf, nome)), sum(custo_mensal), count(distinct cnpj_empresa) "
        "from staging.historic_transformed where (ano, mes) = (2025, 9)",
    )[0]
    shown = opened()
    assert "setembro de 2025" in shown
    for value in (people, companies):
        assert f"\n{formats.number(value)}\n" in shown
    assert formats.money(cost, is_short=True) in shown


def test_the_delay_of_the_next_release_is_said(opened, history):
    today = fetch(history, "select (now() at time zone 'America/Sao_Paulo')::date")[0][0]
    late = (today - date(2026, 4, 30)).days
    assert f"atrasada há {formats.number(late)} dias: era esperada até 30/04/2026" in opened()


def test_the_largest_follow_the_choice_of_release_and_measure(opened, browser, history):
    expected = fetch(
        history,
        "select max(razao_social_empresa), count(distinct (cpf, nome)) "
        "from staging.historic_transformed where (ano, mes) = (2020, 5) "
        "group by cnpj_empresa order by 2 desc limit 1",
    )[0]
    opened("/?versao=2020-05&por=pessoas")
    lists = browser.find_elements(By.CSS_SELECTOR, ".maiores .barras")
    assert len(lists) == 3
    assert lists[1].find_element(By.CLASS_NAME, "quanto").text == formats.number(expected[1])
    browser.find_element(By.XPATH, "//label[.='Custo por mês']").click()
    wait(browser, lambda: "por=custo" in browser.current_url)
    wait(browser, lambda: "R$" in browser.find_element(By.CLASS_NAME, "maiores").text)
    assert "versao=2020-05" in browser.current_url


def test_a_bar_leads_to_the_rows_it_counts(opened, browser):
    opened("/?por=pessoas")
    link = browser.find_elements(By.CSS_SELECTOR, ".maiores .quanto")[-1]
    amount = int(link.text.replace(".", ""))
    browser.execute_script("arguments[0].click()", link)
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".ag-center-cols-container"))
    count = wait(browser, lambda: browser.find_element(By.ID, "dados-total").text)
    assert int("".join(filter(str.isdigit, count))) >= amount > 0
    asked = parse_qs(urlsplit(browser.current_url).query)
    assert asked["versao"] == ["2025-09"]
    assert set(json.loads(asked["filtro"][0])) == {"cbo_2002", "categoria_profissional"}


def test_a_click_on_a_point_of_a_chart_leads_to_the_rows_of_its_release(opened, browser):
    opened()
    point = wait(
        browser, lambda: browser.find_elements(By.CSS_SELECTOR, "#panorama-pessoas .point")
    )
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", point[0])
    layer = browser.find_element(By.CSS_SELECTOR, "#panorama-pessoas .nsewdrag")
    box, dot = layer.rect, point[0].rect
    across = dot["x"] + dot["width"] / 2 - box["x"] - box["width"] / 2
    down = dot["y"] + dot["height"] / 2 - box["y"] - box["height"] / 2
    mouse = ActionChains(browser).move_to_element_with_offset(layer, int(across), int(down))
    mouse.pause(0.3).click().perform()
    wait(browser, lambda: "/dados?" in browser.current_url)
    assert "versao=2019-01" in browser.current_url


def test_releases_to_which_a_body_sent_nothing_are_named_and_drawn_hollow(opened, browser, history):
    gaps = fetch(
        history,
        "select ano, mes, count(*) from marts.cobertura where ultima_versao > data_referencia "
        "group by ano, mes order by ano, mes",
    )
    assert gaps
    shown = opened()
    for year, month, number in gaps:
        assert f"{formats.release(year, month)} ({number})" in shown
    symbols = browser.execute_script(
        "return document.querySelector('#panorama-pessoas .js-plotly-plot').data[0].marker.symbol"
    )
    assert symbols.count("circle-open") == len(gaps)


def as_text(content):
    return json.dumps(content, default=lambda one: one.to_plotly_json())


def test_the_board_counts_every_release_and_its_numbers_lead_to_the_lines(opened, browser, history):
    assert "21 capturadas" in opened()
    cells = browser.find_elements(By.CSS_SELECTOR, ".quadro .captured")
    lines = fetch(history, "select count(*) from public.historic_raw")[0][0]
    assert sum(int(cell.text.replace(".", "")) for cell in cells) == lines
    assert len({cell.get_attribute("href") for cell in cells}) == 21
    assert not errors(browser)


def test_the_board_leads_to_the_lines_set_aside(pool):
    files = [{**file, "linhas_separadas": 3} for file in overview.files(pool)[:1]]
    shown = as_text(home_board.content(pool, files))
    assert "3 \\u00e0 parte" in shown
    assert "/qualidade?parte=separadas&versao=2025-09" in shown


def test_the_board_shows_what_failed_and_where_to_read_why(pool, monkeypatch):
    moment = datetime(2026, 2, 3, 12, tzinfo=UTC)
    failed = {(2026, 1): {"execucao_id": "run-9", "fim": moment}}
    monkeypatch.setattr(overview, "failed_captures", lambda _: failed)
    monkeypatch.setattr(overview, "dates", lambda _: {"today": date(2026, 2, 3)})
    shown = as_text(home_board.content(pool, overview.files(pool)))
    assert "falhou em 03/02/2026" in shown
    assert "/execucoes?id=run-9" in shown
    assert "1 com falha" in shown


def test_a_failed_capture_of_one_release_is_found_until_it_succeeds(settings):
    database.prepare(settings)
    insert = "insert into execucoes_tarefas values ('r', 'Capturar 2024-05', %s, 1, %s, '', %s, %s)"
    steps = [("Failed", {(2024, 5)}), ("Success", set()), ("TimedOut", {(2024, 5)})]
    reading = ReadPool(settings)
    for hour, (state, expected) in enumerate(steps):
        with database.transaction(settings) as connection, connection.cursor() as cursor:
            moment = datetime(2026, 2, 3, hour, tzinfo=UTC)
            cursor.execute(insert, [hour, state, moment, moment])
        assert set(overview.failed_captures(reading)) == expected
    reading.close()


def test_what_is_not_materialized_is_said_and_the_board_is_there_all_the_same(pool, monkeypatch):
    monkeypatch.setattr(overview, "RELEASES", "select * from marts.ainda_nao")
    shown = as_text(home.layout(pool, {}))
    assert "python run/historic_materialize.py" in shown
    assert "21 capturadas" in shown


def test_an_empty_database_says_how_to_begin(settings):
    database.prepare(settings)
    reading = ReadPool(settings)
    shown = as_text(home.layout(reading, {}))
    reading.close()
    assert "Nada foi capturado ainda" in shown
    assert "python run/capture.py" in shown
