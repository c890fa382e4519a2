"""Values as a Brazilian reads them: `5.838,10`, `01/09/2025 03:00:00`, `sim`.

Only the writing changes: every digit of a number stays. Identifiers, years and positions in a
file are numbers that nobody adds up, and stay without separators.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from viewer.catalog import Column

LONGEST_CELL = 5_000
PLAIN = re.compile(
    r"^(id|ano|mes|linha|indice|sequencia|linha_origem|tentativa)$|^(id|cd|nr|num|ano|mes)_|_id$",
    re.IGNORECASE,
)
MONTHS = (
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
)


def number(value: int | float | Decimal) -> str:
    """Write a number with `.` between thousands and `,` before decimals; no digit is lost."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not exact.is_finite():
        return str(value)
    return f"{exact:,f}".translate(str.maketrans(",.", ".,"))


def money(value: Decimal, *, is_short: bool = False) -> str:
    """Write reais: `R$ 1.234,50`, `-R$ 2,00`, or `R$ 1,2 mi` where a panorama is wanted."""
    sign, amount = "-" if value < 0 else "", abs(value)
    if is_short and amount >= 1_000_000_000:
        return f"{sign}R$ {number(round(amount / 1_000_000_000, 2))} bi"
    if is_short and amount >= 1_000_000:
        return f"{sign}R$ {number(round(amount / 1_000_000, 1))} mi"
    return f"{sign}R$ {number(round(amount, 2))}"


def change(now: int | Decimal, before: int | Decimal | None) -> str:
    """Write how much more or less a number is than before: `+1,2 %`; nothing where none was."""
    if not before:
        return ""
    percent = round((Decimal(now) / Decimal(before) - 1) * 100, 1)
    return f"{'+' if percent > 0 else ''}{number(percent)} %"


def share(part: int, whole: int) -> str:
    """Write a part of a whole: `16,4 %`; nothing of nothing is `0,0 %`."""
    return f"{number(round(Decimal(part) / Decimal(whole or 1) * 100, 1))} %"


def day(value: date) -> str:
    """Write a day as dd/mm/aaaa."""
    return value.strftime("%d/%m/%Y")


def moment(value: datetime | None) -> str:
    """Write a time as dd/mm/aaaa hh:mm:ss, in the zone it carries."""
    return value.strftime("%d/%m/%Y %H:%M:%S") if value else "—"


def release(year: int, month: int) -> str:
    """Name a release: `setembro de 2025`."""
    return f"{MONTHS[month - 1]} de {year}"


def duration(value: timedelta | float | None) -> str:
    """Write how long something took: `0,4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`."""
    if value is None:
        return "—"
    seconds = value.total_seconds() if isinstance(value, timedelta) else float(value)
    if seconds < 10:
        return f"{number(round(max(seconds, 0.0), 1))} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def cell(value: Any, column: Column) -> str | None:
    """Write one value of a table as text; None stays None."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "sim" if value else "não"
    if isinstance(value, (int, float, Decimal)):
        return str(value) if PLAIN.search(column.name) else number(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return day(value)
    return _shortened(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, list):
        return ", ".join("nulo" if item is None else _text(item) for item in value)
    return str(value)


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_CELL:
        return text
    return f"{text[:LONGEST_CELL]}… ({number(len(text))} caracteres)"
