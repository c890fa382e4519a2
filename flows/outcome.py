"""How a run ended, in terms of our errors: causes, exit status, one sentence."""

from __future__ import annotations

from collections.abc import Iterator

from prefect.engine.state import State, TriggerFailed

from pipeline.errors import PipelineError


def failures(state: State) -> list[BaseException]:
    """Return what made a run fail: each different error of its task runs once, causes only."""
    found: dict[str, BaseException] = {}
    for task_state in _task_states(state):
        error = task_state.result
        if isinstance(error, BaseException) and not isinstance(task_state, TriggerFailed):
            found.setdefault(str(error), error)
    return list(found.values())


def exit_status(state: State) -> int:
    """Return 0 for success, 2 where the configuration is wrong, 1 for any other failure."""
    if state.is_successful():
        return 0
    errors = failures(state)
    ours = [error.exit_status for error in errors if isinstance(error, PipelineError)]
    return max(ours) if ours and len(ours) == len(errors) else 1


def sentence(state: State) -> str | None:
    """Say why a run or a task run failed; None where Prefect's state says it all."""
    if isinstance(state.result, PipelineError):
        return str(state.result)
    if state.is_skipped() or state.is_retrying():
        return state.message
    if not state.is_failed():
        return None
    return "; ".join(str(error) for error in failures(state)) or state.message


def _task_states(state: State) -> Iterator[State]:
    results = state.result if isinstance(state.result, dict) else {}
    for task_state in results.values():
        yield task_state
        yield from task_state.map_states if task_state.is_mapped() else ()
