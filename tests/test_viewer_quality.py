"""The page Qualidade: on tables made by hand, where the sample is too clean, and in a browser."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlparse

import flask
import plotly.utils
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline import database
from pipeline.settings import load_settings
from tests.viewing import Served, errors, text, wait
from viewer import checks, quality
from viewer.pages import quality as page
from viewer.pool import ReadPool
from viewer.quality import Window

NOW = datetime(2025, 12, 1, 15, 4, 5, tzinfo=UTC)
MAY, SEPTEMBER = (2023, 5), (2023, 9)
FILE = (
    "insert into public.arquivos (ano, mes, url, arquivo, sha256, bytes, codificacao, separador, "
    "tem_cabecalho, linhas, linhas_cabecalho, linhas_em_branco, linhas_carregadas, "
    "linhas_reparadas, linhas_separadas, linhas_novas, linhas_removidas, linhas_alteradas, "
    "soma_salario, soma_custo, avisos, baixado_em, capturado_em, segundos, execucao_id, vigente) "
    "values (%s, %s, 'http://x/', %s, repeat('ab12', 16), 9876, 'utf-8', ';', true, %s, 1, %s, %s, "
    "%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1.5, 'captura-1', %s)"
)
FILES = [
    (*MAY, "maio.csv", 90, 0, 89, 0, 0, None, None, None, 10, 20, None, NOW, NOW, False),
    (*MAY, "maio_1.csv", 100, 3, 24, 2, 72, 12, 1, 7, 1000, 2000, "coluna nova: x", NOW, NOW, True),
    (*SEPTEMBER, "setembro.csv", 31, 0, 30, 0, 0, None, None, None, 5, 6.5, None, NOW, NOW, True),
]
TABLES = """
    create table public.historic_raw_2023_05
        partition of public.historic_raw for values from (2023, 5) to (2023, 6);
    insert into public.historic_raw
        (id_terc, nm_terceirizado, nr_jornada, nm_orgao, ano, mes, arquivo_origem, linha_origem,
         reparado)
    values ('77', 'MARIA DE TAL', '', 'ÓRGÃO CERTO', 2023, 5, 'maio_1.csv', 40, true),
        ('78', 'OUTRA', '44', 'ÓRGÃO', 2023, 5, 'maio_1.csv', 41, false);
    insert into public.reparos (ano, mes, arquivo, linha, conteudo)
    values (2023, 5, 'maio_1.csv', 40, '77;;MARIA DE TAL;ÓRGÃO CERTO'),
        (2023, 5, 'maio_1.csv', 99, 'já foi;embora');
    insert into public.quarentena
    select 2023, 5, 'maio_1.csv', n, n || ';JOSE DE TAL <b>', 'campos de menos', 'captura-1'
    from generate_series(1, 70) as n;
    insert into public.quarentena values
        (2023, 5, 'maio_1.csv', 88, 'x', 'período de outra versão', null),
        (2023, 5, 'maio_1.csv', 89, 'y', 'período de outra versão', null);
"""
MARTS = """
    create table marts.versoes as
    select * from (values
        (2023::smallint, 5::smallint, 24::bigint, 1000::numeric, 2000::numeric),
        (2023, 9, 29, 5, 6.5)
    ) as rows (ano, mes, linhas, salario_total, custo_total);
    create table marts.nulos_por_coluna as
    select * from (values
        (2023::smallint, 5::smallint, 'cbo_2002', 24::bigint, 1::bigint, 0.0417::numeric),
        (2023, 9, 'cbo_2002', 30, 15, 0.5),
        (2023, 5, 'nome', 24, 1, 0.0417),
        (2023, 9, 'nome', 30, 0, 0)
    ) as rows (ano, mes, coluna, linhas, nulos, fracao_nulos);
    create table marts.fora_da_curva as
    select 2023::smallint as ano, 5::smallint as mes, motivo, 'ÓRGÃO' as nome_orgao_trabalho,
        '08295864000162' as cnpj_empresa, 'LIMPEZA' as razao_social_empresa,
        'MARIA DE TAL' as nome, 'VIGILANTE' as categoria_profissional,
        48::numeric as quantidade_horas_semanais, 2000::numeric as salario_mensal,
        custo::numeric as custo_mensal, custo / 2000::numeric as razao_custo_salario,
        linha_origem
    from (values
        ('custo menor que o salário', 1500, 2),
        ('custo menor que o salário; mais de 44 horas semanais', 1900, 3),
        ('mais de 44 horas semanais', 9000, 4)
    ) as rows (motivo, custo, linha_origem);
