"""The schedule's decisions: pure ones, then two years of ticks with a fake clock."""

import itertools
from datetime import datetime, timedelta

import pytest

from pipeline.agenda import (
    CRON,
    FIRST,
    RETRY_AFTER,
    ZONE,
    Attempt,
    Tick,
    decide,
    newest_due,
    read_tick,
)
from pipeline.errors import ConfigurationError

MAY, SEPTEMBER, JANUARY = Tick(2026, 5), Tick(2026, 9), Tick(2027, 1)


def at(year, month, day, hour=0):
    return datetime(year, month, day, hour, tzinfo=ZONE)


def test_ticks_follow_one_another_and_are_due_at_midnight_in_sao_paulo():
    assert [MAY.next(), SEPTEMBER.next(), JANUARY.next()] == [SEPTEMBER, JANUARY, Tick(2027, 5)]
    assert MAY.due.isoformat() == "2026-05-01T00:00:00-03:00"
    assert MAY.label == "2026-05"


def test_the_clock_of_the_server_has_the_same_days():
    assert f"0 0 1 {','.join(str(month) for month in (1, 5, 9))} *" == CRON


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (at(2026, 1, 15), FIRST),  # it starts in May
        (at(2026, 4, 30, 23), FIRST),
        (at(2026, 5, 1), MAY),
        (at(2026, 12, 31, 23), SEPTEMBER),
        (at(2027, 1, 1), JANUARY),
    ],
)
def test_the_newest_tick_due(now, expected):
    assert newest_due(now) == expected


@pytest.mark.parametrize("text", ["2026-04", "2026-13", "maio", "26-05", "", "2026-5-1"])
def test_what_is_no_tick_is_wrong_use(text):
    with pytest.raises(ConfigurationError, match="AAAA-05"):
        read_tick(text)


def test_at_first_only_the_newest_tick_is_done_and_at_once():
    action = decide(at(2027, 2, 10), [])
    assert (action.tick, action.at <= at(2027, 2, 10)) == (JANUARY, True)


def test_before_the_first_tick_it_waits_for_may():
    action = decide(at(2026, 2, 1), [])
    assert (action.tick, action.at) == (MAY, MAY.due)


def test_a_failure_or_a_missing_release_is_tried_a_day_later():
    for state in ("Failed", "Skipped", "Running", "Retrying"):
        action = decide(at(2026, 5, 1, 1), [Attempt(MAY, at(2026, 5, 1), state)])
        assert (action.tick, action.at) == (MAY, at(2026, 5, 2)), state


def test_an_interrupted_attempt_does_not_count():
    tried = [Attempt(MAY, at(2026, 5, 1), "Failed", interrupted=True)]
    assert decide(at(2026, 5, 1, 1), tried).at == MAY.due


def test_ticks_that_passed_while_the_machine_was_off_are_not_forgotten():
    done = [Attempt(MAY, at(2026, 5, 1), "Success")]
    assert decide(at(2027, 2, 1), done).tick == SEPTEMBER
    done.append(Attempt(SEPTEMBER, at(2027, 2, 1), "Success"))
    assert decide(at(2027, 2, 1), done).tick == JANUARY
    done.append(Attempt(JANUARY, at(2027, 2, 1), "Success"))
    assert decide(at(2027, 2, 1), done).tick == Tick(2027, 5)


def test_after_a_long_pause_there_is_one_attempt_not_one_for_each_day():
    now = at(2026, 8, 1, 8)
    attempts = [Attempt(MAY, at(2026, 5, 1), "Failed")]
    assert decide(now, attempts).at <= now
    attempts.append(Attempt(MAY, now, "Failed"))
    assert decide(now, attempts).at == now + RETRY_AFTER


def test_two_years_of_ticks_none_twice_and_none_forgotten():
    """Releases come 75 days late, every third attempt fails, the machine is off for five months."""
    now, end = at(2026, 5, 1), at(2028, 5, 2)
    attempts: list[Attempt] = []
    while now < end:
        action = decide(now, attempts)
        if action.at > now:
            now = action.at
            if at(2027, 3, 1) < now < at(2027, 8, 1):
                now = at(2027, 8, 1)
            continue
        is_published = now >= action.tick.due + timedelta(days=75)
        state = "Skipped" if not is_published else "Failed" if len(attempts) % 3 else "Success"
        attempts.append(Attempt(action.tick, now, state))
    done = [one.tick for one in attempts if one.state == "Success"]
    expected = [
        Tick(2026, 5),
        Tick(2026, 9),
        Tick(2027, 1),
        Tick(2027, 5),
        Tick(2027, 9),
        Tick(2028, 1),
    ]
    assert done == expected
    moments = [(one.tick, one.at) for one in attempts]
    assert len(set(moments)) == len(moments)
    for tick in expected:
        days = sorted(one.at for one in attempts if one.tick == tick)
        assert days[0] >= tick.due
        assert all(after - before >= RETRY_AFTER for before, after in itertools.pairwise(days))
