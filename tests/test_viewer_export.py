"""Exports: exactly what is filtered, for a spreadsheet or a program, with its provenance."""

from __future__ import annotations

import csv
import io
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from viewer import export
from viewer.catalog import Column
from viewer.pool import MOST_STREAMS, BusyError

HISTORY = "staging.historic_transformed"
FILTER = '{"salario_mensal":{"filterType":"number","type":"greaterThan","filter":2500}}'
TRUTH = (
    f"select count(*) as n from {HISTORY} where salario_mensal > 2500 and ano = 2023 and mes = 5"
)


def get(url, cookie="", **parameters):
    request = urllib.request.Request(f"{url}/exportar?{urllib.parse.urlencode(parameters)}")
    request.add_header("Cookie", cookie)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read(), dict(error.headers)


def read_csv(data):
    assert data.startswith(export.BOM)
    return list(csv.reader(io.StringIO(data[3:].decode()), delimiter=";"))


def test_csv_has_exactly_the_filtered_rows_in_order(viewer_url, pool):
    status, data, headers = get(
        viewer_url,
        tabela=HISTORY,
        versao="2023-05",
        filtro=FILTER,
        ordem='[{"colId":"custo_mensal","sort":"desc"}]',
        colunas="nome,custo_mensal,salario_mensal,linha_origem",
    )
    assert status == 200
    assert "historic_transformed.csv" in headers["Content-Disposition"]
    head, *lines = read_csv(data)
    assert head == ["nome", "salario_mensal", "custo_mensal", "linha_origem"]
    assert len(lines) == pool.fetch(TRUTH)[0]["n"] > 10
    costs = [Decimal(line[2].replace(",", ".")) for line in lines if line[2]]
    assert costs == sorted(costs, reverse=True)
    assert all(Decimal(line[1].replace(",", ".")) > 2500 for line in lines)


def test_the_zip_tells_where_its_rows_come_from(viewer_url, pool):
    _, data, _ = get(viewer_url, tabela=HISTORY, versao="2023-05", filtro=FILTER, formato="zip")
    archive = zipfile.ZipFile(io.BytesIO(data))
    rows = read_csv(archive.read("historic_transformed.csv"))
    text = archive.read("procedencia.txt").decode()
    (file,) = pool.fetch(
        "select sha256, url from public.arquivos where vigente and ano = 2023 and mes = 5"
    )
    assert file["sha256"] in text
    assert file["url"] in text
    assert f"Linhas: {len(rows) - 1}" in text
    assert "salario_mensal" in text
    assert text.count("sha256") == 1


def test_parquet_keeps_types_and_carries_its_provenance(viewer_url, pool):
    _, data, _ = get(viewer_url, tabela=HISTORY, versao="2023-05", filtro=FILTER, formato="parquet")
    table = pq.read_table(io.BytesIO(data))
    assert table.num_rows == pool.fetch(TRUTH)[0]["n"]
    total = pool.fetch(TRUTH.replace("count(*)", "sum(custo_mensal)"))[0]["n"]
    assert sum(table["custo_mensal"].to_pylist()) == total
    assert str(table.schema.field("data_referencia").type) == "date32[day]"
    assert b"sha256" in pq.read_metadata(io.BytesIO(data)).metadata[b"procedencia"]


def test_every_table_can_be_exported_whole_in_every_format(viewer_url, pool):
    for table in ("marts.versoes", "public.arquivos", "public.quarentena", "staging.cleaned"):
        expected = pool.fetch(f"select count(*) as n from {table}")[0]["n"]
        assert len(read_csv(get(viewer_url, tabela=table)[1])) == expected + 1
        parquet = get(viewer_url, tabela=table, formato="parquet")[1]
        assert pq.read_table(io.BytesIO(parquet)).num_rows == expected


def test_hidden_names_are_not_exported_nor_searched(viewer_url):
    _, data, _ = get(viewer_url, "nomes=ocultos", tabela="staging.transformed")
    head, *lines = read_csv(data)
    assert "nome" not in head
    assert "cpf" in head
    assert lines
    status, text, _ = get(
        viewer_url,
        "nomes=ocultos",
        tabela="staging.transformed",
        filtro='{"nome":{"type":"contains","filter":"a"}}',
    )
    assert status == 400
    assert "não tem a coluna 'nome'" in text.decode()
    assert "nome" in read_csv(get(viewer_url, tabela="staging.transformed")[1])[0]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"tabela": "staging.nada"}, "não há tabela"),
        ({"tabela": "x'; drop table y; --"}, "não há tabela"),
        ({}, "não há tabela"),
        ({"tabela": HISTORY, "formato": "exe"}, "formato desconhecido"),
        ({"tabela": HISTORY, "filtro": "{"}, "filtro="),
        ({"tabela": HISTORY, "colunas": "nome,ctid"}, "não tem a coluna 'ctid'"),
        ({"tabela": HISTORY, "versao": "2023-13"}, "Não há versão"),
        ({"tabela": HISTORY, "ordem": '[{"colId":"nome","sort":"up"}]'}, "ordem desconhecida"),
    ],
)
def test_what_cannot_be_exported_is_said(viewer_url, parameters, reason):
    status, text, _ = get(viewer_url, **parameters)
    assert (status, reason in text.decode()) == (400, True), text


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_text_becomes_a_formula(start):
    columns = [Column("a", "text", "text"), Column("b", "numeric", "number")]
    data = b"".join(export.csv_rows(columns, [(f"{start}1+1", Decimal("-5.50"))]))
    assert read_csv(data)[1] == [f"'{start}1+1", "-5,50"]


def test_values_are_written_for_a_brazilian_spreadsheet():
    columns = [Column(name, "text", "text") for name in "abcdef"]
    row = (None, True, date(2025, 9, 1), datetime(2025, 9, 1, 3, tzinfo=UTC), ["x", None], 'a;"b')
    (_, line) = read_csv(b"".join(export.csv_rows(columns, [row])))
    assert line == ["", "sim", "2025-09-01", "2025-09-01 03:00:00+00:00", "x, ", 'a;"b']


def test_exports_wait_their_turn_and_give_it_back(pool, monkeypatch):
    monkeypatch.setattr("viewer.pool.STREAM_PATIENCE_S", 0.05)
    running = [pool.stream(f"select * from {HISTORY}") for _ in range(MOST_STREAMS)]
    for one in running:
        next(one)
    with pytest.raises(BusyError, match="exportações em curso"):
        next(pool.stream("select 1"))
    for one in running:
        one.close()
    assert list(pool.stream("select 1")) == [[(1,)]]
