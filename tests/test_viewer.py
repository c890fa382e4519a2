"""The viewer without a browser: filters, paging and counts on PostgreSQL, pages over HTTP."""

from __future__ import annotations

import itertools
import json
import socket
import threading
import time
import unicodedata
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest

from pipeline import database
from pipeline.errors import ConfigurationError, DatabaseError, DatabaseUnavailableError
from tests.viewing import Served
from viewer import catalog, filters, formats, journal, rows, server
from viewer.app import PAGES, create_app
from viewer.catalog import Column
from viewer.filters import FilterError
from viewer.grid import ORDERED_OPERATORS, TEXT_OPERATORS, table_grid
from viewer.pool import NotPreparedError, ReadPool, SlowQueryError
from viewer.rows import View
from viewer.state import State

ROOT = Path(__file__).resolve().parent.parent
ROWS = 2_000
NOW = datetime(2025, 12, 1, 15, 4, 5, tzinfo=UTC)
TRANSFORMED = """
    create table staging.transformed as
    select
        2025::smallint as ano,
        9::smallint as mes,
        date '2025-09-01' as data_referencia,
        (8761995 + n)::bigint as id_terceirizado,
        'MIN.EDUC' as sigla_orgao_superior_unidade_gestora,
        '153114' as id_unidade_gestora,
        'UNIVERSIDADE FEDERAL' as nome_unidade_gestora,
        'UFRGS' as sigla_unidade_gestora,
        'ORGAO' || (n %% 12) as sigla_orgao_trabalho,
        case when n %% 100 > 0 then 'ÓRGÃO DE TRABALHO ' || (n %% 12) end as nome_orgao_trabalho,
        '26244' as id_orgao_siafi,
        '026244' as id_orgao_siape,
        '08295864000162' as cnpj_empresa,
        n %% 3 > 0 as indicador_cnpj_valido,
        'LIMPEZA & CIA <b>LTDA</b>' as razao_social_empresa,
        '00037/2021' as numero_contrato,
        '***.527.' || lpad((n %% 1000)::text, 3, '0') || '-**' as cpf,
        case n when 1 then 'JOÃO D''ÁVILA' when 2 then 'joao da silva' when 3 then '   '
            else 'PESSOA ' || (n %% 500) end as nome,
        '517330' as cbo_2002,
        'VIGILANTE' as categoria_profissional,
        'Ensino médio completo' as escolaridade_exigida,
        (40 + n %% 5)::numeric as quantidade_horas_semanais,
        'SEDE' as nome_unidade_prestacao,
        (1500 + n %% 7)::numeric(12, 2) as salario_mensal,
        (5838.10 + (n %% 12) * 1000)::numeric(12, 2) as custo_mensal,
        'terceirizadossetembro.xlsx' as arquivo_origem,
        n as linha_origem,
        false as reparado,
        timestamptz '2025-12-01 01:30:00+00' + n * interval '1 minute' as capturado_em,
        case when n = 7 then array['quantidade_horas_semanais'] end as campos_invalidos
    from generate_series(1, %s) as n;
    comment on table staging.transformed is 'Uma linha por trabalhador terceirizado e versão.';
    comment on column staging.transformed.cpf is 'CPF mascarado pela fonte.';
"""
RAW = """
    create table public.historic_raw_2025_05
        partition of public.historic_raw for values from (2025, 5) to (2025, 6);
    create table public.historic_raw_2025_09
        partition of public.historic_raw for values from (2025, 9) to (2025, 10);
    insert into public.historic_raw
        (id_terc, nm_terceirizado, ano, mes, arquivo_origem, linha_origem)
    select n, 'IGUAL', 2025, 5 + 4 * (n % 2), 'a.csv', n from generate_series(1, 300) as n;
    create or replace view public.raw as
        select * from public.historic_raw where ano = 2025 and mes = 9;
"""


def execute(settings, statement, *values):
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def fill_tables(settings, rows=ROWS):
    """Make `staging.transformed` with `rows` rows, and raw rows of two releases."""
    execute(settings, TRANSFORMED, rows)
    execute(settings, RAW)
    for year, month in [(2024, 9), (2025, 5), (2025, 9)]:
        execute(
            settings,
            "insert into public.arquivos (ano, mes, url, arquivo, sha256, bytes, tem_cabecalho, "
            "linhas, linhas_cabecalho, linhas_em_branco, linhas_carregadas, linhas_reparadas, "
            "linhas_separadas, soma_salario, soma_custo, baixado_em, capturado_em, segundos) "
            "values (%s, %s, 'u', %s, 's', 1, true, 75131, 1, 0, 75128, 4, 2, 1, 2, %s, %s, 3.5)",
            year,
            month,
            f"terceirizados{year}{month:02d}.xlsx",
            NOW,
            NOW,
        )


