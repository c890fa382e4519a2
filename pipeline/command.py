"""Small commands for the shell scripts, so that only Python reads the settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from pipeline import backup, database, embedded
from pipeline.errors import PipelineError
from pipeline.settings import Settings, load_settings

T = TypeVar("T")
OURS = ("raw", "parsed", "dbt", "postgres", "postgres.lock")
"""What the stack keeps in DATA_DIR."""


def setting(name: str) -> None:
    """Print one setting; exits with a line that says all that is wrong with the configuration."""
    sys.stdout.write(f"{getattr(_or_exit(load_settings), name)}\n")


def our_files() -> None:
    """Print what is ours in the folders of these settings, one path a line.

    The folders themselves may hold other things: whoever sets DATA_DIR=/home/ana keeps her home.
    """
    settings: Settings = _or_exit(load_settings)
    paths = [settings.data_dir / name for name in OURS]
    paths += sorted(settings.log_dir.glob("*.jsonl"))
    for path in paths:
        if path.exists():
            sys.stdout.write(f"{path}\n")


def prepare_database() -> None:
    """Make the database of these settings, or bring it to this version."""
    settings: Settings = _or_exit(load_settings)
    _or_exit(lambda: database.prepare(settings))
    sys.stdout.write(f"• banco {settings.db_name} pronto\n")


def dump_database() -> None:
    """Write the database of these settings to the standard output."""
    settings: Settings = _or_exit(load_settings)
    _or_exit(lambda: backup.dump(settings, sys.stdout.buffer))


def restore_database() -> None:
    """Replace the database of these settings by the dump on the standard input."""
    settings: Settings = _or_exit(load_settings)
    releases = _or_exit(lambda: backup.restore(settings, sys.stdin.buffer))
    sys.stdout.write(f"• banco {settings.db_name} restaurado: {releases} versões\n")


def stop_database() -> None:
    """Stop the embedded PostgreSQL of these settings, if it runs."""
    settings: Settings = _or_exit(load_settings)
    if _or_exit(lambda: embedded.stop(settings.data_dir / "postgres")):
        sys.stdout.write(f"• PostgreSQL de {settings.data_dir.name} parado\n")


def _or_exit(work: Callable[[], T]) -> T:
    try:
        return work()
    except PipelineError as error:
        sys.stderr.write(f"erro: {error}\n")
        sys.exit(error.exit_status)
