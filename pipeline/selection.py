"""Which releases a run is about: from, to, and what each would need."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.errors import ConfigurationError
from pipeline.source import Release

Period = tuple[int, int]


def read_period(text: str, option: str) -> Period | None:
    """Read `AAAA-MM`; None where the text is empty. Raises ConfigurationError otherwise."""
    if not text:
        return None
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if not match:
        raise ConfigurationError(
            f"{option}={text!r} não é um mês no formato AAAA-MM (por exemplo 2021-05)"
        )
    return int(match[1]), int(match[2])


def select(releases: Sequence[Release], first: str, last: str) -> tuple[Release, ...]:
    """Return the releases from `first` to `last`, both included; an empty text is no limit.

    Raises ConfigurationError for an impossible value, and when nothing lies in between: the
    message says what there is.
    """
    low, high = read_period(first, "--from"), read_period(last, "--to")
    if low and high and low > high:
        raise ConfigurationError(f"--from={first} vem depois de --to={last}: troque os dois")
    chosen = tuple(
        release
        for release in releases
        if (low is None or (release.year, release.month) >= low)
        and (high is None or (release.year, release.month) <= high)
    )
    if not chosen:
        raise ConfigurationError(
            f"não há versão de {first or 'o início'} a {last or 'hoje'}: o portal tem "
            f"{', '.join(release.label for release in releases)}"
        )
    return chosen


@dataclass(frozen=True)
class Plan:
    """What a capture would do with a release, and why."""

    release: Release
    is_needed: bool
    reason: str
