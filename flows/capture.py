"""The flow "Captura dos Dados": the newest release, from the portal to the raw tables."""

from __future__ import annotations

from typing import Any

import prefect
from prefect import Flow, task, unmapped

from flows.observation import observe
from flows.running import current_settings
from flows.shared import DATABASE_RETRY, prepare_database
from pipeline.capture import CaptureResult, capture_release, list_releases
from pipeline.source import Release

NAME = "Captura dos Dados"


@task(name="Encontrar versões")
def find_newest() -> list[Release]:
    """Return the newest release of the page, as a list of one."""
    return [list_releases(current_settings()).releases[-1]]


def _run_name(release: Release, **_: Any) -> str:
    return f"Capturar {release.label}"


@task(name="Capturar versão", task_run_name=_run_name, **DATABASE_RETRY)
def capture(release: Release, _prepared: None) -> CaptureResult:
    """Download, parse and load one release."""
    return capture_release(current_settings(), release, prefect.context.flow_run_id)


def build() -> Flow:
    """Build the flow; its state is that of the loads."""
    with Flow(NAME) as flow:
        prepared = prepare_database()
        releases = find_newest(upstream_tasks=[prepared])
        captured = capture.map(releases, _prepared=unmapped(prepared))
    flow.set_reference_tasks([captured])
    return observe(flow)
