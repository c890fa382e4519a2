"""Backup and restore: the round trip, and what leaves the data of yesterday as they were."""

import io
import subprocess
import sys
from dataclasses import replace

import psycopg2
import pytest

from pipeline import backup, database
from pipeline.errors import ConfigurationError, DatabaseError
from pipeline.settings import ROOT
from tests.conftest import run_command


@pytest.fixture
def captured(settings, portal):
    assert run_command(settings, "capture", portal.url) == 0
    return settings


@pytest.fixture
def dumped(captured, tmp_path):
    path = tmp_path / "copia"
    with path.open("wb") as stream:
        backup.dump(captured, stream)
    return path


def restore(settings, path):
    with path.open("rb") as stream:
        return backup.restore(settings, stream)


def databases(settings):
    query = "select datname from pg_database where datname like %s order by 1"
    return [row[0] for row in backup._rows(settings, "postgres", query, f"{settings.db_name}%")]


def test_the_round_trip_gives_back_every_table_row_and_right(captured, dumped, rows):
    count = "select count(*), sum(linha_origem), max(id_terc) from public.historic_raw"
    before, tables = rows(count), rows(TABLES)
    with database.transaction(captured) as connection, connection.cursor() as cursor:
        cursor.execute("delete from public.historic_raw")
        cursor.execute("create table public.depois (a int)")
    assert restore(captured, dumped) == 1
    assert (rows(count), rows(TABLES)) == (before, tables)
    assert databases(captured) == [captured.db_name]
    reader = database.connect(captured, read_only=True)
    with reader.cursor() as cursor:
        cursor.execute("select count(*) from public.raw")
        assert cursor.fetchone() == before[0][:1]
        reader.rollback()
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute("set transaction read write; delete from public.arquivos")
    reader.close()


TABLES = "select schemaname, tablename from pg_tables where schemaname in ('public') order by 1, 2"


def test_what_was_restored_is_captured_again_only_where_it_changed(captured, dumped, portal):
    restore(captured, dumped)
    portal.requests.clear()
    assert run_command(captured, "capture", portal.url) == 0
    assert not [one for one in portal.requests if one.path.endswith(".xlsx") and one.status == 200]


def test_it_restores_where_nothing_was_yet(captured, dumped):
    elsewhere = replace(captured, db_name=f"{captured.db_name}_novo")
    assert restore(elsewhere, dumped) == 1
    assert databases(elsewhere) == [elsewhere.db_name]


def test_a_dump_of_an_earlier_version_is_migrated(captured, tmp_path, rows, monkeypatch):
    newest = max(path.name for path in database.SCHEMA_DIR.glob("*.sql"))
    old = tmp_path / "esquema"
    old.mkdir()
    for path in database.SCHEMA_DIR.glob("*.sql"):
        if path.name != newest:
            (old / path.name).write_bytes(path.read_bytes())
    earlier = replace(captured, db_name=f"{captured.db_name}_velho")
    with monkeypatch.context() as patched:
        patched.setattr(database, "SCHEMA_DIR", old)
        database.prepare(earlier)
        with (tmp_path / "copia").open("wb") as stream:
            backup.dump(earlier, stream)
    assert restore(captured, tmp_path / "copia") == 0
    assert (newest,) in rows("select nome from public.migracoes")


def broken(path):
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])  # the last third repeats the table of contents


def test_a_dump_that_is_cut_off_changes_nothing(captured, dumped, rows):
    before = rows("select count(*), max(id_terc) from public.historic_raw")
    broken(dumped)
    with pytest.raises(DatabaseError, match="continua como estava"):
        restore(captured, dumped)
    assert rows("select count(*), max(id_terc) from public.historic_raw") == before
    assert databases(captured) == [captured.db_name]


def test_a_dump_that_lacks_rows_of_the_ledger_changes_nothing(captured, dumped, tmp_path, rows):
    elsewhere = replace(captured, db_name=f"{captured.db_name}_novo")
    restore(elsewhere, dumped)
    with database.transaction(elsewhere) as connection, connection.cursor() as cursor:
        cursor.execute("delete from public.historic_raw where linha_origem = 5")
    with (tmp_path / "menos").open("wb") as stream:
        backup.dump(elsewhere, stream)
    with pytest.raises(DatabaseError, match="em 1 versões faltam linhas"):
        restore(captured, tmp_path / "menos")
    assert databases(captured) == [captured.db_name, elsewhere.db_name]
    assert rows("select count(*) from public.historic_raw") == [(302,)]


def test_what_is_no_dump_is_wrong_use(captured):
    with pytest.raises(ConfigurationError, match="formato custom"):
        backup.restore(captured, io.BytesIO(b"create table a (b int);"))


def test_a_dump_of_something_else_is_refused(captured, tmp_path, rows):
    with (tmp_path / "copia").open("wb") as stream:
        backup.dump(replace(captured, db_name="postgres"), stream)
    with pytest.raises(ConfigurationError, match="outro banco"):
        restore(captured, tmp_path / "copia")
    assert rows("select count(*) from public.arquivos") == [(1,)]
    assert databases(captured) == [captured.db_name]


def test_a_dump_of_a_later_version_is_refused_by_name(captured, tmp_path, rows):
    with database.transaction(captured) as connection, connection.cursor() as cursor:
        cursor.execute("insert into public.migracoes (nome) values ('9999_do_futuro.sql')")
    with (tmp_path / "copia").open("wb") as stream:
        backup.dump(captured, stream)
    with pytest.raises(ConfigurationError, match="9999_do_futuro"):
        restore(captured, tmp_path / "copia")


def test_who_still_uses_the_database_is_named(captured, dumped):
    reader = database.connect(captured, read_only=True)
    with pytest.raises(DatabaseError, match=r"há quem use o banco .*: terceirizados"):
        restore(captured, dumped)
    reader.close()


def test_without_a_database_there_is_nothing_to_dump(empty_settings):
    with pytest.raises(ConfigurationError, match="ainda não existe"):
        backup.dump(empty_settings, io.BytesIO())


def test_the_commands_of_the_scripts_say_what_they_did(captured, dumped, tmp_path):
    env = {"DB_NAME": captured.db_name, "DATA_DIR": str(captured.data_dir), "DB_HOST": ""}

    def command(name, **streams):
        code = f"from pipeline import command; command.{name}()"
        return subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env=env, check=False,
            capture_output="stdout" not in streams, **streams,
        )  # fmt: skip

    with (tmp_path / "outra").open("wb") as stream:
        assert command("dump_database", stdout=stream).returncode == 0
    with (tmp_path / "outra").open("rb") as stream:
        done = command("restore_database", stdin=stream)
    assert done.stdout.decode() == f"• banco {captured.db_name} restaurado: 1 versões\n"
    done = command("restore_database", input=b"nada")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("erro: o arquivo não é uma cópia")
