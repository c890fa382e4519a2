"""The database: made once, read by a role that cannot write, errors in one line."""

import threading
from dataclasses import replace

import psycopg2
import pytest

from pipeline import database
from pipeline.errors import ConfigurationError, DatabaseError, DatabaseUnavailableError


def test_preparing_twice_changes_nothing(settings, rows):
    before = rows("select nome, momento from public.migracoes")
    database.prepare(settings)
    assert rows("select nome, momento from public.migracoes") == before
    assert len(before) == len(list(database.SCHEMA_DIR.glob("*.sql")))


def test_a_database_of_an_earlier_version_is_brought_to_this_one(
    empty_settings, tmp_path, monkeypatch
):
    first, *later = sorted(database.SCHEMA_DIR.glob("*.sql"))
    (tmp_path / "antes").mkdir()
    (tmp_path / "antes" / first.name).write_bytes(first.read_bytes())
    with monkeypatch.context() as patched:
        patched.setattr(database, "SCHEMA_DIR", tmp_path / "antes")
        database.prepare(empty_settings)
    with database.transaction(empty_settings) as connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into public.execucoes (execucao_id, flow, estado, inicio) "
            "values ('velha', 'f', 'Success', now())"
        )
    database.prepare(empty_settings)
    with database.transaction(empty_settings) as connection, connection.cursor() as cursor:
        cursor.execute("select array_agg(nome order by nome) from public.migracoes")
        assert cursor.fetchone()[0] == [first.name, *(path.name for path in later)]
        cursor.execute("select execucao_id from public.execucoes")
        assert cursor.fetchall() == [("velha",)]


def test_two_may_prepare_at_once(empty_settings):
    errors = []

    def prepare():
        try:
            database.prepare(empty_settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test must show it
            errors.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize(
    "statement",
    [
        "delete from public.arquivos",
        "insert into public.materializacoes (alvo, arquivos, modelos) values ('a', '{1}', 'b')",
        "create table public.nova (a int)",
        "create table staging.nova (a int)",
    ],
)
def test_the_reading_role_cannot_write_even_when_it_asks_to(settings, statement):
    connection = database.connect(settings, read_only=True)
    with connection.cursor() as cursor:
        cursor.execute("set session characteristics as transaction read write")
        connection.commit()
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    connection.close()


def test_the_reading_role_reads_tables_made_later(settings):
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute("create table staging.depois as select 5 as valor")
    reader = database.connect(settings, read_only=True)
    with reader.cursor() as cursor:
        cursor.execute("select valor from staging.depois")
        assert cursor.fetchone() == (5,)
    reader.close()


def test_an_error_rolls_everything_back(settings, rows):
    with (
        pytest.raises(DatabaseError, match="recusou"),
        database.transaction(settings) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "insert into public.materializacoes (alvo, arquivos, modelos) values ('a', '{1}', 'b')"
        )
        cursor.execute("select 1 / 0")
    assert rows("select count(*) from public.materializacoes") == [(0,)]


def test_a_server_that_is_not_there_is_transient_and_named(settings):
    away = replace(settings, db_host="127.0.0.1", db_port=9, db_user="eu")
    with pytest.raises(DatabaseUnavailableError, match=r"127\.0\.0\.1:9 não respondeu"):
        database.connect(away)


def test_an_unknown_user_is_a_configuration_error(settings):
    socket_dir = database.connection_parameters(settings)["host"]
    stranger = replace(settings, db_host=socket_dir, db_user="ninguem", db_port=5432)
    with pytest.raises(ConfigurationError, match=r"'ninguem'.*DB_USER e DB_PASSWORD") as caught:
        database.connect(stranger)
    assert caught.value.exit_status == 2
