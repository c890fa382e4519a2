"""The schedule without a server: this process waits for what `pipeline.agenda` says comes next."""

from __future__ import annotations

import itertools
import logging
import time
from datetime import datetime, timedelta
from typing import Protocol

from prefect.engine.state import Skipped, State

from flows import registry, scheduled, server
from flows.configuration import current_settings
from flows.observation import speaking
from flows.outcome import failures
from flows.running import run_local
from pipeline import agenda, database, journal
from pipeline.agenda import Action, Attempt, Tick
from pipeline.errors import DatabaseUnavailableError
from pipeline.settings import Settings

logger = logging.getLogger(__name__)
LOCK = "terceirizados.agenda"
PATIENCE = timedelta(minutes=1)  # while the database is away or another scheduler works
DATE = "%d/%m/%Y %H:%M"


class Clock(Protocol):
    """What the scheduler knows of time."""

    def now(self) -> datetime:
        """Return the time, with its zone."""

    def sleep_until(self, moment: datetime) -> None:
        """Return at that time."""


class WallClock:
    """The machine's own clock, looked at again and again: it may be set, or the machine sleep."""

    def now(self) -> datetime:
        """Return the time in São Paulo."""
        return datetime.now(agenda.ZONE)

    def sleep_until(self, moment: datetime) -> None:
        """Sleep in pieces of half a minute at most."""
        while (left := (moment - self.now()).total_seconds()) > 0:
            time.sleep(min(left, 30))


class Scheduler:
    """Do what is due, wait for the next. `start`: the first tick where nothing was tried yet."""

    def __init__(self, settings: Settings, clock: Clock, start: Tick | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._start = start
        self._made: list[Attempt] = []  # by this process: the database may be away when one ends

    def work(self) -> None:
        """Go on until the process is stopped; a clock may end it by raising EndOfTime."""
        with speaking():
            logger.info("Próximos agendamentos: %s", ", ".join(self._dates()))
            try:
                while True:
                    self._step()
            except EndOfTime:
                logger.info("Fim")

    def _dates(self) -> list[str]:
        now = self._clock.now()
        return next_dates(now, self._start or agenda.newest_due(now))

    def _step(self) -> None:
        try:
            action = self._next()
            if action.at > self._clock.now():
                logger.info("Próxima busca: versão %s, em %s", action.tick.label, _date(action.at))
                self._clock.sleep_until(action.at)
                return
            with database.exclusive(self._settings, LOCK) as is_ours:
                if is_ours and self._next() == action:
                    self._attempt(action.tick)
                    return
            logger.info("Outro agendador está trabalhando neste banco; esperando que termine")
        except DatabaseUnavailableError as error:
            logger.warning("%s. Nova tentativa em um minuto", error)
        self._clock.sleep_until(self._clock.now() + PATIENCE)

    def _next(self) -> Action:
        database.prepare(self._settings)
        journal.send_pending(self._settings)
        known = agenda.attempts_made(self._settings)
        return agenda.decide(self._clock.now(), [*known, *self._made], self._start)

    def _attempt(self, tick: Tick) -> None:
        now = self._clock.now()
        logger.info("Agendamento %s: captura e materialização", tick.label)
        state = run_local(scheduled.build(), {"tick": tick.label, "em": now.isoformat()})
        self._made.append(Attempt(tick, now, type(state).__name__))
        level = logging.WARNING if state.is_failed() else logging.INFO
        logger.log(level, "Agendamento %s: %s", tick.label, _outcome(state))


class EndOfTime(Exception):  # noqa: N818 - not an error
    """Raised by a clock that has no more to show."""


def next_dates(now: datetime, first: Tick, count: int = 6) -> list[str]:
    """Return the days of the next ticks, as people write them."""
    coming = (tick.due for tick in agenda.ticks_from(first) if tick.due > now)
    return [f"{due:%d/%m/%Y}" for due in itertools.islice(coming, count)]


def _outcome(state: State) -> str:
    if isinstance(state, Skipped):
        return str(state.message)
    if state.is_failed():
        causes = "; ".join(str(error) for error in failures(state)) or state.message
        return f"falhou: {causes}. Nova tentativa amanhã"
    return "concluído"


def _date(moment: datetime) -> str:
    return moment.astimezone(agenda.ZONE).strftime(DATE)


def work(*, on_server: bool) -> int:
    """Be the scheduler of this machine until stopped: this process's clock, or a server's agent."""
    settings = current_settings()
    if on_server:
        server.serve_schedule(registry.entry_named(agenda.FLOW), settings)
    else:
        Scheduler(settings, WallClock()).work()
    return 0
