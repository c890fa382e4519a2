"""Bodies, managing units, workplaces, companies and contracts: the same in every release."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from sample.words import (
    COMPANY_NAMES,
    COMPANY_PATTERNS,
    ENTITIES,
    OFFICES,
    PLACES,
    RENAMED,
    ROOMS,
    SUPERIORS,
)

WORKPLACES = 5_089
WORKPLACES_PER_UNIT = 11
COMPANIES = 1_622
CONTRACTS_PER_UNIT = 5
WEIGHTS_1 = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
WEIGHTS_2 = (6, *WEIGHTS_1)


@dataclass(frozen=True)
class Places:
    """Tables by number. `unit_superior`, `unit_body`: which superior body and body a unit is of."""

    body_acronyms: tuple[str, ...]
    body_names: tuple[str, ...]
    body_siafi: tuple[str, ...]
    body_siape: tuple[str, ...]
    unit_codes: tuple[str, ...]
    unit_names: tuple[str, ...]
    unit_acronyms: tuple[str, ...]
    unit_superior: Any
    unit_body: Any
    workplaces: tuple[str, ...]


def plain(text: str) -> str:
    """Return the text in ASCII: no accents, a hyphen for `±`."""
    decomposed = unicodedata.normalize("NFKD", text.replace("±", "-"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def superior_acronyms(year: int, month: int) -> list[str]:
    """Return the 20 acronyms as of that month, cut at 8 characters as the source cuts them."""
    names = []
    for acronym, *_rest in SUPERIORS:
        eras = RENAMED.get(acronym, (((0, 0), acronym),))
        names.append([name for since, name in eras if since <= (year, month)][-1][:8])
    return names


@cache
def places() -> Places:
    """Build all tables; 20 superior bodies, 72 bodies, 479 units, 5 089 workplaces."""
    bodies = _bodies()
    superior = np.repeat(np.arange(len(SUPERIORS)), [row[3] for row in SUPERIORS])
    under = [[i for i, body in enumerate(bodies) if body[2] == s] for s in range(len(SUPERIORS))]
    body = np.array([under[s][i % len(under[s])] for i, s in enumerate(superior)])
    units = [_unit(number) for number in range(len(superior))]
    return Places(
        body_acronyms=tuple(row[0] for row in bodies),
        body_names=tuple(row[1][:45].rstrip() for row in bodies),
        body_siafi=tuple(f"{20101 + 137 * i}" for i in range(len(bodies))),
        body_siape=tuple(f"{(191 if i % 9 == 0 else 15000) + 61 * i:05d}" for i in range(72)),
        unit_codes=tuple(row[0] for row in units),
        unit_names=tuple(row[1] for row in units),
        unit_acronyms=tuple(row[2] for row in units),
        unit_superior=superior,
        unit_body=body,
        workplaces=tuple(_alternate(_workplace(i), i // 3) for i in range(WORKPLACES)),
    )


def company_names() -> tuple[str, ...]:
    """Return the names of 1 622 companies that do not exist."""
    count = len(COMPANY_PATTERNS)
    names = []
    for i in range(COMPANIES):
        word = f"{COMPANY_NAMES[i // count % len(COMPANY_NAMES)]} {1 + i // 270}"
        names.append(_alternate(COMPANY_PATTERNS[i % count].format(word), i))
    return tuple(names)


@cache
def cnpjs() -> tuple[str, ...]:
    """Return their CNPJs: every 12th starts with 0, every 97th has wrong check digits."""
    rng = np.random.default_rng(14)
    roots = rng.choice(90_000_000, COMPANIES, replace=False) + 10_000_000
    numbers = []
    for i, root in enumerate(roots.tolist()):
        digits = with_check_digits(f"{root // 10 if i % 12 == 0 else root:08d}{1 + i % 3:04d}")
        numbers.append(digits if i % 97 else f"{digits[:-1]}{(int(digits[-1]) + 1) % 10}")
    return tuple(numbers)


def with_check_digits(base: str) -> str:
    """Append the two check digits (modulus 11) to the 12 digits of a CNPJ."""
    for weights in (WEIGHTS_1, WEIGHTS_2):
        rest = _weighted(base, weights) % 11
        base += "0" if rest < 2 else str(11 - rest)
    return base


def contract_numbers() -> tuple[str, ...]:
    """Return the contracts' numbers, `00037/2021`; every 31st has digits only."""
    total = CONTRACTS_PER_UNIT * sum(row[3] for row in SUPERIORS)
    serials = [(1 + 37 * i % 2_999, 2_014 + i % 5, i % 31 == 0) for i in range(total)]
    return tuple(f"{n:05d}{year}" if bare else f"{n:05d}/{year}" for n, year, bare in serials)


def _bodies() -> list[tuple[str, str, int]]:
    bodies = [(row[1], _alternate(row[2], i), i) for i, row in enumerate(SUPERIORS)]
    for acronym, name, superior, count in ENTITIES:
        for place in PLACES[:count]:
            bodies.append((acronym.format(_initials(place)), name.format(place), superior))
    return bodies


def _unit(number: int) -> tuple[str, str, str]:
    pattern, acronym = OFFICES[number % len(OFFICES)]
    place = PLACES[number // len(OFFICES) % len(PLACES)]
    code = f"{70_003 + 41 * number if number % 23 == 0 else 110_005 + 97 * number:06d}"
    name = _alternate(pattern.format(place), number // 2)
    return code, name, f"{acronym}/{_initials(place)}" if number % 4 else acronym


def _workplace(number: int) -> str:
    pattern = ROOMS[number % len(ROOMS)]
    return pattern.format(f"{PLACES[number // 7 % len(PLACES)]} {1 + number // 26}")


def _alternate(text: str, number: int) -> str:
    """Every second text has no accents, as in the source."""
    return plain(text) if number % 2 else text


def _initials(place: str) -> str:
    return "".join(word[0] for word in plain(place).split())


def _weighted(digits: str, weights: Iterable[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
