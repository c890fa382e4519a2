"""The invented workers: who works where in which release, before anything is published.

Workers are hired and leave like on a conveyor belt: each release takes the next stretch of one
population, 18 % further on, so that most people of a release are in the next one too. All of it
is numpy: the 98 thousand rows of the largest release take a tenth of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from sample.places import COMPANIES, CONTRACTS_PER_UNIT, WORKPLACES, WORKPLACES_PER_UNIT, places
from sample.releases import RELEASES, SampleRelease
from sample.words import FIRST_NAMES, HOURS, LAST_NAMES, NULLS, OCCUPATIONS, SCHOOLING

TURNOVER = 0.18
MARGIN = 1.3
WORDS_ONLY, FOUR_DIGITS, SIX_DIGITS = 0, 1, 2
LOST_SEPARATORS = 75
DRAGGED = 93
VIGILANTE = 0
KEPT = ("cpf", "first", "middle", "last", "unit", "workplace", "occupation", "style")


@dataclass(frozen=True)
class Population:
    """One element per job ever held, in the order of hiring; money in cents of 2019."""

    cpf: Any
    first: Any
    middle: Any
    last: Any
    unit: Any
    slot: Any
    workplace: Any
    occupation: Any
    style: Any
    schooling: Any
    hours: Any
    salary: Any
    load: Any


@dataclass(frozen=True)
class Workforce:
    """One element per row of a release, in the order of the file.

    Numbers point into the tables of `places` and `words`; `schooling` is -1 where a number stands
    in its place (`dragged`, else -1); money in cents; `missing`: column → rows without a value.
    """

    id_terc: Any
    cpf: Any
    first: Any
    middle: Any
    last: Any
    unit: Any
    contract: Any
    company: Any
    workplace: Any
    body: Any
    occupation: Any
    style: Any
    schooling: Any
    dragged: Any
    hours: Any
    salary: Any
    cost: Any
    missing: dict[str, Any]


@lru_cache(maxsize=2)
def population(typical: int, largest: int, seed: int) -> Population:
    """Invent everybody of all releases; `typical` and `largest` are rows of a release."""
    size = int(typical * TURNOVER * len(RELEASES) + largest * MARGIN) + 50
    rng = np.random.default_rng([seed, 1])
    who = np.arange(size)
    who = np.where((rng.random(size) < 0.03) & (who > 0), who - 1, who)  # a second job
    where = places()
    units = len(where.unit_codes)
    unit = rng.permutation(units)[(units * rng.random(size) ** 1.8).astype(int)]
    occupation = _choose(rng, size, [row[2] for row in OCCUPATIONS])
    base = np.array([row[3] for row in OCCUPATIONS])[occupation]
    middle = rng.integers(0, len(LAST_NAMES) + 20, size)
    return Population(
        cpf=rng.integers(0, 1_000_000, size)[who],
        first=rng.integers(0, len(FIRST_NAMES), size)[who],
        middle=np.where(middle < len(LAST_NAMES), middle, -1)[who],
        last=rng.integers(0, len(LAST_NAMES), size)[who],
        unit=unit,
        slot=rng.integers(0, CONTRACTS_PER_UNIT, size),
        workplace=(unit * WORKPLACES_PER_UNIT + rng.integers(0, WORKPLACES_PER_UNIT, size))
        % WORKPLACES,
        occupation=occupation,
        style=_choose(rng, size, [10, 15, 975]),
        schooling=_choose(rng, size, [row[2] for row in SCHOOLING]),
        hours=np.array(list(HOURS))[_choose(rng, size, list(HOURS.values()))],
        salary=(base * 100 * rng.uniform(0.95, 1.35, size)).astype(np.int64),
        load=rng.uniform(1.7, 2.7, size),
    )


def workforce(
    release: SampleRelease, rows: int, typical: int, largest: int, seed: int
) -> Workforce:
    """Return the workers of a release, `rows` of them; the same for the same arguments."""
    people = population(typical, largest, seed)
    order = RELEASES.index(release)
    rng = np.random.default_rng([seed, 2, order])
    chosen = _on_the_job(people, order, rows, typical)
    taken = {name: values[chosen] for name, values in vars(people).items()}
    slots = _Slots(rng, rows)
    salary, cost = _money(rng, release, taken)
    contract = taken["unit"] * CONTRACTS_PER_UNIT + (
        (taken["slot"] + release.year // 3) % CONTRACTS_PER_UNIT
    )
    hours = slots.with_every(taken["hours"], list(HOURS))
    schooling = slots.with_every(taken["schooling"], range(len(SCHOOLING)))
    dragged = _drag(release, rows)
    return Workforce(
        id_terc=release.first_id + np.arange(rows),
        contract=contract,
        company=contract * 577 % COMPANIES,
        body=places().unit_body[taken["unit"]],
        schooling=np.where(dragged >= 0, -1, schooling),
        dragged=dragged,
        hours=hours,
        salary=salary,
        cost=cost,
        missing=_missing(slots, rows),
        **{name: taken[name] for name in KEPT},
    )


class _Slots:
    """Hand out random rows, each once, for what has to be somewhere in every file."""

    def __init__(self, rng: np.random.Generator, rows: int) -> None:
        self.order = rng.permutation(rows)
        self.used = 0

    def take(self, count: int) -> Any:
        """Return the next rows; begins again when all were given."""
        rows = np.take(self.order, np.arange(self.used, self.used + count), mode="wrap")
        self.used += count
        return rows

    def with_every(self, values: Any, wanted: Any) -> Any:
        """Put each wanted value that no row has into one row, where there are rows enough."""
        if len(values) < 100:
            return values
        absent = [value for value in wanted if value not in values]
        values = values.copy()
        values[self.take(len(absent))] = absent
        return values


def _choose(rng: np.random.Generator, size: int, weights: list[int]) -> Any:
    limits = np.cumsum(weights) / sum(weights)
    return np.searchsorted(limits, rng.random(size), side="right")


def _on_the_job(people: Population, order: int, rows: int, typical: int) -> Any:
    """Choose who is in the file; in every third release one small superior body is silent."""
    start = int(order * TURNOVER * typical)
    chosen = np.arange(start, start + int(rows * MARGIN) + 1)
    if order % 3 == 1:
        silent = 5 + order % 12
        chosen = chosen[places().unit_superior[people.unit[chosen]] != silent]
    chosen = chosen[:rows]
    return chosen[np.argsort(people.unit[chosen], kind="stable")]


def _money(
    rng: np.random.Generator, release: SampleRelease, people: dict[str, Any]
) -> tuple[Any, Any]:
    rows = len(people["salary"])
    growth = 1.05 ** (release.year - RELEASES[0].year)
    salary = (people["salary"] * growth).astype(np.int64)
    cost = (salary * people["load"]).astype(np.int64)
    below = rng.choice(rows, max(2, rows * 3 // 1000), replace=False)
    cost[below] = salary[below] * 8 // 10
    if release.is_spreadsheet:
        return (salary + 50) // 100 * 100, (cost + 50) // 100 * 100
    if release.year == 2022:
        guards = np.flatnonzero(people["occupation"] == VIGILANTE)
        count = max(2, round(LOST_SEPARATORS * rows / release.rows))
        lost = rng.choice(guards, min(count, len(guards)), replace=False)
        people["style"][lost] = SIX_DIGITS
        salary[lost] *= 100
        cost[lost] *= 100
    return salary, cost


def _drag(release: SampleRelease, rows: int) -> Any:
    """Return the numbers a spreadsheet's drag-fill left in 2024-05: from 14 to 89, then again."""
    dragged = np.full(rows, -1)
    if (release.year, release.month) == (2024, 5):
        count = min(rows // 4, max(5, round(DRAGGED * rows / release.rows)))
        dragged[rows // 3 : rows // 3 + count] = 14 + np.arange(count) % 76
    return dragged


def _missing(slots: _Slots, rows: int) -> dict[str, Any]:
    most = max(1, rows // 30)
    return {
        column: slots.take(min(most, max(len(marks), round(share * rows))))
        for column, (share, marks) in NULLS.items()
    }
