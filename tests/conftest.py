"""Fixtures on real things: an embedded PostgreSQL, the sample portal over HTTP."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import database, embedded
from pipeline.settings import Settings, load_settings
from sample.generate import generate
from sample.portal import Portal

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


@pytest.fixture
def portal(sample_files: Path) -> Iterator[Portal]:
    """A sample portal on a port of its own, well behaved until told otherwise."""
    with Portal(sample_files) as running:
        yield running
