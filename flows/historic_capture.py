"""The flow "Captura dos Dados Históricos": every release of the portal, one mapped run each."""

from __future__ import annotations

from prefect import Flow, Parameter

from flows.capture import capture_all, find_all
from flows.observation import observe
from flows.shared import prepare_database

NAME = "Captura dos Dados Históricos"


def build() -> Flow:
    """Build the flow; it fails where one release failed, and keeps the others."""
    with Flow(NAME) as flow:
        first = Parameter("from", default="")
        last = Parameter("to", default="")
        refresh = Parameter("refresh", default=False)
        dry_run = Parameter("dry_run", default=False)
        prepared = prepare_database()
        releases = find_all(first, last, refresh, dry_run, upstream_tasks=[prepared])
        captured = capture_all(releases, refresh, prepared)
    flow.set_reference_tasks([captured])
    return observe(flow)