"""
RESULT = "insert into public.resultados_dbt values (%s, %s, %s, %s, %s, %s, null, 0.1, %s)"


def execute(settings, *statements):
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(*statement) if isinstance(statement, tuple) else cursor.execute(
                statement
            )


def fill_tests(settings):
    """Three runs that tested: one test passed, failed, warned; one is gone since the second."""
    for number, state in enumerate(["pass", "fail", "warn"]):
        moment = NOW + timedelta(hours=number)
        run, failures = f"mat-{number}", number * 4
        execute(
            settings,
            (
                "insert into public.execucoes values (%s, 'Materialização', 'Success', null, %s, "
                "%s, null, 'm:1')",
                (run, moment, moment),
            ),
            (RESULT, (run, "holds_transformed_campos_invalidos_is_null", "test", "Tudo vale.",
                      state, failures, moment)),
            (RESULT, (run, "transformed", "model", None, "success", None, moment)),
        )  # fmt: skip
        if number < 2:
            execute(settings, (RESULT, (run, "unique_velha_id", "test", None, "pass", 0, moment)))


def make(folder, server_dir, name):
    (folder / "postgres").symlink_to(server_dir / "postgres")
    made = replace(
        load_settings(folder / "none"), db_name=name, data_dir=folder, log_dir=folder / "logs"
    )
    database.prepare(made)
    return made


@pytest.fixture(scope="module")
def captured(server_dir, tmp_path_factory):
    """Settings of a database with files that needed work, and no marts yet."""
    made = make(tmp_path_factory.mktemp("qualidade"), server_dir, "qualidade")
    execute(made, *((FILE, values) for values in FILES), TABLES)
    return made


@pytest.fixture(scope="module")
def filled(captured, server_dir, tmp_path_factory):
    """The same with marts and tests, in a database of its own."""
    made = make(tmp_path_factory.mktemp("qualidade"), server_dir, "qualidade_montada")
    execute(made, *((FILE, values) for values in FILES), TABLES, MARTS)
    fill_tests(made)
    return made


@pytest.fixture(scope="module")
def pool(filled):
    made = ReadPool(filled)
    yield made
    made.close()


@pytest.fixture(scope="module")
def filled_url(filled, tmp_path_factory):
    viewer = Served(filled, tmp_path_factory.mktemp("casa"))
    yield viewer.url
    viewer.stop()


def built(build, cookie=""):
    """What a page builds for a browser with this cookie, as JSON that can be searched."""
    headers = {"Cookie": cookie} if cookie else {}
    with flask.Flask("teste").test_request_context(headers=headers):
        made = build()
    return json.dumps(made, cls=plotly.utils.PlotlyJSONEncoder, ensure_ascii=False)


def shown(pool, cookie="", **parameters):
    return built(lambda: page.layout(pool, parameters), cookie)


def numbers(words):
    """All whole numbers of a text, `1.234` as 1234."""
    return [int(found.replace(".", "")) for found in re.findall(r"\d[\d.]*", words)]


# --- the ledger ---------------------------------------------------------------------------------


def test_the_ledger_shows_each_version_of_a_file_the_one_in_force_first(pool):
    found = quality.ledger(pool, MAY)
    assert [file["arquivo"] for file in found] == ["maio_1.csv", "maio.csv"]
    assert len(quality.ledger(pool, None)) == 3
    html = shown(pool, versao="2023-05")
    for expected in [
        "12 novas, 1 removida, 7 alteradas",
        "coluna nova: x",
        "versão anterior",
        "separador “;”",
        "ab12ab12ab12…",
        "✓ fecha",
    ]:
        assert expected in html, expected
    assert "setembro.csv" not in html


def test_the_ledger_says_which_tables_differ_from_what_was_read(pool):
    html = shown(pool)
    assert "As tabelas diferem do arquivo em 2023-09." in html
    assert html.count("diferem nas tabelas") == 1
    assert html.count("iguais nas tabelas") == 1


def test_without_marts_the_ledger_still_adds_up_and_says_what_is_missing(captured):
    pool = ReadPool(captured)
    assert "ainda não foram montadas" in shown(pool)
    for part in ("nulos", "fora"):
        html = shown(pool, parte=part)
        assert "python run/historic_materialize.py" in html
        assert "não foi montado" in html
    assert "Nenhum teste rodou ainda" in shown(pool, parte="testes")
    pool.close()


def test_nothing_captured_is_told_from_nothing_to_show(settings, pool):
    empty = ReadPool(settings)
    assert "python run/historic_capture.py" in shown(empty)
    empty.close()
    html = shown(pool, parte="separadas", versao="2023-09")
    assert "Nenhuma linha foi separada" in html
    assert "python run/" not in html


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        ({"parte": "x<b>"}, "Não há parte “x<b>”"),
        ({"versao": "2023-06"}, "Não há versão “2023-06”"),
        ({"parte": "fora", "motivo": "'; drop"}, "Não há motivo “'; drop”"),
        ({"parte": "separadas", "pagina": "0"}, "pagina não pode ser “0”"),
        ({"parte": "separadas", "pagina": "9" * 30}, "pagina não pode ser"),
    ],
)
def test_what_an_address_says_wrongly_is_named_and_left_out(pool, parameters, problem):
    assert problem in shown(pool, **parameters)


# --- lines set aside and repaired ---------------------------------------------------------------


def test_lines_set_aside_are_counted_by_reason_and_shown_page_by_page(pool):
    counts = quality.set_aside_counts(pool)
    assert {row["motivo"]: row["linhas"] for row in counts} == {
        "campos de menos": 70,
        "período de outra versão": 2,
    }
    first = quality.set_aside(pool, None, "campos de menos", Window(1, 50))
    second = quality.set_aside(pool, None, "campos de menos", Window(2, 50))
    assert [row["linha"] for row in first + second] == list(range(1, 71))
    html = shown(pool, parte="separadas", motivo="período de outra versão", pagina="2")
    assert "2 linhas separadas" in html
    assert "JOSE DE TAL" not in html


def test_a_page_past_the_end_is_the_last_page(pool):
    html = shown(pool, parte="separadas", pagina="999")
    assert "72 linhas separadas, página 2 de 2" in html
    assert "linha 89" in html


def test_a_repaired_line_is_shown_before_and_after_without_its_empty_columns(pool):
    (before, after), (_, gone) = quality.repairs(pool, MAY, Window(1, 5))
    assert before["conteudo"] == "77;;MARIA DE TAL;ÓRGÃO CERTO"
    assert (after["id_terc"], after["nm_orgao"]) == ("77", "ÓRGÃO CERTO")
    assert gone == {}
    html = shown(pool, parte="reparadas")
    assert "nm_orgao" in html
    assert "nr_jornada" not in html
    assert "linha_origem" not in html
    assert "A linha já não está nas tabelas" in html


def test_no_name_is_shown_where_names_are_hidden(pool):
    for part, name in [("separadas", "JOSE DE TAL"), ("reparadas", "MARIA DE TAL"),
                       ("fora", "MARIA DE TAL")]:  # fmt: skip
        assert name in shown(pool, parte=part)
        hidden = shown(pool, "nomes=ocultos", parte=part)
        assert name not in hidden
        assert "ocult" in hidden
    assert "nome%22" in shown(pool, parte="nulos")
    assert "nome%22" not in shown(pool, "nomes=ocultos", parte="nulos")


# --- tests, nulls, outliers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "model", "about"),
    [
        (
            "unique_together_por_orgao_empresa_ano__mes__cnpj",
            "por_orgao_empresa",
            "ano, mes, cnpj: juntas, não se repetem.",
        ),
        ("not_null_transformed_cpf", "transformed", "cpf está sempre preenchida."),
        ("unique_por_orgao_id", "por_orgao", "id não se repete."),
        ("sums_equal_ledger_transformed_", "transformed", checks.KINDS["sums_equal_ledger"]),
        ("algo_que_ninguem_conhece", "", "algo_que_ninguem_conhece"),
    ],
)
def test_a_test_without_a_description_is_described_by_its_name(name, model, about):
    models = ["por_orgao", "por_orgao_empresa", "transformed"]
    assert checks.described(name, models) == (model, about)


def test_a_test_comes_with_its_history_oldest_first_and_old_tests_are_marked(pool):
    current, old = sorted(checks.checks(pool), key=lambda check: not check.is_current)
    assert [result["estado"] for result in current.results] == ["pass", "fail", "warn"]
    assert (current.about, current.last["falhas"]) == ("Tudo vale.", 8)
    assert (old.name, old.is_current) == ("unique_velha_id", False)
    assert parse_qs(urlparse(current.rows).query)["tabela"] == ["staging.transformed"]
    html = shown(pool, parte="testes")
    assert "Não rodou na última vez" in html
    assert "01/12/2025 13:04:05: Falhou, 4 linhas" in html
    assert "/execucoes?id=mat-1" in html
    assert '"1 aviso"' in html


def test_a_jump_of_nulls_is_marked_and_a_small_change_is_not(pool):
    html = shown(pool, parte="nulos")
    assert html.count('"salta"') == 1
    assert "▲ 46" in html
    assert "1 salto de mais" in html
    assert "faltam 15 de 30" in html
    alone = shown(pool, parte="nulos", versao="2023-09")
    assert "▲ 46" in alone
    assert "faltam 1 de 24" not in alone


def test_an_outlier_with_two_reasons_counts_for_both_and_is_found_by_each(pool):
    counts = {row["motivo"]: row["linhas"] for row in quality.outlier_counts(pool)}
    assert counts == {"custo menor que o salário": 2, "mais de 44 horas semanais": 2}
    for reason, lines in [("", [4, 3, 2]), ("mais de 44 horas semanais", [4, 3])]:
        found = quality.outliers(pool, MAY, reason, Window(1, 9))
        assert [row["linha_origem"] for row in found] == lines
        assert quality.count_outliers(pool, MAY, reason) == len(lines)
    assert quality.count_outliers(pool, SEPTEMBER, "") == 0


# --- in a browser -------------------------------------------------------------------------------


@pytest.fixture
def opened(browser):
    """Open an address; afterwards nothing severe may stand in the console."""
    errors(browser)

    def open_address(address, sign):
        browser.get(address)
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, sign))

    yield open_address
    assert errors(browser) == []
    browser.delete_all_cookies()


def test_every_line_of_the_ledger_adds_up_on_the_page(browser, viewer_url, opened):
    opened(f"{viewer_url}/qualidade", ".livro tbody tr")
    rows = browser.find_elements(By.CSS_SELECTOR, ".livro tbody tr")
    assert len(rows) == 22
    for row in rows:
        cells = [cell.text for cell in row.find_elements(By.CSS_SELECTOR, "td.numero")]
        header, blank, loaded, aside, lines = (numbers(cell)[0] for cell in cells[:5])
        assert header + blank + loaded + aside == lines > 0
    assert "As tabelas têm as mesmas linhas e as mesmas somas." in text(browser)


def test_a_cell_of_nulls_leads_to_exactly_its_rows(browser, viewer_url, opened):
    opened(f"{viewer_url}/qualidade?parte=nulos&versao=2024-05", ".calor td a")
    row = browser.find_element(By.XPATH, "//tr[th='sigla_unidade_gestora']")
    link = row.find_element(By.CSS_SELECTOR, "td a")
    missing, lines = numbers(link.get_attribute("title").partition("faltam")[2])[:2]
    assert 0 < missing < lines == 295
    link.click()
    wait(browser, lambda: f"{missing} linhas" in text(browser))


def test_hidden_names_hide_the_lines_set_aside(browser, filled_url, opened):
    opened(f"{filled_url}/qualidade?parte=separadas", ".publicadas pre")
    assert "JOSE DE TAL <b>" in text(browser)
    browser.add_cookie({"name": "nomes", "value": "ocultos"})
    opened(f"{filled_url}/qualidade?parte=separadas", ".publicadas pre")
    assert "JOSE DE TAL" not in text(browser)
    assert "conteúdo oculto" in text(browser)


def test_a_release_that_is_chosen_goes_into_the_address_and_stays(browser, viewer_url, opened):
    opened(f"{viewer_url}/qualidade", ".livro tbody tr")
    field = browser.find_element(By.ID, "qualidade-versao")
    field.click()
    field.send_keys("maio de 2023", Keys.ARROW_DOWN, Keys.ENTER)
    wait(browser, lambda: browser.current_url.endswith("/qualidade?versao=2023-05"))
    wait(browser, lambda: len(browser.find_elements(By.CSS_SELECTOR, ".livro tbody tr")) == 1)
    wait(
        browser, lambda: browser.switch_to.active_element.get_attribute("id") == "qualidade-versao"
    )
    browser.find_element(By.PARTIAL_LINK_TEXT, "Fora da curva").click()
    wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".foras tbody tr"))
    assert "versao=2023-05" in browser.current_url
    releases = browser.find_elements(By.CSS_SELECTOR, ".foras tbody td:first-child")
    assert {cell.text for cell in releases} == {"maio de 2023"}