def fill_journal(settings, state="Failed"):
    """Make two runs; the second has a task, dbt results and three log lines."""
    end = None if state == "Running" else NOW + timedelta(seconds=83)
    for run_id, flow, how, finish in [
        ("run-1", "Captura dos Dados", "Success", NOW),
        ("run-2", "Materialização dos Dados", state, end),
    ]:
        execute(
            settings,
            "insert into public.execucoes values (%s, %s, %s, %s, %s, %s, %s, 'maquina:1')",
            run_id, flow, how, "1 teste falhou", NOW, finish, json.dumps({"refresh": False}),
        )  # fmt: skip
    execute(
        settings,
        "insert into public.execucoes_tarefas values "
        "('run-2', 'Materializar e testar', -1, 1, %s, 'falhou', %s, %s)",
        state, NOW, end,
    )  # fmt: skip
    execute(
        settings,
        "insert into public.resultados_dbt values "
        "('run-2', 'model.transformed', 'model', null, 'success', null, null, 1.2, %s), "
        "('run-2', 'test.unique', 'test', 'id único', 'fail', 3, '3 repetidos', 0.2, %s)",
        NOW, NOW,
    )  # fmt: skip
    for number, (level, text) in enumerate(
        [
            ("INFO", "Começou a materialização"),
            ("WARNING", "Atenção: <script>alert(1)</script>"),
            (
                "ERROR",
                'falhou\nTraceback (most recent call last):\n  File "x.py", line 1\nErro: fim',
            ),
        ]
    ):
        execute(
            settings,
            "insert into public.registros "
            "(execucao_id, processo, sequencia, tarefa, nivel, momento, mensagem) "
            "values ('run-2', 'p', %s, 'Materializar e testar', %s, %s, %s)",
            number, level, NOW + timedelta(seconds=number), text,
        )  # fmt: skip


@pytest.fixture
def pool(settings):
    made = ReadPool(settings)
    yield made
    made.close()


@pytest.fixture
def transformed(settings, pool):
    fill_tables(settings)
    return catalog.find_relation(pool, "staging.transformed")


def numbers(pool, relation, model=None, search=""):
    """The source lines of the rows that pass a filter."""
    found = rows.page(pool, relation, View(model or {}, search=search), 0, 1_000)
    return sorted(int(row["linha_origem"].replace(".", "")) for row in found)


def text_filter(operator, value=None, column="nome"):
    return {column: {"filterType": "text", "type": operator, "filter": value}}


# --- reading only -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "insert into public.materializacoes (alvo, arquivos, modelos) values ('a', '{1}', 'b')",
        "update public.arquivos set vigente = false",
        "delete from staging.transformed",
        "create table public.nova (a int)",
        "create temporary table nova (a int)",
    ],
)
def test_the_pool_cannot_write(pool, transformed, statement):
    with pytest.raises(DatabaseError, match=r"read-only|permission denied"):
        pool.fetch(statement)


def test_a_cut_connection_is_replaced_without_an_error(pool, settings):
    pool.check()
    execute(
        settings,
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where usename = %s and datname = %s",
        database.reader_role(settings),
        settings.db_name,
    )
    pool.check()


