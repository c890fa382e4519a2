"""Tasks that several flows begin with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect import task
from prefect.engine.state import Retrying, State

from flows.configuration import current_settings
from pipeline import database, journal
from pipeline.errors import DatabaseUnavailableError


def back_off(_task: Any, _old: State, new: State) -> State:
    """Wait three times as long before each further attempt."""
    if isinstance(new, Retrying) and new.run_count and new.start_time:
        new.start_time += FIRST_DELAY * (3 ** (new.run_count - 1) - 1)
    return new


FIRST_DELAY = timedelta(seconds=5)
DATABASE_RETRY: dict[str, Any] = {
    "max_retries": 3,
    "retry_delay": FIRST_DELAY,
    "retry_on": DatabaseUnavailableError,
    "state_handlers": [back_off],
}
"""For tasks that only need the database back; the portal has its own patience (download.py)."""


@task(name="Preparar banco", **DATABASE_RETRY)
def prepare_database() -> None:
    """Make what is missing in the database; send what earlier runs could not."""
    settings = current_settings()
    database.prepare(settings)
    journal.send_pending(settings)
