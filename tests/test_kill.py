"""kill -9 at any moment leaves yesterday's data whole, and the next run finishes the job."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline import database

ROOT = Path(__file__).resolve().parent.parent
START = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from flows import capture, materialize, running, shared
from flows.outcome import exit_status
from pipeline.settings import load_settings
url, data, logs, database, name, where = sys.argv[1:]
settings = replace(load_settings(Path("none")), page_url=url, data_dir=Path(data),
                   log_dir=Path(logs), db_name=database, download_attempts=1)
for module in (running, capture, materialize, shared):
    module.current_settings = lambda: settings

def die(*_args, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

if where == "download":
    import pipeline.download
    pipeline.download._check_length = die
elif where == "parse":
    import pipeline.parse
    pipeline.parse.parse = die
elif where == "copy":
    import pipeline.load
    pipeline.load.BATCH_ROWS = 50  # several pieces, of which some are sent
    real, calls = pipeline.load._CsvStream.read, []
    def read(self, size=-1):
        calls.append(1)
        return real(self, size) if len(calls) < 3 else die()
    pipeline.load._CsvStream.read = read
elif where == "commit":
    import pipeline.load
    pipeline.load._point_raw_at_newest = die
module = {"capture": capture, "materialize": materialize}[name]
sys.exit(exit_status(running.run_local(module.build())))
"""


@pytest.fixture
def start(settings, portal):
    def run(name: str, where: str = "") -> subprocess.Popen[bytes]:
        arguments = [portal.url, settings.data_dir, settings.log_dir, settings.db_name, name, where]
        command = [sys.executable, "-c", START, *map(str, arguments)]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)

    return run


@pytest.fixture
def newest(portal, sample_files):
    """Publish yesterday's newest release (another file of the dataset); call to publish today's."""
    name = "terceirizadossetembro.xlsx"
    portal.replace(name, (sample_files / "terceirizadosmaio.xlsx").read_bytes())
    return lambda: portal.replace(name, (sample_files / name).read_bytes())


SNAPSHOT = (
    "select count(*), min(id_terc), max(id_terc), (select count(*) from public.arquivos) "
    "from public.raw"
)


@pytest.mark.parametrize("where", ["download", "parse", "copy", "commit"])
def test_a_capture_that_is_killed_changes_nothing_and_the_next_one_finishes(
    start, rows, settings, newest, where
):
    assert start("capture").wait() == 0
    before = rows(SNAPSHOT)
    newest()
    assert start("capture", where).wait() == -signal.SIGKILL
    assert rows(SNAPSHOT) == before
    assert rows("select count(*) from pg_class where relname like 'chegando%%'") == [(0,)]
    assert start("capture").wait() == 0
    after = rows(SNAPSHOT)
    assert after[0][3] == before[0][3] + 1
    assert after[0][:3] != before[0][:3]
    assert rows("select count(*) from historic_raw") == [after[0][:1]]
    states = rows("select estado, left(mensagem, 12) from execucoes order by inicio")
    assert states == [("Success", None), ("Failed", "Interrompida"), ("Success", None)]


def test_a_materialization_that_is_killed_leaves_the_tables_and_the_next_one_finishes(
    start, rows, settings, newest
):
    assert start("capture").wait() == 0
    assert start("materialize").wait() == 0
    query = "select count(*), min(id_terceirizado), min(capturado_em) from staging.transformed"
    before = rows(query)
    newest()
    assert start("capture").wait() == 0
    blocker = database.connect(settings)
    with blocker.cursor() as cursor:
        cursor.execute("lock table public.historic_raw in access exclusive mode")
    process = start("materialize")
    wait_until_blocked(rows)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    blocker.rollback()
    blocker.close()
    assert rows(query) == before
    assert start("materialize").wait() == 0
    assert rows(query) != before
    assert rows("select count(*) from staging.transformed") == rows("select count(*) from raw")


def wait_until_blocked(rows) -> None:
    """Until dbt's statement for the table waits for a lock."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if rows(
            "select 1 from pg_stat_activity where wait_event_type = 'Lock' "
            "and datname = current_database() and query like '%%model.terceirizados.transformed%%'"
        ):
            return
        time.sleep(0.1)
    raise AssertionError("dbt never came to the table")


def test_two_captures_at_once_load_the_release_once(start, rows):
    processes = [start("capture") for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert rows("select count(*) from public.arquivos") == [(1,)]
    ((loaded,),) = rows("select linhas_carregadas from public.arquivos")
    assert rows("select count(*) from public.historic_raw") == [(loaded,)]