def test_more_threads_than_connections_all_get_their_answer(settings):
    pool = ReadPool(settings, size=2)
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(pool.fetch("select pg_sleep(0.05)")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    (row,) = pool.fetch("select count(*) as n from pg_stat_activity where usename = current_user")
    assert row["n"] <= 2
    pool.close()


def test_a_slow_query_is_given_up_and_the_connection_stays_good(pool):
    with pytest.raises(SlowQueryError, match="Restrinja o filtro"):
        pool.fetch("select pg_sleep(5)", timeout_ms=50)
    assert pool.fetch("show statement_timeout") == [{"statement_timeout": "30s"}]


def test_a_database_never_prepared_is_told_from_one_that_is_down(empty_settings):
    with pytest.raises(NotPreparedError, match=r"capture\.py"):
        ReadPool(empty_settings).fetch("select 1")
    away = replace(empty_settings, db_host="127.0.0.1", db_port=9, db_user="eu")
    with pytest.raises(DatabaseUnavailableError) as caught:
        ReadPool(away).fetch("select 1")
    assert not isinstance(caught.value, NotPreparedError)


def test_the_viewer_never_makes_nor_starts_an_embedded_database(settings, tmp_path):
    nothing = replace(settings, data_dir=tmp_path / "nada")
    with pytest.raises(NotPreparedError):
        ReadPool(nothing).fetch("select 1")
    assert not nothing.data_dir.exists()
    stopped = tmp_path / "parado" / "postgres"
    stopped.mkdir(parents=True)
    (stopped / "PG_VERSION").write_text("18")
    with pytest.raises(DatabaseUnavailableError, match="está parado"):
        ReadPool(replace(settings, data_dir=stopped.parent)).fetch("select 1")


# --- the catalogue ------------------------------------------------------------------------------


def test_tables_and_views_are_listed_without_partitions(pool, transformed):
    found = {relation.full_name: relation for relation in catalog.list_relations(pool)}
    assert found["staging.transformed"].kind == "tabela"
    assert found["staging.transformed"].description.startswith("Uma linha por trabalhador")
    assert found["public.historic_raw"].kind == "tabela particionada"
    assert found["public.raw"].kind == "visão"
    assert "public.historic_raw_2025_09" not in found
    assert not [name for name in found if name.startswith(("pg_catalog", "information_schema"))]


def test_a_column_comes_with_type_kind_and_comment(transformed):
    assert transformed.column("cpf") == Column("cpf", "text", "text", "CPF mascarado pela fonte.")
    kinds = {column.name: column.kind for column in transformed.columns}
    assert kinds["custo_mensal"] == "number"
    assert kinds["data_referencia"] == "date"
    assert kinds["capturado_em"] == "moment"
    assert kinds["indicador_cnpj_valido"] == "boolean"
    assert kinds["campos_invalidos"] == "other"
    assert transformed.column("custo_mensal").type_name == "numeric(12,2)"


@pytest.mark.parametrize(
    "name",
    [
        "staging.nada",
        "pg_catalog.pg_authid",
        'staging."transformed"',
        "x'; drop table a; --",
        "\0",
        "",
    ],
)
def test_a_name_that_is_no_table_finds_nothing(pool, transformed, name):
    assert catalog.find_relation(pool, name) is None


# --- filters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (text_filter("contains", "joao"), [1, 2]),
        (text_filter("contains", "João D'á"), [1]),
        (text_filter("startsWith", "JOÃO"), [1, 2]),
        (text_filter("endsWith", "SILVA"), [2]),
        (text_filter("equals", "JOAO DA SILVA"), [2]),
        (text_filter("blank"), [3]),
        (text_filter("contains", "%"), []),
        (text_filter("contains", "quantidade", "campos_invalidos"), [7]),
        (text_filter("notBlank", column="campos_invalidos"), [7]),
        ({"linha_origem": {"type": "lessThan", "filter": 3}}, [1, 2]),
        ({"linha_origem": {"type": "inRange", "filter": 5, "filterTo": 7}}, [5, 6, 7]),
        ({"linha_origem": {"type": "greaterThanOrEqual", "filter": 1999}}, [1999, 2000]),
        ({"id_terceirizado": {"type": "equals", "filter": "8761996"}}, [1]),
        ({"capturado_em": {"type": "lessThan", "dateFrom": "2025-11-30 00:00:00"}}, []),
        (
            {
                "capturado_em": {"type": "equals", "dateFrom": "2025-11-30 00:00:00"},
                "linha_origem": {"type": "greaterThan", "filter": 88},
            },
            [89],
        ),
        (
            {
                "indicador_cnpj_valido": {"type": "false"},
                "linha_origem": {"type": "lessThan", "filter": 7},
            },
            [3, 6],
        ),
        (
            {
                "linha_origem": {
                    "operator": "OR",
                    "conditions": [
                        {"type": "equals", "filter": 4},
                        {"type": "equals", "filter": 9},
                    ],
                }
            },
            [4, 9],
        ),
    ],
)  # fmt: skip
def test_filters_find_exactly_their_rows(pool, transformed, model, expected):
    assert numbers(pool, transformed, model) == expected
    assert rows.count(pool, transformed, View(model)) == rows.Count(len(expected), "exact")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (text_filter("notContains", "pessoa"), 3),
        (text_filter("notEqual", "pessoa 9"), ROWS - 4),
        (text_filter("blank", column="nome_orgao_trabalho"), 20),
        (text_filter("notBlank", column="nome_orgao_trabalho"), ROWS - 20),
        (
            {
                "data_referencia": {
                    "type": "inRange",
                    "dateFrom": "2025-09-01",
                    "dateTo": "2025-09-30",
                }
            },
            ROWS,
        ),
        ({"data_referencia": {"type": "notEqual", "dateFrom": "2025-09-01 00:00:00"}}, 0),
        ({"custo_mensal": {"type": "equals", "filter": 5838.1}}, 166),
        ({"indicador_cnpj_valido": {"type": "true"}}, ROWS - 666),
        ({"capturado_em": {"type": "equals", "dateFrom": "2025-11-30"}}, 89),
    ],
)  # fmt: skip
def test_counts_cover_all_rows(pool, transformed, model, expected):
    assert rows.count(pool, transformed, View(model)).rows == expected


