"""Nothing that comes with an address or a callback breaks a page, runs as SQL or becomes markup."""

from __future__ import annotations

import itertools
import json
import random
import urllib.parse

import pytest

from tests.viewing import errors, text, wait
from viewer.app import PAGES

NASTY = [
    "'", '"', "\\", "%", "%s", "%(x)s", "{}", "{0}", "\0", "\r\n", ";--", "' or 1=1 --", "null",
    "'; drop table public.arquivos; --", "<script>alert(1)</script>", "<img src=x onerror=x>",
    "javascript:alert(1)", "../../etc/passwd", "%00", "ççç", "𝔘𝔫𝔦", "9" * 400, "-1", "1e999", "NaN",
    "2025-13", "2025-9-9", "AAAA-MM", "[]", "{", '{"a":', '{"a":{"type":"contains"}}',
    "[[[[[", "A" * 5000,
]  # fmt: skip
NAMES = [
    "tabela", "filtro", "ordem", "busca", "versao", "colunas", "formato", "id", "pagina", "cnpj",
    "siafi", "ug", "numero", "de", "para", "por", "mudanca", "motivo", "parte", "nivel", "fluxo",
    "estado", "orgao",
]  # fmt: skip
TABLES = ["staging.historic_transformed", "marts.versoes", "public.registros", "nada"]


def addresses():
    """Two hundred addresses that nobody should send, always the same ones."""
    chance = random.Random(8050)
    paths = [page.PATH for page in PAGES] + ["/exportar", "/nada", "/dados/", "//", "/assets/../x"]
    for path, name, value in itertools.islice(itertools.product(paths, NAMES, NASTY), 0, None, 23):
        parameters = {name: value, chance.choice(NAMES): chance.choice(NASTY)}
        if chance.random() < 0.5:
            parameters["tabela"] = chance.choice(TABLES)
        yield path, urllib.parse.urlencode(parameters)


def test_no_address_ends_in_a_traceback_or_a_500(served):
    chosen = list(addresses())
    assert len(chosen) >= 200
    for path, query in chosen:
        status, body, _ = served.get(f"{path}?{query}")
        assert status < 500, (path, query)
        assert "Internal Server Error" not in body
        if not path.startswith("/exportar"):
            shown = served.show(path, f"?{query}")
            assert shown["conteudo"]["children"], (path, query)
            assert "Traceback" not in json.dumps(shown["conteudo"])


@pytest.mark.parametrize("value", NASTY)
def test_no_filter_or_search_runs_as_sql(served, value):
    model = {"nome": {"type": "contains", "filter": value}}
    for arguments in ({"model": model}, {"search": value}, {"model": {value: {"type": "blank"}}}):
        answer = served.rows("staging.historic_transformed", **arguments)
        assert isinstance(answer["dados-grade"]["getRowsResponse"]["rowData"], list)
    assert served.rows("public.arquivos")["dados-grade"]["getRowsResponse"]["rowCount"] == 21


@pytest.mark.parametrize(
    "store", [None, 1, "x", [], {}, {"tabela": 1}, {"tabela": "public.arquivos"}]
)
@pytest.mark.parametrize("request_", [{}, {"startRow": "a"}, {"startRow": -5, "endRow": 9**20}])
def test_a_malformed_request_for_rows_is_answered(served, store, request_):
    answer = served.callback(
        "..dados-grade.getRowsResponse...dados-erro.children..",
        [("dados-grade", "getRowsRequest", request_)],
        [("dados-atual", "data", store), ("dados-busca", "value", None)],
    )
    assert answer == {} or answer["dados-grade"]["getRowsResponse"]["rowData"] == []


def test_markup_in_an_address_stays_text(browser, viewer_url):
    query = urllib.parse.urlencode({"tabela": "<img src=x onerror=document.title='ai'>"})
    errors(browser)
    browser.get(f"{viewer_url}/dados?{query}")
    wait(browser, lambda: "Não há tabela" in text(browser))
    assert "<img src=x" in text(browser)
    assert browser.title != "ai"
    assert errors(browser) == []
