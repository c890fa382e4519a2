"""The files that the portal holds: those of a folder, and those published again since."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from sample.releases import RELEASES

BY_NAME = {release.name: release for release in RELEASES}
PDF = "application/pdf"


@dataclass(frozen=True)
class Document:
    """What is sent for a file: its bytes, when they changed, and the type the portal claims."""

    content: bytes
    etag: str
    modified_at: datetime
    content_type: str


class Shelf:
    """Files by name. Those of the folder are read when asked for, so they may come later."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._added: dict[str, Document] = {}
        self._lock = threading.Lock()

    def has(self, name: str) -> bool:
        """Tell whether there is a file of that name."""
        return name in self._added or (name in BY_NAME and (self.folder / name).is_file())

    def get(self, name: str) -> Document:
        """Return a file. Raises LookupError when none has that name."""
        with self._lock:
            if name in self._added:
                return self._added[name]
        if not self.has(name):
            raise LookupError(f"não há o arquivo {name!r} no portal de exemplo")
        release, path = BY_NAME[name], self.folder / name
        status = path.stat()
        etag = _file_etag(path, status.st_mtime_ns, status.st_size)
        return Document(path.read_bytes(), etag, release.published_at, release.content_type)

    def add(self, name: str, content: bytes) -> None:
        """Put a file in the place of the one with its name."""
        kind = BY_NAME[name].content_type if name in BY_NAME else PDF
        now = datetime.now(UTC).replace(microsecond=0)
        with self._lock:
            self._added[name] = Document(content, _etag(content), now, kind)


@lru_cache(maxsize=64)
def _file_etag(path: Path, _modified_ns: int, _size: int) -> str:
    return _etag(path.read_bytes())


def _etag(content: bytes) -> str:
    """Return a strong ETag: the same bytes have the same one."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
