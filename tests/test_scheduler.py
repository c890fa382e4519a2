"""The scheduler over the sample portal and a real database, on a clock that the test sets."""

from dataclasses import replace
from datetime import datetime, timedelta

import pendulum
import prefect
import pytest
from prefect.engine.state import (
    Failed,
    Retrying,
    Running,
    Skipped,
    Success,
    TriggerFailed,
)

from flows import capture, materialize, running, scheduled, scheduler, shared
from flows.scheduler import EndOfTime, Scheduler
from pipeline import agenda, database
from pipeline.agenda import ZONE, Tick
from pipeline.errors import PortalError

START = Tick(2025, 5)


class Clock:
    """Jumps to where the scheduler would sleep to; calls what was arranged for that time."""

    def __init__(self, now, end, **arranged):
        self.moment, self.end, self.arranged = now, end, dict(arranged)
        self.sleeps = []

    def now(self):
        return self.moment

    def sleep_until(self, moment):
        self.sleeps.append(moment)
        if moment > self.end:
            raise EndOfTime
        self.moment = moment
        for when in sorted(self.arranged):
            if moment >= datetime.fromisoformat(when.strip("_")).replace(tzinfo=ZONE):
                self.arranged.pop(when)()


@pytest.fixture
def here(empty_settings, portal, monkeypatch):
    changed = replace(empty_settings, page_url=portal.url, download_attempts=1)
    for module in (running, capture, materialize, shared, scheduled):
        monkeypatch.setattr(module, "current_settings", lambda: changed)
    portal.hide(2025, 5)
    portal.hide(2025, 9)
    return changed


def at(*moment):
    return datetime(*moment, tzinfo=ZONE)


def attempts(settings):
    made = agenda.attempts_made(settings)
    return [(one.tick.label, one.at.astimezone(ZONE).strftime("%m-%d"), one.state) for one in made]


def test_published_not_yet_failed_then_recovered_and_nothing_to_do(here, rows, portal):
    def fail():
        portal.publish(2025, 9)
        portal.misbehave("terceirizadossetembro.xlsx", "503")

    clock = Clock(
        at(2025, 4, 30),
        at(2025, 9, 4),
        **{"2025-05-03": lambda: portal.publish(2025, 5), "2025-09-01": fail,
           "2025-09-03": portal.calm},
    )  # fmt: skip
    Scheduler(here, clock, START).work()
    assert attempts(here) == [
        ("2025-05", "05-01", "Skipped"),
        ("2025-05", "05-02", "Skipped"),
        ("2025-05", "05-03", "Success"),
        ("2025-09", "09-01", "Failed"),
        ("2025-09", "09-02", "Failed"),
        ("2025-09", "09-03", "Success"),
    ]
    assert rows("select ano, mes from arquivos where vigente order by 1, 2") == [
        (2025, 5),
        (2025, 9),
    ]
    assert rows("select count(*) from staging.transformed") == rows("select count(*) from raw")
    messages = rows("select mensagem from execucoes where estado = 'Skipped'")
    assert all("2025-05 ainda não foi publicada" in text for (text,) in messages)


def test_a_tick_whose_release_is_there_already_succeeds_and_loads_nothing(here, rows, portal):
    portal.publish(2025, 5)
    assert running.run_local(capture.build()).is_successful()
    clock = Clock(at(2025, 5, 1), at(2025, 5, 3))
    Scheduler(here, clock, START).work()
    assert attempts(here) == [("2025-05", "05-01", "Success")]
    assert rows("select count(*) from arquivos") == [(1,)]


def test_a_restart_repeats_nothing_and_an_interrupted_attempt_is_made_again(here, rows, portal):
    Scheduler(here, Clock(at(2025, 5, 1), at(2025, 5, 1, 12)), START).work()
    assert attempts(here) == [("2025-05", "05-01", "Skipped")]
    portal.publish(2025, 5)
    again = Clock(at(2025, 5, 1, 8), at(2025, 5, 1, 23))
    Scheduler(here, again, START).work()
    assert len(attempts(here)) == 1
    assert again.sleeps == [at(2025, 5, 2)]
    with database.transaction(here) as connection, connection.cursor() as cursor:
        cursor.execute(
            "insert into execucoes (execucao_id, flow, estado, inicio, parametros, onde) "
            "select 'morta', flow, 'Running', now(), "
            "jsonb_build_object('tick', '2025-05', 'em', '2025-05-02T00:00:00-03:00'), "
            "split_part(onde, ':', 1) || ':999999999' from execucoes"
        )
    Scheduler(here, Clock(at(2025, 5, 2, 1), at(2025, 5, 3)), START).work()
    states = rows("select estado from execucoes where parametros ->> 'tick' <> '' order by inicio")
    assert [state for (state,) in states] == ["Skipped", "Failed", "Success"]


def test_while_the_database_is_away_it_waits_and_goes_on(here, rows, portal, monkeypatch):
    portal.publish(2025, 5)
    real, calls = database.prepare, []

    def prepare(settings):
        calls.append(1)
        if len(calls) < 3:
            raise scheduler.DatabaseUnavailableError("o PostgreSQL não responde")
        real(settings)

    monkeypatch.setattr(scheduler.database, "prepare", prepare)
    clock = Clock(at(2025, 5, 1), at(2025, 5, 3))
    Scheduler(here, clock, START).work()
    assert clock.sleeps[:2] == [at(2025, 5, 1) + timedelta(minutes=n) for n in (1, 2)]
    assert attempts(here) == [("2025-05", "05-01", "Success")]


def test_two_schedulers_on_one_database_do_not_work_at_the_same_time(here, settings, portal):
    portal.publish(2025, 5)
    with database.exclusive(settings, scheduler.LOCK) as first:
        assert first
        clock = Clock(at(2025, 5, 1), at(2025, 5, 1, 0, 3))
        Scheduler(here, clock, START).work()
        assert attempts(here) == []
    Scheduler(here, Clock(at(2025, 5, 1), at(2025, 5, 2)), START).work()
    assert attempts(here) == [("2025-05", "05-01", "Success")]


def test_the_next_six_days():
    days = scheduler.next_dates(at(2026, 11, 20), agenda.newest_due(at(2026, 11, 20)))
    assert days == [
        "01/01/2027", "01/05/2027", "01/09/2027", "01/01/2028", "01/05/2028", "01/09/2028",
    ]  # fmt: skip


def on_server(state):
    with prefect.context(running_with_backend=True, task_run_count=2):
        return scheduled.wait_for_tomorrow(None, Running(), state)


@pytest.mark.parametrize(
    "state",
    [
        Failed("caiu", result=PortalError("o portal respondeu 503")),
        Skipped(f"a versão 2025-05 {scheduled.NOT_PUBLISHED}"),
    ],
)
def test_on_a_server_the_task_itself_waits_for_tomorrow(here, state, monkeypatch):
    monkeypatch.setattr(scheduled, "current_settings", lambda: here)
    waiting = on_server(state)
    assert isinstance(waiting, Retrying)
    wait = waiting.start_time - pendulum.now("utc")
    assert timedelta(hours=23, minutes=59) < wait <= timedelta(days=1)
    assert waiting.run_count == 2
    assert scheduled.wait_for_tomorrow(None, Running(), state) is state


@pytest.mark.parametrize(
    "state", [Success(), Skipped("Upstream task was skipped"), TriggerFailed()]
)
def test_on_a_server_nothing_else_waits(state):
    assert on_server(state) is state