def test_the_search_looks_for_every_word_in_any_text_column(pool, transformed):
    assert numbers(pool, transformed, search="d'avila JOAO") == [1]
    assert numbers(pool, transformed, search="vigilante joao") == [1, 2]
    assert numbers(pool, transformed, search="joao ninguem") == []


def test_every_operator_the_grid_offers_is_known_and_no_other(transformed):
    assert {*filters.BUILDERS["text"], "blank", "notBlank"} == set(TEXT_OPERATORS)
    assert {*filters.BUILDERS["number"], "blank", "notBlank"} == set(ORDERED_OPERATORS)
    definitions = table_grid("g", transformed, State(View())).columnDefs
    assert [item["field"] for item in definitions] == [item.name for item in transformed.columns]


def test_the_fold_drops_accents_as_unicode_does(pool):
    letters = "ÁÀÂÃÄÅáàâãäåÉÈÊËéèêëÍÌÎÏíìîïÓÒÔÕÖóòôõöÚÙÛÜúùûüÇçÑñÝýÿaZ9 .'"
    (row,) = pool.fetch("select public.sem_acento(%s) as folded", [letters])
    plain = "".join(unicodedata.normalize("NFD", letter)[0].lower() for letter in letters)
    assert row["folded"].replace("\u030a", "") == plain


INJECTION = [
    "'; drop table staging.transformed; --",
    '" or 1=1 --',
    "%s %(x)s {}",
    "\\'; select 1",
    "$$",
]


@pytest.mark.parametrize("text", INJECTION)
def test_sql_in_a_value_is_only_a_value(pool, transformed, text):
    assert numbers(pool, transformed, text_filter("contains", text)) == []
    assert numbers(pool, transformed, search=text) == []
    assert rows.count(pool, transformed, View()).rows == ROWS


@pytest.mark.parametrize("text", [*INJECTION, "ctid", "nome; --", "NOME", None, 1])
def test_sql_in_a_column_name_is_refused(pool, transformed, text):
    with pytest.raises(FilterError, match="não tem a coluna"):
        rows.page(pool, transformed, View({text: {"type": "blank"}}), 0, 10)
    with pytest.raises(FilterError, match="não tem a coluna"):
        rows.page(pool, transformed, View(sorts=[{"colId": text, "sort": "asc"}]), 0, 10)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (text_filter("regexp", "x"), "operador 'regexp'"),
        (text_filter("contains", None), "precisa de um texto"),
        (text_filter("contains", "a\0b"), "precisa de um texto"),
        (text_filter("contains", "x" * 1001), "precisa de um texto"),
        ({"custo_mensal": {"type": "equals", "filter": "1; drop"}}, "precisa de um número"),
        ({"custo_mensal": {"type": "equals", "filter": True}}, "precisa de um número"),
        ({"custo_mensal": {"type": "equals", "filter": "NaN"}}, "grande demais"),
        ({"custo_mensal": {"type": "equals", "filter": "1e999999"}}, "grande demais"),
        ({"custo_mensal": {"type": "contains", "filter": 1}}, "operador 'contains'"),
        ({"data_referencia": {"type": "equals", "dateFrom": "ontem"}}, "precisa de uma data"),
        ({"nome": {"operator": "XOR", "conditions": []}}, "combine com AND ou OR"),
        ({"nome": {"operator": "OR", "conditions": []}}, "1 a 10 condições"),
        ({"nome": "x"}, "filtro inválido"),
    ],
)
def test_a_filter_that_cannot_be_is_named(pool, transformed, model, message):
    with pytest.raises(FilterError, match=message):
        rows.page(pool, transformed, View(model), 0, 10)


