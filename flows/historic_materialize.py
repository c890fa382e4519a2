"""The flow "Materialização dos Dados Históricos": every captured release, to typed tables."""

from __future__ import annotations

from prefect import Flow, Parameter

from flows.materialize import build_and_test
from flows.observation import observe
from flows.shared import prepare_database

NAME = "Materialização dos Dados Históricos"


def build() -> Flow:
    """Build the flow; only releases that changed are transformed again, unless `refresh`."""
    with Flow(NAME) as flow:
        refresh = Parameter("refresh", default=False)
        built = build_and_test("historico", refresh, upstream_tasks=[prepare_database()])
    flow.set_reference_tasks([built])
    return observe(flow)
