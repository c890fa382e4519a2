"""The number of a company: 14 characters, the last two of which check the others.

Since July 2026 the first twelve may be letters; a letter's value is its ASCII code less 48, as a
digit's is.
"""

from __future__ import annotations

import re

SHAPE = re.compile(r"[0-9A-Z]{12}[0-9]{2}", re.ASCII)
FIRST_WEIGHTS = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
SECOND_WEIGHTS = (6, *FIRST_WEIGHTS)
PUNCTUATION = str.maketrans("", "", "./- ")


def bare(text: str) -> str:
    """Return a CNPJ without its punctuation, as the tables have it."""
    return text.translate(PUNCTUATION).upper()


def formatted(cnpj: str) -> str:
    """Write a CNPJ as 00.000.000/0000-00; what is not 14 characters stays as it is."""
    if not SHAPE.fullmatch(cnpj):
        return cnpj
    return f"{cnpj[:2]}.{cnpj[2:5]}.{cnpj[5:8]}/{cnpj[8:12]}-{cnpj[12:]}"


def is_valid(cnpj: str) -> bool:
    """Tell whether the two check digits of a bare CNPJ are right."""
    if not SHAPE.fullmatch(cnpj):
        return False
    return all(
        _check_digit(cnpj, weights) == int(cnpj[len(weights)])
        for weights in (FIRST_WEIGHTS, SECOND_WEIGHTS)
    )


def _check_digit(cnpj: str, weights: tuple[int, ...]) -> int:
    total = sum(
        weight * (ord(character) - 48) for weight, character in zip(weights, cnpj, strict=False)
    )
    return total * 10 % 11 % 10
