"""Empresas, Órgãos, Contratos: figures against the rows they come from, searches, wrong keys."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlencode, urlparse

import pytest
from dash.development.base_component import Component
from selenium.webdriver.common.by import By

from tests.viewing import errors, text, wait
from viewer import cnpj, entities, formats, links
from viewer.pages import body, company, contract, entity
from viewer.quality import Window

MEASURES = """
    count(*) as linhas,
    count(distinct coalesce(cpf, '') || '|' || coalesce(nome, '')) as pessoas,
    sum(custo_mensal) as custo,
    percentile_disc(0.5) within group (order by salario_mensal) as salario,
    percentile_disc(0.5) within group (order by custo_mensal) as custo_mediano,
    round(percentile_disc(0.5) within group (
        order by custo_mensal / nullif(5 * quantidade_horas_semanais, 0)), 2) as hora
"""
HISTORY = "staging.historic_transformed"
NEWEST = f"(ano, mes) = (select ano, mes from {HISTORY} order by ano desc, mes desc limit 1)"
NASTY = [
    "'", "' or 1=1 --", "'; drop table marts.por_empresa; --", "%s", "%(x)s", "%", "\\", "\0",
    "12\0345", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "x" * 10_000,
    "1" * 14, "\ud800", "{}", "null", "١٢٣", " ", "../../etc/passwd", "=1+1",
]  # fmt: skip


@pytest.fixture
def opened(browser):
    """Open an address; afterwards nothing severe may stand in the console."""
    errors(browser)

    def open_address(address, sign):
        browser.get(address)
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, sign))

    yield open_address
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert errors(browser) == []


def parts_of(node):
    """Every component and text of a page, in its order."""
    if isinstance(node, (list, tuple)):
        for child in node:
            yield from parts_of(child)
    elif node is not None:
        yield node
        if isinstance(node, Component):
            yield from parts_of(getattr(node, "children", None))


def words(node):
    """The text of a part of a page."""
    return " ".join(str(part) for part in parts_of(node) if not isinstance(part, Component))


def hrefs(node):
    return [part.href for part in parts_of(node) if getattr(part, "href", None)]


def labelled(page, label):
    found = [part for part in parts_of(page) if getattr(part, "aria-label", None) == label]
    assert len(found) == 1, label
    return found[0]


def lines(page, label):
    """The rows of a table, each as the texts of its cells."""
    rows = [part for part in parts_of(labelled(page, label)) if type(part).__name__ == "Tr"]
    return [[words(cell) for cell in row.children] for row in rows[1:]]


def figures(row, *names):
    """Figures of a row as a page writes them."""
    write = {"linhas": formats.number, "pessoas": formats.number, "contratos": formats.number}
    return [
        "—" if row[name] is None else write.get(name, formats.money)(row[name]) for name in names
    ]


def by_release(pool, condition, values):
    """The figures of each release, newest first, counted from the rows."""
    query = f"select ano, mes, {MEASURES} from {HISTORY} where {condition} group by ano, mes"
    rows = sorted(pool.fetch(query, values), key=lambda row: (-row["ano"], -row["mes"]))
    names = ("pessoas", "custo", "salario", "custo_mediano", "hora")
    return [[formats.release(row["ano"], row["mes"]), *figures(row, *names)] for row in rows]


def largest(pool, columns, condition="true"):
    """The group with most rows in the newest release."""
    query = (
        f"select {columns}, count(*) as n from {HISTORY} where {NEWEST} and {condition} "
        f"group by {columns} order by n desc, {columns} limit 1"
    )
    return pool.fetch(query)[0]


# --- the number of a company ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "is_valid"),
    [
        ("00000000000191", True),
        ("33000167000101", True),
        ("12ABC34501DE35", True),
        ("00000000000192", False),
        ("00000000000183", False),
        ("12ABC34501DE53", False),
        ("33000167001001", False),
        ("11111111111111", False),
        ("3300016700010", False),
        ("330001670001011", False),
        ("12abc34501de35", False),
        ("0000000000019\N{FULLWIDTH DIGIT ONE}", False),
        ("", False),
    ],
)
def test_check_digits(number, is_valid):
    assert cnpj.is_valid(number) is is_valid


def test_the_check_agrees_with_the_one_of_the_tables(pool):
    found = pool.fetch(
        f"select distinct cnpj_empresa as cnpj, indicador_cnpj_valido as is_valid from {HISTORY} "
        "where cnpj_empresa is not null"
    )
    assert len(found) > 10
    for row in found:
        assert cnpj.is_valid(row["cnpj"]) is row["is_valid"], row


def test_a_number_is_read_with_or_without_punctuation():
    assert cnpj.formatted("12ABC34501DE35") == "12.ABC.345/01DE-35"
    assert cnpj.bare(" 12.abc.345/01de-35 ") == "12ABC34501DE35"
    assert cnpj.formatted("123") == "123"


# --- figures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_formatted", [True, False])
def test_the_figures_of_a_company_are_those_of_its_rows(pool, is_formatted):
    key = largest(pool, "cnpj_empresa", "cnpj_empresa is not null")["cnpj_empresa"]
    page = company.layout(pool, {"cnpj": cnpj.formatted(key) if is_formatted else key})
    expected = by_release(pool, "cnpj_empresa = %s", [key])
    shown = lines(page, "Números de cada versão")
    assert [line for line in shown if len(line) == 6] == expected
    assert expected[0][1] in words(page)
    assert f"CNPJ {cnpj.formatted(key)}" in words(page)

    served_bodies = pool.fetch(
        f"select id_orgao_siafi, count(*) as linhas, sum(custo_mensal) as custo, "
        f"count(distinct (id_unidade_gestora, numero_contrato)) as contratos from {HISTORY} "
        f"where {NEWEST} and cnpj_empresa = %s group by id_orgao_siafi",
        [key],
    )
    wanted = sorted(figures(row, "contratos", "linhas", "custo") for row in served_bodies)
    assert sorted(line[1:] for line in lines(page, "Órgãos que atende")) == wanted

    contracts = pool.fetch(
        f"select id_unidade_gestora, numero_contrato, {MEASURES} from {HISTORY} "
        f"where {NEWEST} and cnpj_empresa = %s group by id_unidade_gestora, numero_contrato",
        [key],
    )
    wanted = sorted(figures(row, "pessoas", "custo", "salario", "hora") for row in contracts)
    assert sorted(line[1:] for line in lines(page, "Contratos")) == wanted
    assert links.contract(
        contracts[0]["id_unidade_gestora"], contracts[0]["numero_contrato"], key
    ) in hrefs(page)


def test_the_figures_of_a_body_are_those_of_its_rows(pool):
    key = largest(pool, "id_orgao_siafi", "id_orgao_siafi is not null")["id_orgao_siafi"]
    page = body.layout(pool, {"siafi": key})
    expected = by_release(pool, "id_orgao_siafi = %s", [key])
    shown = lines(page, "Números de cada versão")
    assert [line for line in shown if len(line) == 6] == expected

    of_body = f"from {HISTORY} where {NEWEST} and id_orgao_siafi = %s"
    companies = pool.fetch(
        "select cnpj_empresa, count(*) as linhas, sum(custo_mensal) as custo, "
        f"count(distinct (id_unidade_gestora, numero_contrato)) as contratos {of_body} "
        "group by cnpj_empresa order by custo desc",
        [key],
    )
    wanted = [figures(row, "contratos", "linhas", "custo") for row in companies]
    assert [line[1:] for line in lines(page, "Empresas")] == wanted[:15]

    contracts = pool.fetch(
        f"select {MEASURES} {of_body} "
        "group by id_unidade_gestora, numero_contrato, cnpj_empresa "
        "order by sum(custo_mensal) desc",
        [key],
    )
    wanted = [figures(row, "pessoas", "custo", "salario", "hora") for row in contracts]
    assert [line[2:] for line in lines(page, "Contratos")] == wanted[:15]


@pytest.mark.parametrize(
    "kind",
    [
        "numero_contrato is not null and cnpj_empresa is not null",
        "numero_contrato is null and cnpj_empresa is not null",
        "numero_contrato is not null and cnpj_empresa is null",
    ],
)
def test_the_figures_of_a_contract_are_those_of_its_rows(pool, kind):
    columns = "id_unidade_gestora, numero_contrato, cnpj_empresa"
    query = (
        f"select {columns}, count(*) as n from {HISTORY} where {kind} group by {columns} "
        f"order by n desc, {columns} limit 1"
    )
    keys = pool.fetch(query)[0]
    values = [keys["id_unidade_gestora"], keys["numero_contrato"], keys["cnpj_empresa"]]
    address = urlparse(links.contract(*values))
    assert address.path == contract.PATH
    page = contract.layout(pool, {k: v for k, [v] in parse_qs(address.query).items()})
    condition = (
        "id_unidade_gestora is not distinct from %s and numero_contrato is not distinct from %s "
        "and cnpj_empresa is not distinct from %s"
    )
    expected = by_release(pool, condition, values)
    shown = lines(page, "Números de cada versão")
    assert [line for line in shown if len(line) == 6] == expected

    newest = expected[0][0]
    bodies = pool.fetch(
        f"select ano, mes, id_orgao_siafi, {MEASURES} from {HISTORY} where {condition} "
        "group by ano, mes, id_orgao_siafi",
        values,
    )
    wanted = sorted(
        figures(row, "pessoas", "custo", "salario", "hora")
        for row in bodies
        if formats.release(row["ano"], row["mes"]) == newest
    )
    shown = lines(page, "Órgãos onde as pessoas trabalham")
    assert sorted(line[1:] for line in shown) == wanted


# --- gaps -----------------------------------------------------------------------------------------


def gap(pool):
    """A body that is missing between two of its releases, and all releases without it."""
    query = f"""
        with releases as (select distinct ano, mes, data_referencia from {HISTORY}),
        bodies as (
            select id_orgao_siafi as siafi,
                min(data_referencia) as first, max(data_referencia) as last
            from {HISTORY} where id_orgao_siafi is not null group by 1
        )
        select siafi, ano, mes from bodies inner join releases
            on data_referencia > first and data_referencia < last
        where not exists (select from {HISTORY} as h where h.id_orgao_siafi = siafi
            and h.ano = releases.ano and h.mes = releases.mes)
        order by siafi, ano, mes
    """
    found = pool.fetch(query)
    siafi = found[0]["siafi"]
    return siafi, [(row["ano"], row["mes"]) for row in found if row["siafi"] == siafi]


def test_a_release_without_a_body_is_a_gap_and_is_said_not_to_be_a_cut(pool):
    siafi, missing = gap(pool)
    page = body.layout(pool, {"siafi": siafi})
    assert "não é um corte" in words(page)
    notice = words(
        next(part for part in parts_of(page) if getattr(part, "title", "") == "Cobertura")
    )
    shown = lines(page, "Números de cada versão")
    for release in missing:
        assert formats.release(*release) in notice
        assert [formats.release(*release), "O órgão não informou nesta versão"] in shown
    graph = next(part for part in parts_of(page) if getattr(part, "id", "") == "orgao-pessoas")
    trace = graph.figure["data"][0]
    values = dict(zip(trace["x"], trace["y"], strict=True))
    assert [values[f"{year}-{month:02d}"] for year, month in missing] == [None] * len(missing)
    assert trace["connectgaps"] is False
    assert "falhas na linha" in words(page)


def test_a_body_in_every_release_has_no_notice(pool):
    query = f"""
        select id_orgao_siafi from {HISTORY} where id_orgao_siafi is not null group by 1
        having count(distinct (ano, mes)) = (select count(distinct (ano, mes)) from {HISTORY})
    """
    page = body.layout(pool, {"siafi": pool.fetch(query)[0]["id_orgao_siafi"]})
    assert "corte" not in words(page)
    assert "falhas na linha" not in words(page)


def test_a_body_that_no_longer_appears_may_have_changed_its_name(pool, monkeypatch):
    siafi = largest(pool, "id_orgao_siafi", "id_orgao_siafi is not null")["id_orgao_siafi"]
    gone = [{"ano": 2025, "mes": 5, "is_after": True}, {"ano": 2025, "mes": 9, "is_after": True}]
    monkeypatch.setattr(entities, "missing_releases", lambda *_: gone)
    page = words(body.layout(pool, {"siafi": siafi}))
    assert "Deixou de aparecer em maio de 2025" in page
    assert "Este órgão não informou em" not in page


def test_figures_are_of_the_last_release_that_has_a_company(pool):
    query = f"""
        select cnpj_empresa, max(data_referencia) as last from {HISTORY}
        where cnpj_empresa is not null group by 1
        having max(data_referencia) < (select max(data_referencia) from {HISTORY})
        order by last, cnpj_empresa limit 1
    """
    found = pool.fetch(query)[0]
    page = company.layout(pool, {"cnpj": found["cnpj_empresa"]})
    release = formats.release(found["last"].year, found["last"].month)
    assert f"Em {release}, a última versão em que aparece" in words(page)
    people = by_release(pool, "cnpj_empresa = %s", [found["cnpj_empresa"]])[0][1]
    cards = next(part for part in parts_of(page) if getattr(part, "className", "") == "cartoes")
    assert words(cards).startswith(f"Pessoas {people}")


def test_a_change_is_told_only_from_the_release_just_before():
    def row(month, people):
        row = dict.fromkeys(entities.MEASURES.split(", ")) | {"ano": 2025, "mes": month}
        return row | {"linhas": people, "pessoas": people}

    assert "+50,0 % desde janeiro de 2025" in words(entity.now([row(1, 10), row(5, 15)]))
    for history in ([row(1, 10), row(5, None), row(9, 15)], [row(9, 15)]):
        assert "desde" not in words(entity.now(history))


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "columns"),
    [
        (company, "cnpj_empresa"),
        (body, "id_orgao_siafi"),
        (contract, "id_unidade_gestora, numero_contrato, cnpj_empresa"),
    ],
)
def test_a_list_has_all_of_the_newest_release_costliest_first(pool, page, columns):
    found = pool.fetch(
        f"select {columns}, {MEASURES} from {HISTORY} where {NEWEST} group by {columns} "
        "order by sum(custo_mensal) desc nulls last"
    )
    wanted = [figures(row, "pessoas", "custo", "salario", "hora") for row in found]
    shown = []
    for number in range(1, -(-len(found) // 50) + 1):
        made = page.layout(pool, {"pagina": str(number)})
        shown += [line[-4:] for line in lines(made, f"{page.TITLE}: lista")]
        assert f"{formats.number(len(found))} {page.LIST.what[1]}" in words(made)
    assert sorted(shown) == sorted(wanted)
    assert [line[1] for line in shown] == [line[1] for line in wanted]


def test_a_list_of_another_release_is_of_that_release(pool):
    query = f"select distinct cnpj_empresa from {HISTORY} where ano = 2019 and mes = 5"
    number = len(pool.fetch(query))
    page = words(company.layout(pool, {"versao": "2019-05"}))
    assert f"{number} empresas" in page
    assert "maio de 2019" in page
    assert "Não há versão “2019-06”" in words(company.layout(pool, {"versao": "2019-06"}))


def test_companies_without_a_number_lead_to_their_rows(pool):
    release = pool.fetch(f"select ano, mes from {HISTORY} where cnpj_empresa is null limit 1")[0]
    found = []
    for number in range(1, 9):
        page = company.layout(
            pool, {"versao": f"{release['ano']}-{release['mes']:02d}", "pagina": str(number)}
        )
        found += [p for p in parts_of(page) if getattr(p, "children", "") == "(sem CNPJ)"]
        if found:
            break
    query = parse_qs(urlparse(found[0].href).query)
    assert query["tabela"] == [HISTORY]
    assert json.loads(query["filtro"][0]) == {
        "cnpj_empresa": {"filterType": "text", "type": "blank"}
    }
    assert query["versao"] == [f"{release['ano']}-{release['mes']:02d}"]


# --- searches -------------------------------------------------------------------------------------


def found_by(pool, group, search):
    release = entities.releases(pool)[0]
    rows = entities.listed(pool, group, release, search, Window(1, 1000))
    assert entities.count(pool, group, release, search) == len(rows)
    return rows


def test_a_company_is_found_without_accents_in_lower_case_by_all_of_its_words(pool):
    found = found_by(pool, entities.COMPANIES, "vigilancia seguranca")
    names = {row["razao_social_empresa"] for row in found}
    assert any("Â" in name for name in names)
    assert all("VIGIL" in name and "SEGURAN" in name for name in names)
    assert len(found) < len(found_by(pool, entities.COMPANIES, ""))
    one = found[0]["razao_social_empresa"]
    assert one in {row["razao_social_empresa"] for row in found_by(pool, entities.COMPANIES, one)}
    assert found_by(pool, entities.COMPANIES, "vigilancia xyzw") == []


def test_a_company_is_found_by_its_number_however_it_is_written(pool):
    key = largest(pool, "cnpj_empresa", "cnpj_empresa is not null")["cnpj_empresa"]
    for search in (key, cnpj.formatted(key), cnpj.formatted(key)[:10], key[3:11]):
        assert key in {row["cnpj_empresa"] for row in found_by(pool, entities.COMPANIES, search)}
    assert [row["cnpj_empresa"] for row in found_by(pool, entities.COMPANIES, key)] == [key]


def test_signs_of_a_pattern_are_only_themselves(pool):
    for search in ("%", "_", "'", "\\"):
        names = {row["razao_social_empresa"] for row in found_by(pool, entities.COMPANIES, search)}
        assert all(search in name for name in names), search


def test_a_body_and_a_contract_are_found_by_what_names_them(pool):
    siafi = largest(pool, "id_orgao_siafi", "id_orgao_siafi is not null")["id_orgao_siafi"]
    assert siafi in {row["id_orgao_siafi"] for row in found_by(pool, entities.BODIES, siafi)}
    columns = "numero_contrato, nome_unidade_gestora, razao_social_empresa"
    one = largest(pool, columns, r"numero_contrato ~ '^\d{5}/\d{4}$'")
    for search in (
        one["numero_contrato"],
        one["numero_contrato"].replace("/", ""),
        f"{one['nome_unidade_gestora'].lower()} {one['razao_social_empresa'].lower()}",
    ):
        found = {row["numero_contrato"] for row in found_by(pool, entities.CONTRACTS, search)}
        assert one["numero_contrato"] in found, search


# --- wrong keys -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name", "notice"),
    [
        ("/empresa", "cnpj", "Não há empresa com o CNPJ"),
        ("/orgao", "siafi", "Não há órgão com o código SIAFI"),
        ("/contrato", "numero", "Não há contrato de"),
        ("/contrato", "ug", "Não há contrato de"),
    ],
)
def test_an_unknown_or_malformed_key_is_answered_with_a_notice(served, path, name, notice):
    for value in NASTY:
        query = urlencode({name: value}, errors="surrogatepass")
        if len(value) < 1000:  # a longer one the server itself refuses
            assert served.get(f"{path}?{query}")[0] == 200
        made = json.dumps(
            served.show(path, f"?{query}")["conteudo"]["children"], ensure_ascii=False
        )
        is_empty = not value.strip(" \0")
        assert ("controles" if is_empty else notice) in made, value
        assert is_empty or f'"href": "{path}"' in made, value
        assert "data-erro" not in made, value
        assert len(value) < 1000 or value not in made
    assert notice in json.dumps(served.show(path, f"?{name}=\ud800"), ensure_ascii=False)


def test_what_is_only_in_other_releases_is_found_there(pool):
    (gone,) = pool.fetch(
        "select cnpj_empresa, max(ano * 100 + mes) as last, count(*) as releases "
        "from marts.por_empresa where cnpj_empresa is not null group by cnpj_empresa "
        "having max(ano * 100 + mes) < 202509 and count(*) > 1 order by 2 desc, 1 limit 1"
    )
    page = company.layout(pool, {"busca": gone["cnpj_empresa"]})
    year, month = divmod(gone["last"], 100)
    assert f"a última de {gone['releases']} com o que se procura" in words(page)
    there = f"/empresa?busca={gone['cnpj_empresa']}&versao={year}-{month:02d}"
    assert there in hrefs(page)
    found = company.layout(pool, {"busca": gone["cnpj_empresa"], "versao": f"{year}-{month:02d}"})
    assert f"/empresa?cnpj={gone['cnpj_empresa']}" in hrefs(found)
    assert "nem em outra" in words(company.layout(pool, {"busca": "nenhuma se chama assim"}))


@pytest.mark.parametrize("path", ["/empresa", "/orgao", "/contrato"])
def test_no_search_breaks_a_list(served, path):
    for value in NASTY:
        query = urlencode(
            {"busca": value, "versao": value, "pagina": value}, errors="surrogatepass"
        )
        shown = json.dumps(served.show(path, f"?{query}")["conteudo"]["children"])
        assert "data-erro" not in shown, value
        assert "controles" in shown
    shown = json.dumps(served.show(path, "?busca=\ud800")["conteudo"]["children"])
    assert "controles" in shown


def test_a_number_with_wrong_digits_is_told_from_one_that_nobody_has(pool):
    assert "não conferem" in words(company.layout(pool, {"cnpj": "00.000.000/0001-92"}))
    unknown = words(company.layout(pool, {"cnpj": "00.000.000/0001-91"}))
    assert "00.000.000/0001-91" in unknown
    assert "não conferem" not in unknown


def test_a_published_number_with_wrong_digits_is_said_to_be_published_so(pool):
    query = f"select cnpj_empresa from {HISTORY} where not indicador_cnpj_valido limit 1"
    key = pool.fetch(query)[0]["cnpj_empresa"]
    assert "dígitos não conferem: publicado assim" in words(company.layout(pool, {"cnpj": key}))


# --- in a browser ---------------------------------------------------------------------------------


def test_a_company_is_found_and_leads_on_to_body_contract_and_rows(browser, pool, served, opened):
    opened(f"{served.url}/empresa", ".entidades tbody tr")
    field = browser.find_element(By.ID, "empresa-busca")
    field.send_keys("vigilancia")
    wait(browser, lambda: "busca=vigilancia" in browser.current_url)
    wait(browser, lambda: "VIGIL" in browser.find_element(By.CSS_SELECTOR, ".entidades tbody").text)
    names = browser.find_elements(By.CSS_SELECTOR, ".entidades tbody th a")
    assert names
    assert all("VIGIL" in name.text for name in names)
    wait(browser, lambda: browser.switch_to.active_element.get_attribute("id") == "empresa-busca")

    def follow(selector, path):
        wait(browser, lambda: browser.find_elements(By.CSS_SELECTOR, selector))
        browser.find_element(By.CSS_SELECTOR, selector).click()
        wait(browser, lambda: f"{path}?" in browser.current_url)
        wait(browser, lambda: "Versão a versão" in text(browser))

    follow('.entidades tbody th a[href^="/empresa?"]', "/empresa")
    follow('a[href^="/orgao?"]', "/orgao")
    follow('a[href^="/contrato?"]', "/contrato")
    keys = {name: value for name, [value] in parse_qs(urlparse(browser.current_url).query).items()}
    rows = pool.fetch(
        f"select count(*) as n from {HISTORY} where {NEWEST} and id_unidade_gestora = %(ug)s "
        "and numero_contrato = %(numero)s and cnpj_empresa = %(cnpj)s",
        keys,
    )[0]["n"]
    assert rows > 0
    tables = browser.find_elements(By.CSS_SELECTOR, ".entidades")
    tables[-1].find_element(By.CSS_SELECTOR, "tbody a").click()
    wait(browser, lambda: f"\n{rows} linha" in text(browser))


@pytest.mark.parametrize("address", ["/empresa", "/orgao", "/contrato"])
def test_a_phone_shows_every_figure_without_scrolling_sideways(browser, served, opened, address):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True},
    )
    opened(f"{served.url}{address}", ".entidades tbody tr")
    browser.find_element(By.CSS_SELECTOR, f'.entidades a[href^="{address}?"]').click()
    wait(browser, lambda: "Versão a versão" in text(browser))
    assert browser.execute_script("return document.documentElement.scrollWidth") == 360
    edges = browser.execute_script(
        "return [...document.querySelectorAll('.entidades td')]"
        ".map(cell => cell.getBoundingClientRect().right)"
    )
    assert 0 < max(edges) <= 360
