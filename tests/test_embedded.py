"""The embedded PostgreSQL: it survives its starter, and comes back after a crash."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from pipeline import embedded
from pipeline.errors import ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "postgres"
    embedded.stop(tmp_path / "postgres")


def answer(socket_dir: Path, query: str = "select 1"):
    connection = psycopg2.connect(host=str(socket_dir), user=embedded.OWNER, dbname="postgres")
    with connection.cursor() as cursor:
        cursor.execute(query)
        row = cursor.fetchone()
    connection.close()
    return row[0] if row else None


def pid(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def test_it_outlives_the_command_that_started_it(folder):
    code = "import sys; from pathlib import Path; from pipeline import embedded;"
    code += "print(embedded.start(Path(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer(Path(done.stdout.strip())) == 1, done.stderr
    before = pid(folder)
    embedded.start(folder)
    assert pid(folder) == before


def test_it_comes_back_after_a_crash_with_its_data(folder):
    socket_dir = embedded.start(folder)
    connection = psycopg2.connect(host=str(socket_dir), user=embedded.OWNER, dbname="postgres")
    with connection, connection.cursor() as cursor:
        cursor.execute("create table lembrada as select 7 as valor")
    os.kill(pid(folder), signal.SIGKILL)
    time.sleep(0.5)
    assert answer(embedded.start(folder), "select valor from lembrada") == 7


def test_a_pid_file_left_by_a_dead_machine_is_not_believed(folder):
    embedded.start(folder)
    lines = (folder / "postmaster.pid").read_text().splitlines()
    embedded.stop(folder)
    (folder / "postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert embedded.running_socket_dir(folder) is None
    assert answer(embedded.start(folder)) == 1


def test_stopping_stops_it_and_says_whether_there_was_one(folder):
    embedded.start(folder)
    assert embedded.stop(folder) is True
    assert embedded.running_socket_dir(folder) is None
    assert embedded.stop(folder) is False


def test_nobody_else_reaches_its_socket(tmp_path):
    deep = tmp_path / ("pasta-funda-" * 8) / "postgres"
    try:
        for folder in (tmp_path / "postgres", deep):
            assert embedded.start(folder).stat().st_mode & 0o077 == 0
        assert answer(embedded.start(deep)) == 1
        assert len(str(embedded.start(deep))) < 90
    finally:
        embedded.stop(tmp_path / "postgres")
        embedded.stop(deep)


def test_a_folder_that_cannot_be_made_is_a_configuration_error(tmp_path):
    (tmp_path / "arquivo").write_text("")
    with pytest.raises(ConfigurationError, match="DATA_DIR"):
        embedded.start(tmp_path / "arquivo" / "postgres")