def test_a_sort_direction_is_looked_up_never_pasted(pool, transformed):
    with pytest.raises(FilterError, match="ordem desconhecida"):
        rows.page(
            pool, transformed, View(sorts=[{"colId": "nome", "sort": "asc; drop table x"}]), 0, 10
        )


def test_a_table_with_hostile_names_is_read_as_it_is(settings, pool):
    execute(settings, """create table staging."a'b"".c;--%s" ("x"";--%%s {0}" text, j json)""", "s")
    execute(settings, """insert into staging."a'b"".c;--'s'" values ('<i>5%</i>', '{"a": 1}')""")
    name = "staging.a'b\".c;--'s'"
    relation = catalog.find_relation(pool, name)
    column = relation.columns[0].name
    view = View(text_filter("contains", "5%", column), [{"colId": column, "sort": "desc"}], "<I>")
    assert rows.page(pool, relation, view, 0, 10) == [{column: "<i>5%</i>", "j": '{"a": 1}'}]


# --- paging and order ---------------------------------------------------------------------------


def walk(pool, relation, sorts, key="linha_origem", page=130):
    """All values of `key`, page by page."""
    seen = []
    found = [None] * page
    for start in itertools.count(0, page):
        if len(found) < page:
            break
        found = rows.page(pool, relation, View(sorts=sorts), start, start + page)
        seen += [row[key] for row in found]
    return seen


@pytest.mark.parametrize("column", [None, "quantidade_horas_semanais", "nome", "cbo_2002"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_paging_visits_every_row_once_under_ties(pool, transformed, column, direction):
    sorts = [{"colId": column, "sort": direction}] if column else []
    seen = walk(pool, transformed, sorts)
    assert len(seen) == ROWS
    assert len(set(seen)) == ROWS


@pytest.mark.parametrize(("name", "expected"), [("public.historic_raw", 300), ("public.raw", 150)])
def test_paging_visits_every_row_of_partitions_and_views_once(pool, transformed, name, expected):
    relation = catalog.find_relation(pool, name)
    seen = walk(pool, relation, [{"colId": "nm_terceirizado", "sort": "asc"}], page=17)
    assert len(seen) == len(set(seen)) == expected


def test_text_sorts_without_accents_and_nulls_come_last(settings, pool):
    execute(
        settings, "create table staging.t as select unnest(array['Zé', null, 'álvaro', 'Bia']) as n"
    )
    relation = catalog.find_relation(pool, "staging.t")
    for direction, expected in [
        ("asc", ["álvaro", "Bia", "Zé"]),
        ("desc", ["Zé", "Bia", "álvaro"]),
    ]:
        found = rows.page(pool, relation, View(sorts=[{"colId": "n", "sort": direction}]), 0, 9)
        assert [row["n"] for row in found] == [*expected, None]


def test_many_rows_are_estimated_unless_the_reader_asks(pool, transformed, monkeypatch):
    assert rows.count(pool, transformed, View()) == rows.Count(ROWS, "exact")
    monkeypatch.setattr(rows, "COUNTED_ROWS", ROWS - 1)
    assert rows.count(pool, replace(transformed, estimate=ROWS), View()).kind == "about"
    assert rows.count(pool, transformed, View(), exactly=True) == rows.Count(ROWS, "exact")


# --- values -------------------------------------------------------------------------------------


def column(name, kind="number"):
    return Column(name, "numeric", kind)


@pytest.mark.parametrize(
    ("value", "name", "expected"),
    [
        (Decimal("5838.10"), "custo_mensal", "5.838,10"),
        (Decimal("-81200840.000"), "custo_mensal", "-81.200.840,000"),
        (Decimal("1234567890123456789.12345678901"), "x", "1.234.567.890.123.456.789,12345678901"),
        (0.1, "x", "0,1"),
        (1e21, "x", "1.000.000.000.000.000.000.000"),
        (float("nan"), "x", "nan"),
        (8761995, "id_terceirizado", "8761995"),
        (2025, "ano", "2025"),
        (75128, "linhas_carregadas", "75.128"),
        (True, "reparado", "sim"),
        (None, "nome", None),
        ("", "nome", ""),
        ("0037", "numero_contrato", "0037"),
        (["a", None], "campos_invalidos", "a, nulo"),
        ({"é": 1}, "parametros", '{"é": 1}'),
        (datetime(2025, 9, 1, 3, 4, 5), "momento", "01/09/2025 03:04:05"),
    ],
)  # fmt: skip
def test_values_are_written_as_brazilians_write_and_keep_every_digit(value, name, expected):
    assert formats.cell(value, column(name)) == expected


def test_times_are_shown_in_brasilia_whatever_the_session_of_the_server(pool, transformed):
    model = {"linha_origem": {"type": "equals", "filter": 1}}
    (row,) = rows.page(pool, transformed, View(model), 0, 1)
    assert row["capturado_em"] == "30/11/2025 22:31:00"
    assert row["data_referencia"] == "01/09/2025"
    assert row["custo_mensal"] == "6.838,10"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.43, "0,4 s"), (83, "1 min 23 s"), (3725, "1 h 02 min"), (None, "—"), (12.4, "12 s")],
)
def test_durations_read_well(seconds, expected):
    assert formats.duration(seconds) == expected


