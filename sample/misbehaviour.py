"""How the real portal misbehaves at times, on request."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sample.page import PAGE_PATH

KINDS = {
    "503": "indisponível",
    "404": "não encontrado",
    "cut": "anuncia o tamanho certo e corta a conexão no meio",
    "html": "200 com uma página do portal em vez do que se pediu",
    "empty": "200 com um corpo vazio",
    "hang": "aceita e não manda nada",
    "drip": "manda a metade e depois um byte de cada vez, sem fim",
    "no_links": "a página sem nenhum arquivo",
    "truncated_ok": "metade do corpo, com o tamanho da metade",
}
HANG_S = 300.0
DRIP_EVERY_S = 0.2


@dataclass
class Misbehaviour:
    """One rule: what to do where the path ends in `suffix`; `times` None = until calm."""

    suffix: str
    kind: str
    times: int | None = None
    retry_after: int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError that names what makes no sense."""
        if self.kind not in KINDS:
            raise ValueError(f"não há o tipo {self.kind!r}; há {', '.join(KINDS)}")
        for number in (self.times, self.retry_after):
            if number is not None and (not isinstance(number, int) or number < 0):
                raise ValueError(f"{number!r} não é um número inteiro de 0 em diante")

    def matches(self, path: str) -> bool:
        """Tell whether the rule is for this path; an empty suffix is for the page alone."""
        return path == PAGE_PATH if self.suffix == "" else path.endswith(self.suffix)


class Trouble:
    """The rules in force. Safe to use from many threads."""

    def __init__(self) -> None:
        self._rules: list[Misbehaviour] = []
        self._lock = threading.Lock()
        self._calm = threading.Event()

    def add(self, rule: Misbehaviour) -> None:
        """Add a rule, after those in force."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Forget all rules and wake those that hang."""
        with self._lock:
            self._rules.clear()
            self._calm.set()
            self._calm = threading.Event()

    def next_for(self, path: str) -> Misbehaviour | None:
        """Return the first rule for a path that is not used up, and count it."""
        with self._lock:
            for rule in self._rules:
                if rule.matches(path) and rule.times != 0:
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
        return None

    def hang(self) -> None:
        """Wait until calm, five minutes at most."""
        self._calm.wait(HANG_S)
