"""Recognise a file's header, or that it has none (as 2019-01), and map it to the 23 columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.columns import PUBLISHED
from pipeline.errors import FileError

MASKED_CPF = re.compile(r"\*{3}\.?\d{3}\.?\d{3}-?\*{2}")
_POSITION = {name.casefold(): index for index, name in enumerate(PUBLISHED)}


@dataclass(frozen=True)
class Header:
    """Where each published column stands in a file.

    `positions[i]` is the field that holds column i; `width` the number of fields of a regular
    line; `extra` the columns that we do not know; `is_present` whether the file has a header line.
    """

    positions: tuple[int, ...]
    width: int
    extra: tuple[str, ...]
    is_present: bool


def read_header(fields: Sequence[str], file_name: str) -> Header:
    """Understand the first line of a file that has something in it.

    A header names all 23 columns, in any order and spelling of case; further columns are let
    through and reported. Without a header the line must look like a row of data. Raises FileError
    that names what is missing and what stands there instead.
    """
    names = [plain(name.strip().strip('"')) for name in fields]
    known = {name for name in names if name in _POSITION}
    if not known:
        return _without_header(fields, file_name)
    missing = [name for name in PUBLISHED if name.casefold() not in known]
    extra = tuple(
        str(field) for field, name in zip(fields, names, strict=True) if name not in _POSITION
    )
    repeated = sorted({name for name in known if names.count(name) > 1})
    if missing or repeated:
        raise FileError(_complaint(file_name, missing, repeated, [name for name in extra if name]))
    positions = tuple(names.index(name.casefold()) for name in PUBLISHED)
    return Header(positions, len(fields), tuple(name for name in extra if name), is_present=True)


def looks_like_row(fields: Sequence[str]) -> bool:
    """Tell whether 23 fields are a row: a masked CPF and a year at their places."""
    return (
        len(fields) >= len(PUBLISHED)
        and bool(MASKED_CPF.fullmatch(fields[8].strip()))
        and bool(re.fullmatch(r"(19|20)\d\d", fields[18].strip()))
    )


def _without_header(fields: Sequence[str], file_name: str) -> Header:
    if not looks_like_row(fields):
        start = "; ".join(field for field in fields[:6] if field)[:120]
        raise FileError(
            f"{file_name} não é um arquivo de terceirizados: a primeira linha ({start!r}) não é o "
            "cabeçalho das 23 colunas nem uma linha de dados. Abra o arquivo e avise a CGU"
        )
    return Header(tuple(range(len(PUBLISHED))), len(PUBLISHED), (), is_present=False)


def _complaint(
    file_name: str, missing: Sequence[str], repeated: Sequence[str], extra: Sequence[str]
) -> str:
    parts = []
    if missing:
        parts.append(f"faltam as colunas {', '.join(missing)}")
    if repeated:
        parts.append(f"repetem-se {', '.join(repeated)}")
    if extra:
        parts.append(f"há colunas desconhecidas: {', '.join(extra)}")
    return (
        f"{file_name}: {'; '.join(parts)}. Se a CGU mudou os nomes, atualize pipeline/columns.py; "
        "nada deste arquivo foi carregado"
    )


def plain(text: str) -> str:
    """Return the text without accents, in lower case."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()
