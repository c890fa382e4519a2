"""When a server starts the flows by itself: clocks by the flow's name. Held by a test.

Without a server `flows.scheduler` does the same from `pipeline.agenda`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pendulum
from prefect.schedules import Schedule
from prefect.schedules.clocks import CronClock

from flows.registry import ScheduleOf
from pipeline import agenda


def three_times_a_year(labels: Sequence[str]) -> Schedule:
    """1 January, 1 May and 1 September, midnight in São Paulo, starting in May."""
    first = agenda.FIRST
    start = pendulum.datetime(first.year, first.month, 1, tz=str(agenda.ZONE))
    clock = CronClock(
        agenda.CRON,
        start_date=start,
        labels=list(labels),
        parameter_defaults={"tick": "", "em": ""},
    )
    return Schedule(clocks=[clock])


SCHEDULES: Mapping[str, ScheduleOf] = {agenda.FLOW: three_times_a_year}
