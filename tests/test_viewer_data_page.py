"""The page Dados in a real browser, over all of the sample's history."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, quote, urlparse

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.viewing import cells, errors, text, wait

HISTORY = "staging.historic_transformed"


@pytest.fixture
def page(browser, viewer_url):
    """Open the page with these parameters; return them as the address then says them."""

    def open_page(**parameters):
        errors(browser)
        query = "&".join(f"{name}={quote(value)}" for name, value in parameters.items())
        browser.get(f"{viewer_url}/dados?{query}")
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".ag-cell"))

    yield open_page
    assert errors(browser) == []
    browser.delete_all_cookies()


def address(browser):
    return {k: v[0] for k, v in parse_qs(urlparse(browser.current_url).query).items()}


def test_a_release_is_chosen_in_the_address_and_history_begins_with_the_newest(page, browser):
    page(tabela=HISTORY)
    wait(browser, lambda: cells(browser, "data_referencia")[:1] == ["01/09/2025"])
    page(tabela=HISTORY, versao="2020-05")
    wait(browser, lambda: set(cells(browser, "data_referencia")) == {"01/05/2020"})
    wait(browser, lambda: "linhas" in text(browser))
    assert address(browser)["versao"] == "2020-05"


def test_a_row_opens_down_to_the_file_and_line_it_comes_from(page, browser):
    page(tabela=HISTORY, versao="2024-05")
    wait(browser, lambda: cells(browser, "ano"))
    cell = browser.find_element(By.CSS_SELECTOR, '[col-id="ano"].ag-cell')
    cell.click()
    wait(browser, lambda: "Como foi publicada" in text(browser))
    assert "terceirizados202405.xlsx" in text(browser)
    assert "SHA-256" in text(browser)
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)


def test_columns_are_chosen_with_their_meaning_and_stay_in_the_address(page, browser):
    page(tabela=HISTORY, colunas="nome,custo_mensal")
    wait(browser, lambda: any(cells(browser, "nome")))
    assert not cells(browser, "cpf")
    browser.find_element(By.XPATH, "//button[.='Colunas']").click()
    box = wait(browser, lambda: browser.find_element(By.CSS_SELECTOR, 'input[value="cpf"]'))
    wait(browser, lambda: "CPF da pessoa, mascarado pela fonte" in text(browser))
    browser.execute_script("arguments[0].click()", box)
    wait(browser, lambda: any(cells(browser, "cpf")))
    wait(browser, lambda: "cpf" in address(browser).get("colunas", ""))


def test_the_switch_hides_names_everywhere_and_gives_them_back(page, browser):
    page(tabela="staging.transformed")
    for is_hidden in (True, False):
        switch = browser.find_element(By.ID, "ocultar-nomes")
        browser.execute_script("arguments[0].click()", switch)
        time.sleep(0.5)
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".ag-cell"))
        found = browser.execute_script(
            "return !!dash_ag_grid.getApi('dados-grade').getColumn('nome')"
        )
        assert found is not is_hidden


def test_an_address_sent_to_somebody_shows_the_same(page, browser):
    model = '{"salario_mensal":{"filterType":"number","type":"greaterThan","filter":1500}}'
    order = '[{"colId":"salario_mensal","sort":"asc"}]'
    page(tabela=HISTORY, filtro=model, ordem=order, busca="maria")
    wait(browser, lambda: "linha" in text(browser) and any(cells(browser, "id_terceirizado")))
    said = address(browser)
    assert (said["filtro"], said["ordem"], said["busca"]) == (model, order, "maria")
    first = cells(browser, "id_terceirizado")[:5]
    browser.get(browser.current_url)
    wait(browser, lambda: cells(browser, "id_terceirizado")[:5] == first)
