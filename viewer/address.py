"""What a page's address asks for, checked against what there is.

What cannot be is left out and named in `problems`; what was accepted is in `kept`, from which the
addresses of other pages of a list are made. No value of an address goes anywhere unchecked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from urllib.parse import parse_qsl, urlencode

from viewer import formats
from viewer.releases import Release
from viewer.state import label

LONGEST_TEXT = 200
LONGEST_NUMBER = 19
LAST_PAGE = 1_000_000


def to(path: str, parameters: Mapping[str, str]) -> str:
    """Return the address of a page with the parameters that have a value."""
    kept = {name: value for name, value in parameters.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path


def read(query: str) -> dict[str, str]:
    """Return the parameters of an address, without what PostgreSQL does not take as text."""
    return {
        name: value.encode("utf-8", "replace").decode().replace("\0", " ").strip()
        for name, value in parse_qsl(query)
    }


class Asked:
    """The parameters of an address, read one by one."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self._parameters = parameters
        self.kept: dict[str, str] = {}
        self.problems: list[str] = []

    def one_of(self, name: str, known: Collection[str], what: str) -> str:
        """Return the value if it is known, else an empty text; `what` names it for the reader."""
        value = self._parameters.get(name, "")
        if value and value not in known:
            return self._refuse(f"Não há {what} {_shown(value)}; o filtro foi deixado de lado.")
        return self._keep(name, value)

    def some_of(self, name: str, known: Collection[str], what: str) -> list[str]:
        """Return those of the values, separated by commas, that are known."""
        values = [value for value in self._parameters.get(name, "").split(",") if value]
        unknown = [value for value in values if value not in known]
        if unknown:
            self._refuse(f"Não há {what} {_shown(unknown[0])}; foi deixado de lado.")
        found = [value for value in dict.fromkeys(values) if value in known]
        self._keep(name, ",".join(found))
        return found

    def day(self, name: str) -> date | None:
        """Return a day written as aaaa-mm-dd."""
        value = self._parameters.get(name, "")
        try:
            found = date.fromisoformat(value) if value else None
        except ValueError:
            self._refuse(f"{_shown(value)} não é um dia (aaaa-mm-dd); foi deixado de lado.")
            return None
        self._keep(name, found.isoformat() if found else "")
        return found

    def release(self, name: str, known: Collection[Release]) -> Release | None:
        """Return a release written as AAAA-MM."""
        value = self._parameters.get(name, "")
        found = next((release for release in known if label(release) == value), None)
        if value and not found:
            self._refuse(f"Não há versão {_shown(value)}; foi deixada de lado.")
        self._keep(name, label(found) if found else "")
        return found

    def number(self, name: str, default: int = 1, most: int = LAST_PAGE) -> int:
        """Return a whole number from 1 to `most`."""
        value = self._parameters.get(name, "")
        is_number = value.isascii() and value.isdigit() and len(value) < LONGEST_NUMBER
        if value and not (is_number and 1 <= int(value) <= most):
            self._refuse(f"{name} não pode ser {_shown(value)}; foi deixado de lado.")
            return default
        return int(self._keep(name, value) or default)

    def text(self, name: str) -> str:
        """Return any text, cut where it is too long."""
        value = self._parameters.get(name, "")
        if len(value) > LONGEST_TEXT:
            limit = formats.number(LONGEST_TEXT)
            self._refuse(f"O texto da busca foi cortado em {limit} caracteres.")
        return self._keep(name, value[:LONGEST_TEXT])

    def _keep(self, name: str, value: str) -> str:
        if value:
            self.kept[name] = value
        return value

    def _refuse(self, problem: str) -> str:
        self.problems.append(problem)
        return ""


def _shown(value: str) -> str:
    return f"“{value[:40]}…”" if len(value) > 40 else f"“{value}”"
