"""The pages Execuções and Registros: filters, pages, the timeline, errors, and what goes on."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline.errors import ConfigurationError
from pipeline.settings import load_settings
from tests.test_viewer_quality import built, execute, make
from tests.viewing import Served, errors, text, wait
from viewer import journal
from viewer.app import create_app
from viewer.journal import Asked
from viewer.pages import records, runs
from viewer.pages.log_lines import log_lines
from viewer.pages.timeline import timeline
from viewer.pool import ReadPool, SlowQueryError

NOON = datetime(2025, 12, 1, 15, 0, tzinfo=UTC)
"""Noon in Brasília."""
RUN = "insert into public.execucoes values (%s, %s, %s, %s, %s, %s, '{}', 'm:1')"
LINE = (
    "insert into public.registros "
    "(execucao_id, processo, sequencia, tarefa, nivel, momento, mensagem) "
    "values (%s, 'p', %s, %s, %s, %s, %s)"
)
TRACE = (
    "Não foi possível capturar\nTraceback (most recent call last):\n"
    '  File "a.py", line 1, in f\n    g()\nErro: cause\n\nDuring handling:\n\n'
    '  File "b.py", line 2\nmodulo.Erro: o portal cortou a conexão\n(segunda linha)'
)
TASK = {"indice": -1, "tentativa": 1, "mensagem": None, "estado": "Success"}


def hours(number):
    return NOON + timedelta(hours=number)


@pytest.fixture(scope="module")
def written(server_dir, tmp_path_factory):
    """Settings of a database with three runs, one a day, and seven log lines, two at one time."""
    made = make(tmp_path_factory.mktemp("execucoes"), server_dir, "execucoes")
    for number, (flow, state) in enumerate(
        [("Captura", "Success"), ("Materialização", "Failed"), ("Captura", "Failed")]
    ):
        start = hours(24 * number)
        end = start + timedelta(minutes=2)
        execute(made, (RUN, (f"run-{number}", flow, state, "mensagem", start, end)))
    for run, number, level, moment, words in [
        ("run-0", 1, "INFO", hours(0), "Começou a captura"),
        ("run-0", 2, "INFO", hours(0), "baixou"),
        ("run-0", 3, "WARNING", hours(1), "Atenção: <script>alert(1)</script>"),
        ("run-1", 1, "INFO", hours(24), "Começou a materialização"),
        ("run-1", 2, "ERROR", hours(25), TRACE),
        ("run-2", 1, "INFO", hours(48), "Começou outra vez"),
        ("run-2", 2, "CRITICAL", hours(49), "acabou"),
    ]:
        task = "Capturar versão" if number > 1 else None
        execute(made, (LINE, (run, number, task, level, moment, words)))
    return made


@pytest.fixture(scope="module")
def pool(written):
    made = ReadPool(written)
    yield made
    made.close()


@pytest.fixture(scope="module")
def served(written, tmp_path_factory):
    viewer = Served(written, tmp_path_factory.mktemp("casa"))
    yield viewer
    viewer.stop()


# --- runs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(), ["run-2", "run-1", "run-0"]),
        (Asked(flow="Captura"), ["run-2", "run-0"]),
        (Asked(flow="Captura", state="Failed"), ["run-2"]),
        (Asked(since=date(2025, 12, 2)), ["run-2", "run-1"]),
        (Asked(until=date(2025, 12, 2)), ["run-1", "run-0"]),
        (Asked(since=date(2025, 12, 2), until=date(2025, 12, 2)), ["run-1"]),
        (Asked(flow="'; drop table x"), []),
    ],
)
def test_runs_are_found_by_flow_state_and_days(pool, asked, expected):
    assert [run["execucao_id"] for run in journal.runs(pool, asked, 1, 9)] == expected
    assert journal.count_runs(pool, asked) == len(expected)


def test_runs_come_in_pages(pool):
    found = [journal.runs(pool, Asked(), page, 2) for page in (1, 2)]
    assert [[run["execucao_id"] for run in page] for page in found] == [
        ["run-2", "run-1"],
        ["run-0"],
    ]


@pytest.mark.parametrize(
    ("page", "parameters", "problem"),
    [
        (runs, {"fluxo": "nada"}, "Não há fluxo “nada”"),
        (runs, {"estado": "Failed'"}, "Não há execução no estado"),
        (runs, {"de": "2025-13-01"}, "“2025-13-01” não é um dia"),
        (runs, {"id": "nada"}, "Não há execução 'nada'"),
        (records, {"nivel": "INFO,xis"}, "Não há nível “xis”"),
        (records, {"antes": "99999"}, "já não existe"),
        (records, {"antes": "-1"}, "antes não pode ser"),
        (records, {"texto": "a" * 500}, "cortado em 200"),
    ],
)
def test_what_an_address_says_wrongly_is_named(pool, page, parameters, problem):
    assert problem in built(lambda: page.layout(pool, parameters))


def test_filters_that_nothing_passes_are_not_an_empty_database(pool, settings):
    nothing = built(lambda: runs.layout(pool, {"de": "2030-01-01"}))
    assert "Nenhuma execução passa pelos filtros" in nothing
    assert "python run/" not in nothing
    empty = ReadPool(settings)
    for page in (runs, records):
        assert "python run/capture.py" in built(lambda page=page: page.layout(empty, {}))
    empty.close()


# --- one run ------------------------------------------------------------------------------------


def test_the_timeline_places_every_attempt_between_start_and_end():
    tasks = [
        {**TASK, "tarefa": "Preparar", "inicio": hours(0), "fim": hours(1),
         "duracao": timedelta(hours=1)},
        {**TASK, "tarefa": "Capturar", "indice": 3, "tentativa": 2, "estado": "Running",
         "inicio": hours(1), "fim": None, "duracao": timedelta(hours=3)},
        {**TASK, "tarefa": "Resumir", "estado": "Pending", "inicio": None, "fim": None,
         "duracao": None},
    ]  # fmt: skip
    html = built(lambda: timeline(tasks, hours(0), hours(4)))
    places = re.findall(r'"left": "([\d.]+)%", "width": "([\d.]+)%"', html)
    assert places == [("0.00", "25.00"), ("25.00", "75.00")]
    assert "Capturar [3], tentativa 2" in html
    assert "Em andamento" in html
    assert "Pendente" in html


def test_a_message_stays_whole_and_the_exception_stands_out():
    row = {"id": 1, "execucao_id": "run-1", "flow": "Captura", "momento": NOON, "nivel": "ERROR",
           "tarefa": None, "mensagem": TRACE}  # fmt: skip
    message = log_lines([row]).children[0].children[-1].children
    words = [part if isinstance(part, str) else part.children for part in message]
    assert "".join(words) == TRACE
    assert words[0] == "Não foi possível capturar\n"
    assert message[-1].className == "excecao"
    assert words[-1] == "modulo.Erro: o portal cortou a conexão\n(segunda linha)"


def test_the_link_to_prefects_pages_is_there_only_where_a_server_is(written):
    for pages, is_there in [("http://painel:8080", True), ("", False)]:
        app = create_app(replace(written, prefect_ui=pages))
        pool = ReadPool(written)
        with app.server.test_request_context():
            html = json.dumps(
                [part.to_plotly_json() for part in runs.layout(pool, {"id": "run-1"})], default=repr
            )
        pool.close()
        assert ("http://painel:8080/default/flow-run/run-1" in html) is is_there


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ""),
        ({"PREFECT__BACKEND": "cloud"}, ""),
        ({"PREFECT__BACKEND": "server"}, "http://localhost:8080"),
        (
            {"PREFECT__BACKEND": "server", "PREFECT__SERVER__UI__ENDPOINT": "https://p.br/"},
            "https://p.br",
        ),
    ],
)
def test_the_address_of_prefects_pages_comes_from_its_settings(
    monkeypatch, tmp_path, environment, expected
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings(tmp_path / "none").prefect_ui == expected


def test_an_address_of_prefects_pages_that_is_none_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PREFECT__BACKEND", "server")
    monkeypatch.setenv("PREFECT__SERVER__UI__ENDPOINT", "javascript:alert(1)")
    with pytest.raises(ConfigurationError, match="PREFECT__SERVER__UI__ENDPOINT"):
        load_settings(tmp_path / "none")


# --- log lines ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (Asked(levels=["ERROR", "CRITICAL"]), [("run-2", 2), ("run-1", 2)]),
        (Asked(flow="Materialização"), [("run-1", 2), ("run-1", 1)]),
        (Asked(text="COMECOU captura"), [("run-0", 1)]),
        (Asked(text="versao baixou"), [("run-0", 2)]),
        (Asked(text="%"), []),
        (Asked(since=date(2025, 12, 2), until=date(2025, 12, 2)), [("run-1", 2), ("run-1", 1)]),
        (Asked(text="comecou", levels=["INFO"], flow="Captura"), [("run-2", 1), ("run-0", 1)]),
    ],
)
def test_log_lines_of_all_runs_are_found_newest_first(pool, asked, expected):
    found = journal.all_records(pool, asked)
    sequence = {row["id"]: row["sequencia"] for row in pool.fetch("select * from public.registros")}
    assert [(row["execucao_id"], sequence[row["id"]]) for row in found] == expected


def test_pages_of_log_lines_show_each_once_even_where_times_are_equal(pool):
    seen, before = [], None
    while found := journal.all_records(pool, Asked(), before, 1):
        seen += found
        before = found[-1]
    assert [row["id"] for row in seen] == [row["id"] for row in journal.all_records(pool, Asked())]
    assert len(seen) == 7


def scans(plan):
    """How a plan reads each table: (table, kind of scan)."""
    found = {(plan["Relation Name"], plan["Node Type"])} if "Relation Name" in plan else set()
    return found.union(*map(scans, plan.get("Plans", [])))


def test_the_newest_log_lines_are_read_by_the_index_of_their_time(settings, monkeypatch):
    execute(
        settings,
        "insert into public.registros (execucao_id, processo, sequencia, nivel, momento, mensagem) "
        "select 'r', 'p', n, 'INFO', now() + n * interval '1 second', 'linha' "
        "from generate_series(1, 20000) as n",
        "analyze public.registros",
    )
    pool = ReadPool(settings)
    first = journal.all_records(pool, Asked())
    monkeypatch.setattr(journal, "RECORDS", f"explain (format json) {journal.RECORDS}")
    for before in (None, first[-1]):
        plan = journal.all_records(pool, Asked(), before)[0]["QUERY PLAN"][0]["Plan"]
        assert ("registros", "Index Scan") in scans(plan)
        assert ("registros", "Seq Scan") not in scans(plan)
    pool.close()


def test_a_search_that_takes_long_is_cancelled_and_says_so(served, pool, monkeypatch):
    monkeypatch.setattr(journal, "SEARCH_TIMEOUT_MS", 1)
    monkeypatch.setattr(
        journal, "RECORDS", "select pg_sleep(1) from public.registros where {} limit {}"
    )
    with pytest.raises(SlowQueryError) as caught:
        journal.all_records(pool, Asked(text="x"))
    html = built(lambda: records.parts.failure(caught.value))
    assert "Consulta cancelada" in html
    assert "Restrinja o filtro" in html
    assert "Não foi possível ler o banco" not in html


def records_shown(served, **values):
    said = [(f"registros-{name}", "value", values.get(name)) for name in records.NAMES]
    return served.callback(
        "..registros-linhas.children...registros-relogio.disabled...registros-antes.data..",
        [("registros-relogio", "n_intervals", 0), *said],
        [("registros-antes", "data", values.get("antes"))],
    )


def test_what_the_browser_sends_to_the_log_may_be_anything(served):
    for values in [
        {"nivel": "x", "fluxo": 7, "de": "ontem", "ate": [], "texto": {"a": 1}, "antes": "x"},
        {"nivel": ["INFO", 1], "texto": "\0" * 9, "antes": -5},
        {"antes": 2**40},
    ]:
        answer = records_shown(served, **values)
        assert answer["registros-relogio"]["disabled"] is True


def test_the_log_is_live_only_while_the_newest_run_goes_on(settings, tmp_path):
    viewer = Served(settings, tmp_path)
    now = datetime.now(UTC)
    execute(settings, (RUN, ("run-1", "Captura", "Success", None, now - timedelta(hours=1), now)))
    execute(settings, ("update public.execucoes set fim = now() - interval '1 minute'"))
    assert records_shown(viewer)["registros-relogio"]["disabled"] is True
    execute(settings, (RUN, ("run-2", "Captura", "Running", None, now, None)))
    execute(settings, (LINE, ("run-2", 1, None, "INFO", now, "vai")))
    assert records_shown(viewer)["registros-relogio"]["disabled"] is False
    viewer.stop()


# --- in a browser -------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def quiet(request):
    """Nothing severe may stand in the console of a browser that a test used."""
    yield
    if "browser" in request.fixturenames:
        assert errors(request.getfixturevalue("browser")) == []


def lines(browser):
    return browser.find_elements(By.CSS_SELECTOR, ".registro")


def test_the_log_of_a_failed_run_is_read_from_the_list_on(browser, viewer_url):
    errors(browser)
    browser.get(f"{viewer_url}/execucoes?estado=Failed")
    wait(browser, lambda: "1 execução" in text(browser))
    browser.find_element(By.LINK_TEXT, "Captura dos Dados").click()
    wait(browser, lambda: lines(browser))
    assert "não foi possível conectar" in browser.find_element(By.CSS_SELECTOR, ".falha").text
    everything = len(lines(browser))
    browser.get(f"{browser.current_url}&nivel=ERROR,CRITICAL")
    wait(browser, lambda: 0 < len(lines(browser)) < everything)
    (failed,) = lines(browser)
    assert "Erro" in failed.text
    assert "Traceback (most recent call last)" in failed.text
    loud = failed.find_element(By.CSS_SELECTOR, ".excecao").text
    assert loud.startswith("pipeline.errors.PortalError")
    field = browser.find_element(By.ID, "execucao-texto")
    field.send_keys("NAO FOI POSSIVEL")
    wait(browser, lambda: "texto=NAO+FOI+POSSIVEL" in browser.current_url)
    assert "nivel=ERROR%2CCRITICAL" in browser.current_url
    field.send_keys(" zzz")
    wait(browser, lambda: "Nenhum registro passa" in text(browser))


def test_a_search_through_all_runs_keeps_its_address_and_leads_to_the_run(browser, served):
    errors(browser)
    browser.get(f"{served.url}/registros")
    wait(browser, lambda: len(lines(browser)) == 7)
    assert "acabou" in lines(browser)[0].text
    assert "Grave" in lines(browser)[0].text
    assert "<script>alert(1)</script>" in text(browser)
    browser.find_element(By.ID, "registros-texto").send_keys("COMECOU a MATERIALIZACAO")
    wait(browser, lambda: len(lines(browser)) == 1)
    address = browser.current_url
    assert "texto=COMECOU" in address
    browser.get(f"{served.url}/execucoes")
    browser.get(address)
    wait(browser, lambda: len(lines(browser)) == 1)
    browser.find_element(By.CSS_SELECTOR, ".registro .execucao a").click()
    wait(browser, lambda: "id=run-1" in browser.current_url)
    wait(browser, lambda: len(lines(browser)) == 2)


def test_a_bad_value_in_the_address_stays_named_until_a_filter_changes(browser, served):
    errors(browser)
    browser.get(f"{served.url}/execucoes?fluxo=nada&pagina=1")
    wait(browser, lambda: "Não há fluxo “nada”" in text(browser))
    field = browser.find_element(By.ID, "execucoes-estado")
    field.click()
    field.send_keys("Falhou", Keys.ARROW_DOWN, Keys.ENTER)
    wait(browser, lambda: "estado=Failed" in browser.current_url)
    assert "pagina" not in browser.current_url
    wait(browser, lambda: "2 execuções" in text(browser))


def test_a_run_that_goes_on_is_shown_as_it_goes_and_as_it_ends(browser, settings, tmp_path):
    errors(browser)
    now = datetime.now(UTC)
    execute(settings, (RUN, ("viva", "Captura", "Running", None, now, None)))
    execute(settings, (LINE, ("viva", 1, None, "INFO", now, "começou")))
    viewer = Served(settings, tmp_path)
    browser.get(f"{viewer.url}/execucoes?id=viva")
    wait(browser, lambda: "começou" in text(browser))
    assert "Em andamento" in text(browser)
    execute(settings, (LINE, ("viva", 2, None, "ERROR", now, "uma linha nova")))
    wait(browser, lambda: "uma linha nova" in text(browser))
    execute(settings, "update public.execucoes set estado = 'Failed', fim = now()")
    wait(browser, lambda: "Falhou" in text(browser))
    assert "Em andamento" not in text(browser)
    browser.get("about:blank")
    viewer.stop()
