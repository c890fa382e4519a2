"""When the schedule acts: a tick on 1 January, May and September, and an attempt a day after it.

A tick is about the release of its month, which CGU publishes two to three months later. What was
tried is read from `public.execucoes`, so a restart forgets nothing and repeats nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline import database
from pipeline.errors import ConfigurationError
from pipeline.journal import INTERRUPTED
from pipeline.settings import Settings

ZONE = ZoneInfo("America/Sao_Paulo")
MONTHS = (1, 5, 9)
CRON = "0 0 1 1,5,9 *"
FLOW = "Captura e Materialização Agendadas"
RETRY_AFTER = timedelta(days=1)
DONE = "Success"


@dataclass(frozen=True, order=True)
class Tick:
    """One of the three days of a year; `year` and `month` are also those of its release."""

    year: int
    month: int

    @property
    def due(self) -> datetime:
        """Midnight of the first day of the month, in São Paulo."""
        return datetime(self.year, self.month, 1, tzinfo=ZONE)

    @property
    def label(self) -> str:
        """The release, as `2026-05`."""
        return f"{self.year}-{self.month:02d}"

    def next(self) -> Tick:
        """Return the tick four months later."""
        place = MONTHS.index(self.month) + 1
        return Tick(self.year, MONTHS[place]) if place < 3 else Tick(self.year + 1, MONTHS[0])


FIRST = Tick(2026, 5)


@dataclass(frozen=True)
class Attempt:
    """One run of the schedule's flow for a tick; `at` is the moment it was meant for."""

    tick: Tick
    at: datetime
    state: str
    interrupted: bool = False


@dataclass(frozen=True)
class Action:
    """The next thing to do: run the flow for `tick`, not before `at`."""

    tick: Tick
    at: datetime


def read_tick(text: str) -> Tick:
    """Read `2026-05`. Raises ConfigurationError for what is no tick."""
    year, _, month = text.partition("-")
    if year.isdigit() and month.isdigit() and len(year) == 4 and int(month) in MONTHS:
        return Tick(int(year), int(month))
    raise ConfigurationError(
        f"tick={text!r} não é um mês de publicação: AAAA-01, AAAA-05 ou AAAA-09"
    )


def newest_due(now: datetime) -> Tick:
    """Return the latest tick that is not in the future; FIRST where none is due yet."""
    local = now.astimezone(ZONE)
    month = max(month for month in MONTHS if month <= local.month)
    return max(FIRST, Tick(local.year, month))


def ticks_from(first: Tick) -> Iterator[Tick]:
    """Count the ticks on, for ever."""
    while True:
        yield first
        first = first.next()


def decide(now: datetime, attempts: Iterable[Attempt], start: Tick | None = None) -> Action:
    """Return the next thing to do, now or later.

    Every tick from the first one attempted on (before any attempt: from `start`, or from the newest
    one due) is attempted on its day, and a day after each attempt until one succeeds. An attempt
    that was interrupted does not count.
    """
    attempts = list(attempts)
    first = min([one.tick for one in attempts], default=start or newest_due(now))
    actions = []
    for tick in ticks_from(first):
        mine = [one for one in attempts if one.tick == tick]
        if not any(one.state == DONE for one in mine):
            tried = [one.at for one in mine if not one.interrupted]
            actions.append(Action(tick, max(tried) + RETRY_AFTER if tried else tick.due))
        if tick.due > now:
            return min(actions, key=lambda action: action.at)
    raise AssertionError  # ticks go on for ever


def attempts_made(settings: Settings) -> list[Attempt]:
    """Read what was tried, here or on a server."""
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select parametros ->> 'tick', parametros ->> 'em', inicio, estado, mensagem "
            "from public.execucoes where flow = %s and parametros ->> 'tick' <> '' order by inicio",
            [FLOW],
        )
        return [
            Attempt(
                read_tick(tick),
                datetime.fromisoformat(at) if at else start,
                state,
                interrupted=message == INTERRUPTED,
            )
            for tick, at, start, state, message in cursor
        ]
