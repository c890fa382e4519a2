"""What Prefect does, into the journal: state handlers for flows and tasks, and log handlers.

A flow built by this project carries the handlers; they write to the journal that `observed` opened
in this process. In a process that runs part of a run, a Dask worker's or an agent's, the first
event opens one, which stays open until the next run's.
"""

from __future__ import annotations

import atexit
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import prefect
from prefect.engine.state import State

from flows.configuration import current_settings
from flows.outcome import sentence
from pipeline.errors import PipelineError
from pipeline.journal import Journal, JournalHandler
from pipeline.notification import notify
from pipeline.settings import Settings

LOGGERS = ("prefect", "pipeline", "flows")
_open: dict[str, Any] = {"journal": None, "adopted": None, "starts": {}}
_adopting = threading.Lock()


def observe(flow: prefect.Flow) -> prefect.Flow:
    """Let the flow and all its tasks report their states to the journal; return the flow."""
    flow.state_handlers.append(_note_run)
    for task in flow.tasks:  # copies of ours, which share their lists of handlers
        ours = [handler for handler in task.state_handlers if handler is not _note_task]
        task.state_handlers = [*ours, _note_task]
    return flow


@contextmanager
def observed(settings: Settings, run_id: str) -> Iterator[Journal]:
    """Keep a journal for one run in this process; log records go to it and to the terminal."""
    with Journal(settings, run_id) as journal:
        _open.update(journal=journal, starts={})
        before = _take_over(_handlers(journal))
        try:
            yield journal
        finally:
            _give_back(before)
            _open["journal"] = None


@contextmanager
def speaking() -> Iterator[None]:
    """Let log records reach the terminal, outside of a run."""
    before = _take_over([_console()])
    try:
        yield
    finally:
        _give_back(before)


def _note_run(flow: prefect.Flow, _old: State, new: State) -> State:
    journal = _journal()
    if journal:
        now = datetime.now(UTC)
        start = _open["starts"].setdefault("", now)
        journal.run(
            flow=flow.name,
            estado=type(new).__name__,
            mensagem=sentence(new),
            inicio=start,
            fim=now if new.is_finished() else None,
            parametros=dict(prefect.context.get("parameters") or {}),
        )
        if new.is_finished():
            _flush_adopted()
        if new.is_failed():
            notify(
                journal.settings,
                "falha",
                texto=f"{flow.name} falhou: {sentence(new)}",
                flow=flow.name,
                execucao_id=journal.run_id,
            )
    return new


def _note_task(task: prefect.Task, _old: State, new: State) -> State:
    if isinstance(task, prefect.core.parameter.Parameter):
        return new
    journal = _journal()
    if journal:
        now = datetime.now(UTC)
        index = prefect.context.get("map_index")
        name = prefect.context.get("task_run_name") or task.name
        attempt = prefect.context.get("task_run_count", 1)
        key = (name, index, attempt)
        if new.is_running() or new.is_finished():
            _open["starts"].setdefault(key, now)
        journal.task(
            tarefa=name,
            indice=-1 if index is None else index,
            tentativa=attempt,
            estado=type(new).__name__,
            mensagem=sentence(new),
            inicio=_open["starts"].get(key),
            fim=now if new.is_finished() or new.is_retrying() else None,
        )
        if new.is_finished() or new.is_retrying():
            _flush_adopted()
    return new


def _journal() -> Journal | None:
    """Return the journal of the run that is going on here; open one where only part of it is."""
    run_id = prefect.context.get("flow_run_id")
    with _adopting:
        for journal in (_open["journal"], _open["adopted"]):
            if journal and journal.run_id == run_id:
                return journal  # type: ignore[no-any-return]
        return _adopt(run_id) if run_id else None


def _adopt(run_id: str) -> Journal:
    _close_adopted()
    journal = Journal(current_settings(), run_id).__enter__()
    _open.update(adopted=journal, starts={})
    _take_over(_handlers(journal))
    return journal


def _flush_adopted() -> None:
    """Send now what nobody may be there to send later: a worker can be stopped at any moment."""
    if _open["adopted"]:
        _open["adopted"].flush()


@atexit.register
def _close_adopted() -> None:
    journal, _open["adopted"] = _open["adopted"], None
    if journal:
        journal.__exit__()


def _handlers(journal: Journal) -> list[logging.Handler]:
    to_journal = JournalHandler(journal)
    to_journal.addFilter(_name_task)
    return [to_journal, _console()]


def _console() -> logging.Handler:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S"))
    handler.addFilter(_is_for_people)
    return handler


def _name_task(record: logging.LogRecord) -> bool:
    """Call a mapped task run by its own name; Prefect knows only that of the task."""
    name = prefect.context.get("task_run_name")
    if name:
        record.task_name = name
    return True


def _is_for_people(record: logging.LogRecord) -> bool:
    """Keep Prefect's own chatter, and tracebacks of errors we raised, out of the terminal."""
    if record.exc_info and isinstance(record.exc_info[1], PipelineError):
        return False
    return not record.name.startswith("prefect") or record.exc_info is not None


def _take_over(handlers: list[logging.Handler]) -> dict[str, list[logging.Handler]]:
    before = {}
    for name in LOGGERS:
        logger = logging.getLogger(name)
        before[name] = logger.handlers[:]
        kept = [handler for handler in logger.handlers if type(handler).__name__ == "CloudHandler"]
        logger.handlers = kept + handlers
        logger.setLevel(logging.INFO)
        logger.propagate = False  # dbt puts a handler of its own on the root
    return before


def _give_back(before: dict[str, list[logging.Handler]]) -> None:
    for name, handlers in before.items():
        logging.getLogger(name).handlers = handlers