# --- over HTTP ----------------------------------------------------------------------------------


@pytest.fixture
def served(settings, tmp_path):
    viewer = Served(settings, tmp_path / "home")
    yield viewer
    viewer.stop()


def test_the_first_line_is_the_address_and_nothing_is_left_behind(settings, tmp_path):
    (tmp_path / "home").mkdir()
    viewer = Served(settings, tmp_path / "home")
    assert viewer.first_line.startswith(f"Visualizador no ar: http://localhost:{viewer.port} ")
    viewer.get("/")
    assert viewer.stop() == ("", "")
    assert viewer.process.returncode == 0
    assert list((tmp_path / "home").rglob("*")) == []


def test_health_is_ok_while_the_database_answers(served):
    status, body, _ = served.get("/healthz")
    assert (status, json.loads(body)) == (200, {"estado": "ok", "banco": "ok"})


def test_health_is_503_and_says_why_when_it_does_not(settings, tmp_path):
    viewer = Served(settings, tmp_path, host="127.0.0.1", db_port=9, user="eu")
    status, body, _ = viewer.get("/healthz")
    viewer.stop()
    assert status == 503
    assert json.loads(body)["estado"] == "erro"
    assert "127.0.0.1:9 não respondeu" in json.loads(body)["banco"]


def test_a_port_in_use_is_a_configuration_error_that_names_it(settings):
    with closing(socket.socket()) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"porta {port} .* VIEWER_PORT"):
            server.serve(replace(settings, viewer_port=port))


def test_a_page_that_is_open_survives_a_restart_of_its_connections(served, settings):
    assert served.get("/healthz")[0] == 200
    execute(
        settings,
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s",
        database.reader_role(settings),
    )
    assert served.get("/healthz")[0] == 200


def test_every_page_answers_on_an_empty_database_and_says_what_to_run(served):
    text = json.dumps(served.show("/"), ensure_ascii=False)
    assert "Nada foi capturado ainda" in text
    assert "python run/capture.py" in text
    assert "Nada rodou ainda" in json.dumps(served.show("/execucoes"), ensure_ascii=False)
    assert "public.arquivos" in json.dumps(served.show("/dados"))
    assert "Não há página" in json.dumps(served.show("/nada"), ensure_ascii=False)


def test_a_database_error_is_shown_as_what_it_is(settings, tmp_path):
    viewer = Served(settings, tmp_path, host="127.0.0.1", db_port=9, user="eu")
    for page in PAGES:
        text = json.dumps(viewer.show(page.PATH), ensure_ascii=False)
        assert "Não foi possível ler o banco" in text
        assert "não respondeu" in text
        assert "Nada foi capturado" not in text
    viewer.stop()


def test_a_table_that_lost_its_rights_is_an_error_not_an_empty_page(served, settings):
    execute(settings, f'revoke select on public.arquivos from "{database.reader_role(settings)}"')
    text = json.dumps(served.show("/"), ensure_ascii=False)
    assert "permission denied" in text
    assert "Nada foi capturado" not in text


