"""The flow "Materialização dos Dados": the newest release, from the raw table to typed tables."""

from __future__ import annotations

import prefect
from prefect import Flow, Parameter, task

from flows.configuration import current_settings
from flows.observation import observe
from flows.shared import DATABASE_RETRY, prepare_database
from pipeline.transform import MaterializationSummary, materialize

NAME = "Materialização dos Dados"


@task(name="Materializar e testar", **DATABASE_RETRY)
def build_and_test(target: str, refresh: bool) -> MaterializationSummary:
    """Run dbt's models and tests, unless nothing has changed since the last time."""
    run_id = prefect.context.flow_run_id
    return materialize(current_settings(), target, run_id, refresh=refresh)


def build() -> Flow:
    """Build the flow; its state is that of the models and tests."""
    with Flow(NAME) as flow:
        refresh = Parameter("refresh", default=False)
        built = build_and_test("recente", refresh, upstream_tasks=[prepare_database()])
    flow.set_reference_tasks([built])
    return observe(flow)
