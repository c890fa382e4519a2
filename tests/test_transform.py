"""What the dbt layers make of each published value, on real dbt and PostgreSQL, in one build."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import yaml

from pipeline import database, ledger, load, parse, transform
from pipeline.columns import PUBLISHED
from pipeline.download import Download, file_sha256
from pipeline.errors import TerminalError, TransformError
from pipeline.settings import load_settings
from pipeline.source import Release
from tests.test_parse import FIELDS

ROOT = transform.ROOT
CNPJ = "08295864000162"  # check digits wrong on purpose: see CASES

# (published column, published value, column of transformed, expected value)
CASES = [
    ("id_terc", "8761995", "id_terceirizado", 8761995),
    ("id_terc", "12A", "id_terceirizado", None),
    ("sg_ug_gestora", "NI  ", "sigla_unidade_gestora", None),
    ("sg_ug_gestora", "NI.", "sigla_unidade_gestora", None),
    ("sg_ug_gestora", "<N/I>", "sigla_unidade_gestora", None),
    ("sg_ug_gestora", "NULL", "sigla_unidade_gestora", None),
    ("sg_ug_gestora", "\u00a0 \t", "sigla_unidade_gestora", None),
    ("sg_ug_gestora", " -1 ", "sigla_unidade_gestora", "-1"),
    ("nm_terceirizado", "ANTONI NI ", "nome", "ANTONI NI"),
    ("cd_orgao_siafi", "-2", "id_orgao_siafi", None),
    ("cd_orgao_siape", "-1", "id_orgao_siape", None),
    ("cd_orgao_siape", "01234", "id_orgao_siape", "01234"),
    ("cd_ug_gestora", "010001", "id_unidade_gestora", "010001"),
    ("nr_cnpj", "8295864000162", "cnpj_empresa", CNPJ),
    ("nr_cnpj", "08.295.864/0001-62", "cnpj_empresa", CNPJ),
    ("nr_cnpj", "123456789012345", "cnpj_empresa", None),
    ("nr_cnpj", "33000167000101", "indicador_cnpj_valido", True),
    ("nr_cnpj", "191", "indicador_cnpj_valido", True),
    ("nr_cnpj", "33000167000102", "indicador_cnpj_valido", False),
    ("nr_cnpj", "12ABC34501DE35", "indicador_cnpj_valido", True),
    ("nr_cnpj", "<N/I>", "indicador_cnpj_valido", None),
    ("nm_categoria_profissional", "517330 - VIGILANTE", "cbo_2002", "517330"),
    ("nm_categoria_profissional", "517330 - VIGILANTE", "categoria_profissional", "VIGILANTE"),
    ("nm_categoria_profissional", "5173 - VIGIA", "cbo_2002", None),
    ("nm_categoria_profissional", "5173 - VIGIA", "categoria_profissional", "VIGIA"),
    ("nm_categoria_profissional", "DIGITADOR", "categoria_profissional", "DIGITADOR"),
    ("nm_categoria_profissional", "DIGITADOR", "cbo_2002", None),
    ("nm_categoria_profissional", "514320", "cbo_2002", "514320"),
    ("nm_categoria_profissional", "411010 - A - B", "categoria_profissional", "A - B"),
    ("nm_escolaridade", "CURSO TECNICO COMPLETO", "escolaridade_exigida", "Curso técnico completo"),
    ("nm_escolaridade", "ensino médio completo", "escolaridade_exigida", "Ensino médio completo"),
    ("nm_escolaridade", "PÓS-GRADUAÇÃO", "escolaridade_exigida", "Pós-graduação"),
    ("nm_escolaridade", "37", "escolaridade_exigida", None),
    ("nr_jornada", "48  ", "quantidade_horas_semanais", Decimal(48)),
    ("nr_jornada", "37,5", "quantidade_horas_semanais", Decimal("37.5")),
    ("nr_jornada", "NI  ", "quantidade_horas_semanais", None),
    ("nr_jornada", "muitas", "quantidade_horas_semanais", None),
    ("vl_mensal_salario", "2012.55", "salario_mensal", Decimal("2012.55")),
    ("vl_mensal_salario", "2012,55", "salario_mensal", Decimal("2012.55")),
    ("vl_mensal_salario", "2250", "salario_mensal", Decimal(2250)),
    ("vl_mensal_salario", "4036.360107421875", "salario_mensal", Decimal("4036.36")),
    ("vl_mensal_salario", "1.234.567,89", "salario_mensal", Decimal("1234567.89")),
    ("vl_mensal_custo", "81200840", "custo_mensal", Decimal(81200840)),
    ("vl_mensal_custo", "12345678901", "custo_mensal", None),
    ("vl_mensal_custo", "R$ 10", "custo_mensal", None),
    ("vl_mensal_custo", "-1", "custo_mensal", Decimal(-1)),
    ("Num_Mes_Carga", "", "mes", 9),
    ("Num_Mes_Carga", "5", "mes", 9),
    ("nr_contrato", "00037/2021 ", "numero_contrato", "00037/2021"),
    ("nm_razao_social", "AD'S; LTDA", "razao_social_empresa", "AD'S; LTDA"),
]
# (published column, published value, what campos_invalidos must say)
INVALID = [
    ("id_terc", "12A", ["id_terceirizado"]),
    ("nr_cnpj", "123456789012345", ["cnpj_empresa"]),
    ("nm_escolaridade", "37", ["escolaridade_exigida"]),
    ("nr_jornada", "muitas", ["quantidade_horas_semanais"]),
    ("vl_mensal_custo", "12345678901", ["custo_mensal"]),
    ("Num_Mes_Carga", "5", ["mes"]),
    ("Ano_Carga", "2024", ["ano"]),
    ("Num_Mes_Carga", "", None),
    ("nr_jornada", "NI  ", None),
    ("nr_cnpj", "<N/I>", None),
]


def capture(folder, records, year=2025, month=9):
    path = folder / f"{year}-{month}-{len(records)}.csv"
    lines = [",".join(f'"{value}"' for value in row) for row in [PUBLISHED, *records]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    release = Release(year, month, f"http://portal.test/{path.name}")
    download = Download(
        path, release.url, file_sha256(path), 1, None, None, "2026-01-01T00:00:00Z", is_new=True
    )
    return ledger.Capture(release, download, parse.parse(path), (), 0.1, "captura")


def record(column, value):
    base = [*FIELDS[:6], "33000167000101", *FIELDS[7:]]
    row = dict(zip(PUBLISHED, base, strict=True)) | {column: value}
    return list(row.values())


@pytest.fixture(scope="module")
def built(server_dir, tmp_path_factory):
    """A database in which every case is one row, materialized once."""
    folder = tmp_path_factory.mktemp("transformar")
    (folder / "postgres").symlink_to(server_dir / "postgres")
    settings = replace(
        load_settings(folder / "none"),
        db_name="transformar",
        data_dir=folder,
        log_dir=folder / "logs",
    )
    database.prepare(settings)
    records = [record(column, value) for column, value, *_ in [*CASES, *INVALID]]
    load.load(settings, capture(folder, records))
    summary = transform.materialize(settings, "recente", "run-1")
    return settings, summary, folder


@pytest.fixture
def select(built):
    def run(query, *values):
        with database.transaction(built[0]) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    return run


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{c[2]}:{c[1]}" for c in CASES])
def test_each_value_becomes_what_it_means(select, number):
    *_, column, expected = CASES[number]
    assert select(
        f"select {column} from staging.transformed where linha_origem = %s", number + 2
    ) == [(expected,)]


@pytest.mark.parametrize("number", range(len(INVALID)), ids=[f"{c[0]}:{c[1]}" for c in INVALID])
def test_a_value_that_cannot_be_converted_is_counted(select, number):
    line = len(CASES) + number + 2
    assert select(
        "select campos_invalidos from staging.transformed where linha_origem = %s", line
    ) == [(INVALID[number][2],)]


def test_no_row_is_dropped_and_each_says_where_it_came_from(select):
    total = len(CASES) + len(INVALID)
    assert select(
        "select count(*), min(linha_origem), max(linha_origem), min(arquivo_origem), "
        "bool_and(capturado_em is not null), min(data_referencia) from staging.transformed"
    ) == [(total, 2, total + 1, f"2025-9-{total}.csv", True, date(2025, 9, 1))]


def test_types_and_order_are_those_of_the_design(select):
    found = select(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = "
        "'staging.transformed'::regclass and attnum > 0 and not attisdropped order by attnum"
    )
    types = dict(found)
    assert [name for name, _ in found][:4] == ["ano", "mes", "data_referencia", "id_terceirizado"]
    assert [name for name, _ in found][-5:] == [
        "arquivo_origem",
        "linha_origem",
        "reparado",
        "capturado_em",
        "campos_invalidos",
    ]
    assert types["salario_mensal"] == types["custo_mensal"] == "numeric(12,2)"
    assert (types["ano"], types["data_referencia"]) == ("smallint", "date")
    assert (types["id_terceirizado"], types["cnpj_empresa"]) == ("bigint", "text")


def test_results_of_models_and_tests_are_kept(select, built):
    kept = select("select no, tipo, estado, falhas from public.resultados_dbt")
    assert len(kept) == len(built[1].nodes)
    assert ("transformed", "model", "success", None) in kept
    warned = {row[0]: row[3] for row in kept if row[2] == "warn"}
    assert warned["unique_transformed_id_terceirizado"] == 1
    assert select(
        "select falhas from public.resultados_dbt where descricao like 'Todo valor publicado%%'"
    ) == [(14,)]


def test_nothing_new_is_not_built_again(built, select):
    before = select("select 'staging.transformed'::regclass::oid")
    assert transform.materialize(built[0], "recente", "run-2").skipped
    assert select("select 'staging.transformed'::regclass::oid") == before


def test_refresh_builds_all_the_same(built, select):
    before = select("select 'staging.transformed'::regclass::oid")
    assert not transform.materialize(built[0], "recente", "run-3", refresh=True).skipped
    assert select("select 'staging.transformed'::regclass::oid") != before


def test_the_reading_role_sees_the_tables(built):
    connection = database.connect(built[0], read_only=True)
    with connection.cursor() as cursor:
        for name in ("raw", "cleaned", "renamed", "transformed"):
            cursor.execute(f"select count(*) from staging.{name}")
            assert cursor.fetchone() == (len(CASES) + len(INVALID),)
    connection.close()


def test_history_takes_only_the_releases_that_changed(built, select):
    settings, _, folder = built
    load.load(settings, capture(folder, [record("nr_jornada", "40")] * 3, 2019, 1))
    transform.materialize(settings, "historico", "h-1")
    query = "select ano, mes, count(*), min(xmin::text) from staging.historic_transformed "
    query += "group by ano, mes order by ano"
    (old, new) = select(query)
    load.load(settings, capture(folder, [record("nr_jornada", "muitas")] * 4, 2019, 1))
    transform.materialize(settings, "historico", "h-2")
    (old_again, new_again) = select(query)
    assert (old[2], old_again[2]) == (3, 4)
    assert new_again == new
    unconverted = "Todo valor publicado%"
    found = select(
        "select execucao_id, falhas from public.resultados_dbt where execucao_id like 'h-_' "
        "and descricao like %s order by execucao_id",
        unconverted,
    )
    assert found == [("h-1", 17), ("h-2", 4)]  # the second looked at what the first had not
    assert select(
        "select ano, linhas, nulos, fracao_nulos from marts.nulos_por_coluna "
        "where coluna = 'quantidade_horas_semanais' and ano = 2019"
    ) == [(2019, 4, 4, Decimal(1))]


def test_a_column_that_empties_from_one_release_to_the_next_is_pointed_at(built, select):
    settings, _, folder = built
    for month, hours in ((1, "40"), (5, "44"), (9, "")):
        load.load(settings, capture(folder, [record("nr_jornada", hours)] * 5, 2021, month))
    transform.materialize(settings, "historico", "vazia")
    ((failures, message),) = select(
        "select falhas, mensagem from public.resultados_dbt "
        "where execucao_id = 'vazia' and no like 'steady_nulls%%'"
    )
    assert failures >= 1
    assert message
    shares = select(
        "select mes, fracao_nulos from marts.nulos_por_coluna "
        "where coluna = 'quantidade_horas_semanais' and ano = 2021 order by mes"
    )
    assert shares == [(1, 0), (5, 0), (9, 1)]


def test_a_release_with_far_fewer_rows_than_the_one_before_is_pointed_at(built, select):
    settings, _, folder = built
    for month, rows in ((1, 10), (5, 7), (9, 4)):
        load.load(settings, capture(folder, [record("nr_jornada", "40")] * rows, 2023, month))
    transform.materialize(settings, "historico", "encolheu")
    query = (
        "select estado, falhas from public.resultados_dbt "
        "where execucao_id = 'encolheu' and no like 'does_not_shrink%%'"
    )
    assert select(query) == [("warn", 1)]  # from 7 to 4; from 10 to 7 is just enough


BREAK = {
    "rows_equal_ledger_transformed": "linhas = linhas + {0}, "
    "linhas_carregadas = linhas_carregadas + {0}",
    "sums_equal_ledger_transformed": "soma_custo = soma_custo + {0}",
}


@pytest.mark.parametrize("name", BREAK)
def test_a_failed_test_fails_the_materialization_and_names_itself(built, select, name):
    settings, *_ = built
    query = f"update public.arquivos set {BREAK[name]} where ano = 2025"
    run(settings, query.format(1))
    try:
        with pytest.raises(TransformError, match=name):
            transform.materialize(settings, "recente", "run-4", refresh=True)
        assert select(
            "select no from public.resultados_dbt where execucao_id = 'run-4' and estado = 'fail'"
        ) == [(f"{name}_",)]
    finally:
        run(settings, query.format(-1))


def test_a_release_that_failed_its_tests_is_tested_until_it_passes(built):
    settings, _, folder = built
    load.load(settings, capture(folder, [record("nr_jornada", "40")] * 6, 2022, 5))
    query = "update public.arquivos set soma_salario = soma_salario + {0} where ano = 2022"
    run(settings, query.format(1))
    for attempt in ("de-novo-1", "de-novo-2"):
        with pytest.raises(TransformError, match="sums_equal_ledger_historic_transformed"):
            transform.materialize(settings, "historico", attempt)
    run(settings, query.format(-1))
    assert not transform.materialize(settings, "historico", "de-novo-3").skipped
    assert transform.materialize(settings, "historico", "de-novo-4").skipped


def run(settings, statement):
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute(statement)


def test_before_the_first_capture_it_says_what_to_run(settings):
    with pytest.raises(TerminalError, match=r"run/capture\.py"):
        transform.materialize(settings, "recente", "run-1")
    with pytest.raises(TerminalError, match=r"run/historic_capture\.py"):
        transform.materialize(settings, "historico", "run-1")


def test_every_model_and_column_is_described(built, select):
    described = {}
    for path in (ROOT / "dbt" / "models").rglob("*.yml"):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            assert "Grão:" in model["description"], model["name"]
            described[model["name"]] = {
                column["name"] for column in model["columns"] if column["description"]
            }
    files = {path.stem for path in (ROOT / "dbt" / "models").rglob("*.sql")}
    assert set(described) == files
    columns = select(
        "select table_name, column_name from information_schema.columns "
        "where table_schema in ('staging', 'marts')"
    )
    assert len(columns) > 100
    for table, column in columns:
        assert column in described[table], f"{table}.{column}"
