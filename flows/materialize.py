"""The flow "Materialização dos Dados": the newest release, from the raw table to typed tables."""

from __future__ import annotations

import prefect
from prefect import Flow, Parameter, task

from flows.configuration import current_settings
from flows.observation import observe
from flows.shared import DATABASE_RETRY, prepare_database
from pipeline.search import prepare_search
from pipeline.transform import MaterializationSummary, materialize

NAME = "Materialização dos Dados"


@task(name="Materializar e testar", **DATABASE_RETRY)
def build_and_test(target: str, refresh: bool) -> MaterializationSummary:
    """Run dbt's models and tests, unless nothing has changed since the last time."""
    run_id = prefect.context.flow_run_id
    return materialize(current_settings(), target, run_id, refresh=refresh)


@task(name="Indexar para a busca", **DATABASE_RETRY)
def index_for_search(target: str) -> None:
    """Make the indexes that the viewer's search and sorting use, where they are missing."""
    prepare_search(current_settings(), target)


def build() -> Flow:
    """Build the flow; its state is that of the models, tests and indexes."""
    with Flow(NAME) as flow:
        refresh = Parameter("refresh", default=False)
        built = build_and_test("recente", refresh, upstream_tasks=[prepare_database()])
        indexed = index_for_search("recente", upstream_tasks=[built])
    flow.set_reference_tasks([built, indexed])
    return observe(flow)
