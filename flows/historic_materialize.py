"""The flow "Materialização dos Dados Históricos": every captured release, to typed tables."""

from __future__ import annotations

from prefect import Flow, Parameter

from flows.materialize import build_and_test, index_for_search
from flows.observation import observe
from flows.shared import prepare_database

NAME = "Materialização dos Dados Históricos"


def build() -> Flow:
    """Build the flow; only releases that changed are transformed again, unless `refresh`."""
    with Flow(NAME) as flow:
        refresh = Parameter("refresh", default=False)
        built = build_and_test("historico", refresh, upstream_tasks=[prepare_database()])
        indexed = index_for_search("historico", upstream_tasks=[built])
    flow.set_reference_tasks([built, indexed])
    return observe(flow)
