"""When a release of CGU's may be expected, and how each one stands.

There are three a year. CGU publishes them two to three months after the month they are about, so a
release is awaited until the end of the third month after it, and overdue from then on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal

from viewer.releases import Release

MONTHS = (1, 5, 9)
MONTHS_UNTIL_PUBLISHED = 3
Standing = Literal["captured", "failed", "missing", "overdue", "awaited", "future"]


def following(release: Release) -> Release:
    """Return the next regular release after this one."""
    year, month = release
    later = [other for other in MONTHS if other > month]
    return (year, later[0]) if later else (year + 1, MONTHS[0])


def overdue_from(release: Release) -> date:
    """Return the first day on which the release is late."""
    year, month = release
    months = year * 12 + month + MONTHS_UNTIL_PUBLISHED
    return date(months // 12, months % 12 + 1, 1)


def awaited_until(release: Release) -> date:
    """Return the last day on which the release is not late."""
    return overdue_from(release) - timedelta(days=1)


def standing(
    release: Release, captured: Collection[Release], failed: Collection[Release], today: date
) -> Standing:
    """Tell how a release stands on a day.

    `captured` are in the tables, `failed` those whose last capture failed. Before the newest one
    captured a release is just missing: CGU has published later ones.
    """
    if release in captured:
        return "captured"
    if release in failed:
        return "failed"
    if captured and release < max(captured):
        return "missing"
    if today < date(*release, 1):
        return "future"
    return "overdue" if today >= overdue_from(release) else "awaited"
