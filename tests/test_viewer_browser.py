"""The viewer as a person sees it: a real chromium over a captured and materialized sample."""

from dataclasses import replace

import pytest
from selenium.webdriver.common.by import By

from pipeline import capture as capturing
from pipeline import database, transform
from pipeline.journal import Journal
from pipeline.settings import load_settings
from sample.portal import Portal
from tests.test_journal import NOW
from tests.viewing import Served, cells, errors, text, wait


@pytest.fixture(scope="module")
def captured(server_dir, sample_files, tmp_path_factory):
    """Settings of a database with the newest sample release and one run with its log."""
    folder = tmp_path_factory.mktemp("navegador")
    (folder / "postgres").symlink_to(server_dir / "postgres")
    with Portal(sample_files) as portal:
        settings = replace(
            load_settings(folder / "none"),
            db_name="navegador",
            data_dir=folder,
            log_dir=folder / "logs",
            page_url=portal.url,
        )
        database.prepare(settings)
        release = capturing.list_releases(settings).releases[-1]
        capturing.capture_release(settings, release, "run-1")
    transform.materialize(settings, "recente", "run-1")
    with Journal(settings, "run-1") as journal:
        journal.run(flow="Captura dos Dados", estado="Success", inicio=NOW, fim=NOW)
        journal.record(level="ERROR", task="Capturar", moment=NOW, message="primeira\nsegunda <b>")
    return settings


@pytest.fixture(scope="module")
def url(captured):
    """The address of a viewer over it."""
    viewer = Served(captured, captured.data_dir / "casa")
    yield viewer.url
    viewer.stop()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "setembro de 2025"),
        ("/dados?tabela=staging.transformed", "302 linhas"),
        ("/execucoes", "Captura dos Dados"),
    ],
)
def test_every_page_shows_its_content_without_an_error(browser, url, path, expected):
    errors(browser)
    browser.get(url + path)
    wait(browser, lambda: expected in text(browser))
    assert errors(browser) == []


def test_the_grid_shows_columns_with_types_and_rows(browser, url):
    browser.get(f"{url}/dados?tabela=staging.transformed")
    wait(browser, lambda: len(cells(browser, "id_terceirizado")) > 10)
    shown = text(browser)
    assert "data_referencia" in shown
    assert "smallint" in shown
    assert set(cells(browser, "data_referencia")) == {"01/09/2025"}


def test_a_search_without_accents_finds_names_with_them_and_goes_into_the_address(browser, url):
    browser.get(f"{url}/dados?tabela=staging.transformed")
    wait(browser, lambda: "302 linhas" in text(browser))
    field = browser.find_element(By.ID, "dados-busca")
    field.send_keys("ENSINO MEDIO completo")
    wait(browser, lambda: "linhas" in text(browser) and "302 linhas" not in text(browser))
    wait(browser, lambda: "busca=" in browser.current_url)
    found = next(line for line in text(browser).splitlines() if line.endswith(" linhas"))
    address = browser.current_url
    browser.get(f"{url}/")
    browser.get(address)
    wait(browser, lambda: found in text(browser))
    assert browser.find_element(By.ID, "dados-busca").get_attribute("value").startswith("ENSINO")


def test_a_click_on_a_header_sorts_all_rows_on_the_server(browser, url, captured):
    with database.transaction(captured) as connection, connection.cursor() as cursor:
        cursor.execute("select id_terceirizado from staging.transformed")
        ids = sorted(number for (number,) in cursor if number is not None)
    browser.get(f"{url}/dados?tabela=staging.transformed")
    wait(browser, lambda: any(cells(browser, "id_terceirizado")))
    for expected in (ids[:10], ids[:-11:-1]):
        browser.find_element(
            By.CSS_SELECTOR, '.ag-header-cell[col-id="id_terceirizado"] .ag-header-cell-label'
        ).click()
        wait(browser, lambda rows=expected: shown_ids(browser)[:10] == rows)


def shown_ids(browser):
    return [int(value) for value in cells(browser, "id_terceirizado") if value]


def test_the_log_of_a_run_is_shown_whole_and_as_text(browser, url):
    browser.get(f"{url}/execucoes?id=run-1")
    wait(browser, lambda: "segunda <b>" in text(browser))
    assert "primeira" in text(browser)


def test_a_narrow_screen_has_no_sideways_scroll(browser, url):
    browser.set_window_size(480, 900)
    try:
        browser.get(f"{url}/")
        wait(browser, lambda: "setembro de 2025" in text(browser))
        width = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert browser.execute_script(width) <= 1
    finally:
        browser.set_window_size(1400, 1000)
