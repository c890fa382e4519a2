"""Run a flow in this process."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Any

import prefect
from prefect.engine.state import State
from prefect.executors import DaskExecutor, LocalDaskExecutor

from flows.observation import observed
from pipeline import memory
from pipeline.errors import TerminalError
from pipeline.settings import Settings, load_settings

WORKER_THREADS = 2


@cache
def current_settings() -> Settings:
    """Return this process's settings; tasks that run elsewhere read their own."""
    return load_settings()


def executor(settings: Settings) -> prefect.executors.Executor:
    """Return threads of this process, or the Dask cluster that DASK_ADDRESS names."""
    if settings.dask_address:
        return DaskExecutor(address=settings.dask_address)
    return LocalDaskExecutor(scheduler="threads", num_workers=WORKER_THREADS)


def run_local(flow: prefect.Flow, parameters: dict[str, Any] | None = None) -> State:
    """Run the flow here, now, once; return its final state."""
    settings = current_settings()
    run_id = str(uuid.uuid4())
    memory.limit_arenas()
    with observed(settings, run_id):
        state = flow.run(
            parameters=parameters or {},
            run_on_schedule=False,
            executor=executor(settings),
            context={"flow_run_id": run_id},
        )
    if state is None:  # Prefect's type allows it, for flows that wait for a schedule
        raise TerminalError(f"o flow {flow.name!r} acabou sem estado. Rode o comando de novo")
    return state
