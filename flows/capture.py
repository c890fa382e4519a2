"""The flow "Captura dos Dados": the newest release, from the portal to the raw tables."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import prefect
from prefect import Flow, Parameter, task, unmapped
from prefect.triggers import all_finished

from flows.configuration import current_settings
from flows.observation import observe
from flows.shared import DATABASE_RETRY, prepare_database
from pipeline import selection
from pipeline.capture import (
    CaptureResult,
    capture_release,
    list_releases,
    plan,
    releases_of_file,
)
from pipeline.notification import notify
from pipeline.report import text_table
from pipeline.source import Release

logger = logging.getLogger(__name__)
NAME = "Captura dos Dados"


@task(name="Encontrar versão mais nova")
def find_newest(file: str, refresh: bool, dry_run: bool) -> list[Release]:
    """Return the newest release of the page, as a list of one; or what a file on disk holds."""
    if file:
        return _planned(releases_of_file(Path(file)), refresh, dry_run)
    return _planned([list_releases(current_settings()).releases[-1]], refresh, dry_run)


@task(name="Encontrar versões")
def find_all(first: str, last: str, refresh: bool, dry_run: bool) -> list[Release]:
    """Return the releases of the page from `first` to `last`, oldest first."""
    releases = list_releases(current_settings()).releases
    return _planned(list(selection.select(releases, first, last)), refresh, dry_run)


def _planned(releases: list[Release], refresh: bool, dry_run: bool) -> list[Release]:
    """Show what would be done and return nothing to do, on a dry run."""
    if not dry_run:
        return releases
    rows = [
        (one.release.label, one.release.name, one.is_needed, one.reason)
        for one in plan(current_settings(), releases, refresh=refresh)
    ]
    logger.info(
        "Nada foi baixado; seria assim:\n%s",
        text_table(("versão", "arquivo", "baixar", "porque"), rows),
    )
    return []


def _run_name(release: Release, **_: Any) -> str:
    return f"Capturar {release.label}"


@task(name="Capturar versão", task_run_name=_run_name, **DATABASE_RETRY)
def capture(release: Release, refresh: bool, _prepared: None) -> CaptureResult:
    """Download, parse and load one release."""
    run_id = prefect.context.flow_run_id
    return capture_release(current_settings(), release, run_id, refresh=refresh)


@task(name="Resumir", trigger=all_finished)
def summarize(results: list[CaptureResult | BaseException]) -> None:
    """Show the ledger of this run: a line per release that was loaded."""
    rows = [
        (
            one.release.label,
            one.release.name,
            one.lines,
            one.loaded,
            one.repaired,
            one.set_aside,
            one.seconds,
        )
        for one in results or []
        if isinstance(one, CaptureResult) and one.is_new
    ]
    header = ("versão", "arquivo", "linhas", "carregadas", "reparadas", "separadas", "segundos")
    if rows:
        logger.info("O que entrou:\n%s", text_table(header, rows))
        names = [row[0] for row in rows]
        notify(
            current_settings(),
            "versao_nova",
            texto=f"Entrou nos dados: {', '.join(map(str, names))}",
            versoes=names,
            execucao_id=prefect.context.get("flow_run_id"),
        )


def capture_all(releases: Any, refresh: Any, prepared: Any) -> Any:
    """Add one mapped capture per release, and the summary, to the open flow."""
    captured = capture.map(releases, unmapped(refresh), _prepared=unmapped(prepared))
    summarize(captured)
    return captured


def build() -> Flow:
    """Build the flow; its state is that of the loads."""
    with Flow(NAME) as flow:
        file = Parameter("file", default="")
        refresh = Parameter("refresh", default=False)
        dry_run = Parameter("dry_run", default=False)
        prepared = prepare_database()
        releases = find_newest(file, refresh, dry_run, upstream_tasks=[prepared])
        captured = capture_all(releases, refresh, prepared)
    flow.set_reference_tasks([captured])
    return observe(flow)
