"""Control totals: what the amounts of a file add up to, worked out apart from the database.

The `transformed` layer must come to the same sums (dbt test `sums_equal_ledger`): two readings of
the same text that agree to the cent.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

CENT = Decimal("0.01")
BLANKS = " \t\r\n\u00a0"
PLAIN = r"^-?[0-9]{1,10}(\.[0-9]{1,20})?$"
"""Nearly all amounts; Arrow adds them up at once."""
_POINT = re.compile(r"-?[0-9]{1,10}\.[0-9]+")
_COMMA = re.compile(r"-?[0-9]{1,10},[0-9]+")
_GROUPED = re.compile(r"-?[0-9]{1,3}(\.[0-9]{3})+,[0-9]+")
LONGEST_GROUPED = 16


def total(column: Any) -> Decimal:
    """Add up a column of published text, in reais; what is no amount does not count."""
    texts = pc.replace_substring(pc.utf8_trim(column, BLANKS), ",", ".", max_replacements=1)
    is_plain = pc.match_substring_regex(texts, PLAIN)
    amounts = texts.filter(is_plain).cast(pa.decimal128(38, 20))
    result = pc.sum(pc.round(amounts, 2, "half_towards_infinity")).as_py() or Decimal(0)
    others = column.filter(pc.invert(is_plain)).value_counts()
    for text, count in zip(others.field(0).to_pylist(), others.field(1).to_pylist(), strict=True):
        amount = read_amount(text.strip(BLANKS))
        result += (amount or Decimal(0)) * count
    return result.quantize(CENT)


def read_amount(text: str) -> Decimal | None:
    """Read one amount: `2012.55`, `2012,55`, `1.234,56`, `4036.360107421875`; to the cent."""
    if _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif _GROUPED.fullmatch(text) and len(text) <= LONGEST_GROUPED:
        text = text.replace(".", "").replace(",", ".")
    elif not _POINT.fullmatch(text):
        return None
    return Decimal(text).quantize(CENT, ROUND_HALF_UP)