def test_the_panorama_shows_the_newest_release(served, settings):
    fill_tables(settings)
    fill_journal(settings)
    text = json.dumps(served.show("/"), ensure_ascii=False)
    for expected in [
        "setembro de 2025",
        "75.128 registros, R$ 2,00 por mês, em terceirizados202509.xlsx",
        "python run/historic_materialize.py",
        "01/12/2025 12:04:05",
        "Falhou",
    ]:
        assert expected in text, expected


def test_rows_come_in_pages_and_the_last_page_tells_the_end(served, settings):
    fill_tables(settings)
    answer = served.rows("staging.transformed")["dados-grade"]["getRowsResponse"]
    assert len(answer["rowData"]) == 100
    assert answer["rowCount"] is None
    answer = served.rows("staging.transformed", start=1_950, end=2_050)
    answer = answer["dados-grade"]["getRowsResponse"]
    assert (len(answer["rowData"]), answer["rowCount"]) == (50, ROWS)


def test_a_bad_request_for_rows_is_answered_with_its_reason(served, settings):
    fill_tables(settings)
    for arguments, reason in [
        ({"table": "staging.nada"}, "já não existe"),
        ({"table": "staging.transformed", "model": {"x'": {"type": "blank"}}}, "não tem a coluna"),
    ]:
        answer = served.rows(**arguments)
        assert answer["dados-grade"]["getRowsResponse"] == {"rowData": [], "rowCount": 0}
        assert reason in json.dumps(answer["dados-erro"], ensure_ascii=False)


@pytest.mark.parametrize(
    ("search", "problem"),
    [
        ("?tabela=staging.transformed&filtro={", "filtro= que não se entende"),
        ('?tabela=staging.transformed&filtro={"x":{"type":"blank"}}', "não tem a coluna 'x'"),
        ('?tabela=staging.transformed&ordem={"a":1}', "ordem= que não se entende"),
        ("?tabela=%27%3B--", "Não há tabela nem visão"),
    ],
)
def test_what_an_address_says_wrongly_is_named(served, settings, search, problem):
    fill_tables(settings)
    assert problem in json.dumps(served.show("/dados", search), ensure_ascii=False)


def test_a_run_shows_its_tasks_and_dbt_results_failures_first(served, settings):
    fill_journal(settings)
    text = json.dumps(served.show("/execucoes", "?id=run-2"), ensure_ascii=False)
    assert "Materializar e testar" in text
    assert text.index("test.unique") < text.index("model.transformed")
    assert "1 min 23 s" in text
    assert "Não há execução" in json.dumps(served.show("/execucoes", "?id=x"), ensure_ascii=False)


def test_log_lines_are_filtered_by_level_and_text(pool, settings):
    fill_journal(settings)
    rows, total = journal.records(pool, "run-2", [], "", 2)
    assert [row["nivel"] for row in rows] == ["WARNING", "ERROR"]
    assert total == 3
    assert journal.records(pool, "run-2", ["ERROR"], "", 9)[1] == 1
    assert journal.records(pool, "run-2", [], "COMECOU", 9)[0][0]["nivel"] == "INFO"
    assert journal.records(pool, "run-2", ["INFO"], "'; drop table x", 9) == ([], 0)


@pytest.mark.parametrize(("state", "is_going"), [("Running", True), ("Failed", False)])
def test_a_run_is_followed_until_it_ends(pool, settings, state, is_going):
    fill_journal(settings, state)
    assert journal.run(pool, "run-2")["em_curso"] is is_going


def test_nothing_is_loaded_from_another_host_and_debug_is_off(served):
    status, page, headers = served.get("/")
    assert status == 200
    assert '<html lang="pt-BR">' in page
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    config = served.get("/_dash-layout")[1] + page
    assert '"hot_reload"' not in config
    assert served.get("/assets/favicon.svg")[0] == 200


def test_making_the_application_touches_no_database(settings, tmp_path):
    started = time.monotonic()
    app = create_app(replace(settings, data_dir=tmp_path / "nada", db_host=""))
    assert app.title == "Terceirizados"
    assert not (tmp_path / "nada").exists()
    assert time.monotonic() - started < 20


def test_the_role_of_the_pool_is_the_reading_one(pool, settings):
    assert pool.fetch("select current_user as role") == [{"role": database.reader_role(settings)}]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        connection = database.connect(settings, read_only=True)
        try:
            connection.cursor().execute("set default_transaction_read_only = off")
            connection.commit()
            connection.cursor().execute("create table public.nova (a int)")
        finally:
            connection.close()
