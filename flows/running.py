"""Run a flow in this process."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import prefect
from prefect.engine.state import State
from prefect.executors import DaskExecutor, LocalDaskExecutor

from flows.configuration import current_settings
from flows.observation import observed
from pipeline import memory
from pipeline.errors import ConfigurationError, TerminalError
from pipeline.settings import Settings

WORKER_THREADS = 2


def executor(settings: Settings) -> prefect.executors.Executor:
    """Return threads of this process, or the Dask cluster that DASK_ADDRESS names."""
    if settings.dask_address:
        return DaskExecutor(address=settings.dask_address)
    return LocalDaskExecutor(scheduler="threads", num_workers=WORKER_THREADS)


def check_parameters(flow: prefect.Flow, parameters: Mapping[str, Any]) -> None:
    """Raise ConfigurationError that lists the known parameters where one is unknown.

    A server takes unknown ones without a word.
    """
    known = sorted(parameter.name for parameter in flow.parameters())
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise ConfigurationError(
            f"o flow {flow.name!r} não tem o parâmetro {', '.join(map(repr, unknown))}; "
            f"tem: {', '.join(known) or 'nenhum'}"
        )


def run_local(flow: prefect.Flow, parameters: Mapping[str, Any] | None = None) -> State:
    """Run the flow here, now, once; return its final state."""
    check_parameters(flow, parameters or {})
    settings = current_settings()
    run_id = str(uuid.uuid4())
    memory.limit_arenas()
    with observed(settings, run_id):
        state = flow.run(
            parameters=dict(parameters or {}),
            run_on_schedule=False,
            executor=executor(settings),
            context={"flow_run_id": run_id},
        )
    if state is None:  # Prefect's type allows it, for flows that wait for a schedule
        raise TerminalError(f"o flow {flow.name!r} acabou sem estado. Rode o comando de novo")
    return state
