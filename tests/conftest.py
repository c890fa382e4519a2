"""Fixtures on real things: an embedded PostgreSQL, the sample portal over HTTP."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import database, embedded
from pipeline.settings import ROOT, Settings, load_settings
from sample.generate import generate
from sample.portal import Portal
from tests.viewing import Served, open_browser
from viewer.pool import ReadPool

for name in [name for name in os.environ if name.startswith(("DB_", "VIEWER_", "PREFECT__"))]:
    del os.environ[name]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server_dir(tmp_path_factory) -> Iterator[Path]:
    """The data folder of one embedded PostgreSQL for the whole session."""
    folder = tmp_path_factory.mktemp("dados")
    embedded.start(folder / "postgres")
    yield folder
    embedded.stop(folder / "postgres")


@pytest.fixture
def empty_settings(server_dir: Path, tmp_path: Path) -> Settings:
    """Settings of a database that does not exist yet; folders of the test's own."""
    base = load_settings(tmp_path / "no.env")
    (tmp_path / "dados").mkdir()
    (tmp_path / "dados" / "postgres").symlink_to(server_dir / "postgres")
    return replace(
        base,
        db_name=f"teste_{next(_numbers)}",
        data_dir=tmp_path / "dados",
        log_dir=tmp_path / "logs",
    )


@pytest.fixture
def settings(empty_settings: Settings) -> Settings:
    """Settings of a prepared, empty database."""
    database.prepare(empty_settings)
    return empty_settings


@pytest.fixture
def rows(settings: Settings):
    """A function that runs a query and returns its rows."""

    def run(query: str, *values):
        with database.transaction(settings) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    return run


@pytest.fixture(scope="session")
def sample_files(tmp_path_factory) -> Path:
    """The sample portal's files with their ground truth, small, made once."""
    folder = tmp_path_factory.mktemp("portal")
    generate(folder)
    return folder


@pytest.fixture(scope="session")
def history(server_dir: Path, sample_files: Path, tmp_path_factory) -> Settings:
    """Settings of a database with all of the sample's history, as the commands make it.

    One run failed: a capture from a portal that does not answer. Read it, never write to it.
    """
    folder = tmp_path_factory.mktemp("historia")
    (folder / "postgres").symlink_to(server_dir / "postgres")
    settings = replace(
        load_settings(folder / "none"),
        db_name="historia",
        data_dir=folder,
        log_dir=folder / "logs",
    )
    with Portal(sample_files) as running:
        for name in ("historic_capture", "historic_materialize", "materialize"):
            assert run_command(settings, name, running.url) == 0
    assert run_command(settings, "capture", "http://127.0.0.1:9/cgu/terceirizados") == 1
    return settings


def run_command(settings: Settings, name: str, page_url: str) -> int:
    """Run one of run/*.py on these settings; return its exit status."""
    environment = os.environ | {
        "DB_HOST": "",
        "DB_NAME": settings.db_name,
        "DATA_DIR": str(settings.data_dir),
        "LOG_DIR": str(settings.log_dir),
        "URL_FOR_DATA_DOWNLOAD": page_url,
        "DOWNLOAD_ATTEMPTS": "1",
        "DEMO": "0",
    }
    command = [sys.executable, f"run/{name}.py"]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


@pytest.fixture(scope="session")
def browser():
    """A real browser, one for the whole session."""
    running = open_browser()
    yield running
    running.quit()


@pytest.fixture(scope="session")
def pool(history: Settings) -> Iterator[ReadPool]:
    """The viewer's connections to `history`."""
    reading = ReadPool(history)
    yield reading
    reading.close()


@pytest.fixture(scope="session")
def history_viewer(history: Settings, tmp_path_factory) -> Iterator[Served]:
    """A viewer over `history`, as a process of its own."""
    running = Served(history, tmp_path_factory.mktemp("casa"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def served(history_viewer: Served) -> Served:
    """The viewer that a file's tests ask; over `history`, unless the file has its own."""
    return history_viewer


@pytest.fixture(scope="session")
def viewer_url(history_viewer: Served) -> str:
    """The address of the viewer over `history`."""
    return history_viewer.url


@pytest.fixture
def portal(sample_files: Path) -> Iterator[Portal]:
    """A sample portal on a port of its own, well behaved until told otherwise."""
    with Portal(sample_files) as running:
        yield running
