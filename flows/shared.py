"""Tasks that several flows begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect import task

from flows.configuration import current_settings
from pipeline import database, journal
from pipeline.errors import DatabaseUnavailableError

DATABASE_RETRY: dict[str, Any] = {
    "max_retries": 2,
    "retry_delay": timedelta(seconds=5),
    "retry_on": DatabaseUnavailableError,
}
"""For tasks that only need the database back; the portal has its own patience (download.py)."""


@task(name="Preparar banco", **DATABASE_RETRY)
def prepare_database() -> None:
    """Make what is missing in the database; send what earlier runs could not."""
    settings = current_settings()
    database.prepare(settings)
    journal.send_pending(settings)
