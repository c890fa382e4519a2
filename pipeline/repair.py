"""Realign a line with too many or too few fields, where exactly one way of doing so fits.

No published line is known to be shifted; this is for the day when a delimiter stands unescaped in a
name, or a field is missing. Columns that can be recognised for sure (masked CPF, CNPJ, month and
year, codes, amounts) hold the free-text columns between them in place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from pipeline.columns import MONTH_NAMES, PUBLISHED
from pipeline.header import MASKED_CPF, plain

MOST_OFF = 3
_NULL = r"|\s*|<N/I>|NI\.?\s*|NULL|-1|-2"
_MONTHS = "|".join(plain(name) for name in MONTH_NAMES)
_PATTERNS: dict[str, str] = {
    "id_terc": r"\d{4,10}",
    "cd_ug_gestora": rf"\d{{3,6}}{_NULL}",
    "nr_contrato": rf"\d+\s*/\s*\d{{2,4}}{_NULL}",
    "nr_cnpj": rf"\d{{11,14}}|\d\d\.\d{{3}}\.\d{{3}}/\d{{4}}-\d\d{_NULL}",
    "nr_cpf": MASKED_CPF.pattern,
    "nm_categoria_profissional": rf"\d{{4,6}}\s*-.*{_NULL}",
    "nr_jornada": rf"\d{{1,2}}\s*{_NULL}",
    "vl_mensal_salario": rf"\d+([.,]\d+)?{_NULL}",
    "vl_mensal_custo": rf"\d+([.,]\d+)?{_NULL}",
    "Num_Mes_Carga": r"0?[1-9]|1[0-2]",
    "Mes_Carga": _MONTHS,
    "Ano_Carga": r"(19|20)\d\d",
    "cd_orgao_siafi": rf"\d{{1,6}}{_NULL}",
    "cd_orgao_siape": rf"\d{{1,6}}{_NULL}",
}
_RECOGNISED = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PATTERNS.items()}


def realign(fields: Sequence[str], delimiter: str) -> tuple[list[str], str]:
    """Return the 23 fields and "", or nothing and a reason that a person understands.

    Extra fields are joined, with the delimiter that parted them, inside one free-text column or
    more; a missing field becomes an empty one. Nothing is guessed: two ways that fit are no way.
    """
    count = len(fields)
    ways = _ways(tuple(fields), delimiter) if abs(count - len(PUBLISHED)) <= MOST_OFF else []
    if len(ways) == 1:
        return list(ways[0]), ""
    reason = f"a linha tem {count} campos em vez de {len(PUBLISHED)}"
    if ways:
        reason += " e mais de um modo de alinhá-los serve"
    return [], reason


def _ways(fields: tuple[str, ...], delimiter: str) -> list[tuple[str, ...]]:
    """Return the alignments that fit; two are enough to know that it is not certain."""

    @cache
    def align(column: int, start: int) -> list[tuple[str, ...]]:
        if column == len(PUBLISHED):
            return [()] if start == len(fields) else []
        found: list[tuple[str, ...]] = []
        for value, after in _candidates(fields, column, start, delimiter):
            found += [(value, *rest) for rest in align(column + 1, after)]
        return list(dict.fromkeys(found))[:2]

    return align(0, 0)


def _candidates(
    fields: tuple[str, ...], column: int, start: int, delimiter: str
) -> list[tuple[str, int]]:
    """Return what the column may be: (value, index of the next field)."""
    extra = len(fields) - len(PUBLISHED)
    pattern = _RECOGNISED.get(PUBLISHED[column])
    if pattern:
        is_match = start < len(fields) and pattern.fullmatch(plain(fields[start]).strip())
        return [(fields[start], start + 1)] if is_match else []
    if extra < 0:
        present = [(fields[start], start + 1)] if start < len(fields) else []
        return [*present, ("", start)]
    ends = range(start + 1, min(start + extra + 1, len(fields)) + 1)
    return [(delimiter.join(fields[start:end]), end) for end in ends]
