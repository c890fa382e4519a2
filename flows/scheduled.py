"""The schedule's own flow: the release of a tick from the portal to all tables, as one chain.

Here, `flows.scheduler` starts it again a day later until it succeeds. On a server the tasks
themselves wait for tomorrow (`Retrying`), and go on in a new process then.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pendulum
import prefect
from prefect import Flow, Parameter, task
from prefect.engine import signals
from prefect.engine.state import Retrying, Skipped, State, TriggerFailed

from flows.capture import capture_all
from flows.configuration import current_settings
from flows.materialize import build_and_test, index_for_search
from flows.observation import observe
from flows.outcome import sentence
from flows.shared import prepare_database
from pipeline import agenda
from pipeline.capture import list_releases
from pipeline.notification import notify
from pipeline.source import Release

NAME = agenda.FLOW
NOT_PUBLISHED = "ainda não foi publicada"


@task(name="Procurar a versão do agendamento")
def find_published(tick: str) -> list[Release]:
    """Return the tick's release and newer ones; skip all the rest where there is none yet."""
    now = prefect.context.get("scheduled_start_time") or datetime.now(agenda.ZONE)
    wanted = agenda.read_tick(tick) if tick else agenda.newest_due(now)
    releases = list_releases(current_settings()).releases
    found = [one for one in releases if (one.year, one.month) >= (wanted.year, wanted.month)]
    if not found:
        raise signals.SKIP(f"a versão {wanted.label} {NOT_PUBLISHED}; será procurada todo dia")
    return found


def wait_for_tomorrow(_task: Any, _old: State, new: State) -> State:
    """On a server, turn a failure, or a release that is not there yet, into a try a day later."""
    is_cause = new.is_failed() and not isinstance(new, TriggerFailed)
    is_unpublished = isinstance(new, Skipped) and NOT_PUBLISHED in (new.message or "")
    if not prefect.context.get("running_with_backend") or not (is_cause or is_unpublished):
        return new
    if is_cause:
        notify(current_settings(), "falha", texto=f"{NAME}: {sentence(new)}", flow=NAME)
    tomorrow = pendulum.now("utc") + timedelta(days=1)
    return Retrying(
        message=new.message,
        result=new.result,
        start_time=tomorrow,
        run_count=prefect.context.get("task_run_count", 1),
    )


def say_not_published(_flow: Flow, state: State, reference_states: Collection[State]) -> State:
    """Let the run end as `Skipped`, with the reason, where the release is not there yet."""
    for one in reference_states:
        if isinstance(one, Skipped) and NOT_PUBLISHED in (one.message or ""):
            return Skipped(message=one.message, result=state.result)
    return state


def build() -> Flow:
    """Build the flow. `tick`: AAAA-MM of the release, empty for the newest due; `em`: meant for."""
    with Flow(NAME) as flow:
        tick = Parameter("tick", default="")
        flow.add_task(Parameter("em", default=""))
        prepared = prepare_database()
        found = find_published(tick, upstream_tasks=[prepared])
        captured = capture_all(found, False, prepared)
        recent = build_and_test("recente", False, upstream_tasks=[captured])
        history = build_and_test("historico", False, upstream_tasks=[recent])
        indexed = [
            index_for_search("recente", upstream_tasks=[recent]),
            index_for_search("historico", upstream_tasks=[history]),
        ]
    flow.set_reference_tasks([found, captured, recent, history, *indexed])
    flow.terminal_state_handler = say_not_published
    for one in flow.tasks - set(flow.parameters()):
        one.state_handlers = [*one.state_handlers, wait_for_tomorrow]
    return observe(flow)
