"""Fetch the page and the files: nothing cut, nothing half, nothing twice.

The portal answers 503 at times, sends a page of its own with status 200 while it is down, and cuts
connections in mid-body. So the length and the first bytes of every file are checked, attempts
follow urllib3's Retry (exponential backoff, `Retry-After`), and a file gets its name only when it
is whole. Beside each file a small manifest keeps what a conditional GET needs.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests
from urllib3 import Retry
from urllib3.exceptions import MaxRetryError, ProtocolError

from pipeline.errors import FileError, PortalError, TerminalError
from pipeline.source import Release

logger = logging.getLogger(__name__)
T = TypeVar("T")

RETRIED_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
CHUNK_BYTES = 1 << 18
ANSWER_DEADLINE_S = 1800.0
ZIP_MAGIC = b"PK\x03\x04"
OLD_EXCEL_MAGIC = b"\xd0\xcf\x11\xe0"
USER_AGENT = "terceirizados/0.1 (+dados abertos da CGU)"


@dataclass(frozen=True)
class Download:
    """A whole file on disk and what the portal said of it. `is_new`: its bytes came just now."""

    path: Path
    url: str
    sha256: str
    bytes: int
    etag: str | None
    last_modified: str | None
    fetched_at: str
    is_new: bool


class _AttemptFailedError(Exception):
    """One attempt failed in a way that another may cure."""

    def __init__(self, reason: str, response: requests.Response | None = None) -> None:
        super().__init__(reason)
        self.response = response


class PortalClient:
    """HTTP with patience. Times in seconds; `attempts` counts the first one too."""

    def __init__(
        self,
        attempts: int,
        *,
        connect_timeout_s: float = 10,
        read_timeout_s: float = 60,
        backoff_s: float = 1,
        retry_after_max_s: int = 120,
    ) -> None:
        self.attempts = attempts
        self.timeout = (connect_timeout_s, read_timeout_s)
        self.retries = Retry(
            total=attempts - 1,
            backoff_factor=backoff_s,
            backoff_max=60,
            backoff_jitter=backoff_s / 2,
            status_forcelist=RETRIED_STATUSES,
            retry_after_max=retry_after_max_s,
        )
        self.session = requests.Session()
        # Compressed bodies would make the length unknowable.
        self.session.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})

    def page(self, url: str) -> str:
        """Return the page's HTML. Raises PortalError after the last attempt."""

        def read(response: requests.Response) -> str:
            return response.content.decode(response.encoding or "utf-8", errors="replace")

        return self._patiently(url, {}, read)

    def file(self, release: Release, folder: Path) -> Download:
        """Bring the release's file into `folder`, unless the portal says it is the same.

        A file published again keeps its predecessor beside it, named after its sha256. Raises
        PortalError after the last attempt, FileError when the file cannot be a table, and
        TerminalError when it cannot be written.
        """
        target = folder / release.name
        if release.url.startswith("file:"):
            return _copy(release.url, target)
        known = _read_manifest(target, release.url)
        headers = _conditions(known)

        def read(response: requests.Response) -> Download:
            if response.status_code == 304 and known:
                return known
            return _store(response, target)

        with _disk_errors(target):
            folder.mkdir(parents=True, exist_ok=True)
            return self._patiently(release.url, headers, read)

    def headers(self, url: str) -> tuple[str | None, str | None]:
        """Return the ETag and Last-Modified of an address, without its bytes."""

        def read(response: requests.Response) -> tuple[str | None, str | None]:
            return response.headers.get("ETag"), response.headers.get("Last-Modified")

        return self._patiently(url, {}, read, method="HEAD")

    def _patiently(
        self,
        url: str,
        headers: dict[str, str],
        read: Callable[[requests.Response], T],
        method: str = "GET",
    ) -> T:
        retries = self.retries
        while True:
            try:
                return self._attempt(method, url, headers, read)
            except _AttemptFailedError as failure:
                attempt = len(retries.history) + 1
                raw = failure.response.raw if failure.response is not None else None
                try:
                    retries = retries.increment(
                        method,
                        url,
                        response=raw,
                        error=None if raw else ProtocolError(str(failure)),
                    )
                except (MaxRetryError, ProtocolError):
                    raise _gave_up(url, failure, attempt) from failure
                logger.warning(
                    "Tentativa %d de %d falhou em %s: %s; tentando de novo",
                    attempt,
                    self.attempts,
                    url,
                    failure,
                )
                retries.sleep(raw)

    def _attempt(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        read: Callable[[requests.Response], T],
    ) -> T:
        try:
            with self.session.request(
                method, url, headers=headers, timeout=self.timeout, stream=True
            ) as response:
                _check_status(url, response)
                with _deadline(response):
                    return read(response)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _AttemptFailedError(_reason(error)) from error
        except requests.exceptions.ChunkedEncodingError as error:
            raise _AttemptFailedError("a conexão foi cortada no meio do arquivo") from error
        except requests.RequestException as error:
            raise PortalError(f"{url}: {error}. Confira URL_FOR_DATA_DOWNLOAD") from error


@contextmanager
def _deadline(response: requests.Response) -> Iterator[None]:
    """Give up an answer that goes on coming, but too slowly: the read timeout never sees that."""
    is_late = threading.Event()

    def cut() -> None:
        is_late.set()
        response.raw.shutdown()

    timer = threading.Timer(ANSWER_DEADLINE_S, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception:
        if is_late.is_set():
            raise _AttemptFailedError(
                f"a resposta não chegou inteira em {ANSWER_DEADLINE_S / 60:.0f} minutos"
            ) from None
        raise
    finally:
        timer.cancel()


def _check_status(url: str, response: requests.Response) -> None:
    status = response.status_code
    if status in RETRIED_STATUSES:
        raise _AttemptFailedError(f"o portal respondeu {status}", response)
    if status not in {200, 304}:
        raise PortalError(
            f"{url} respondeu {status} {response.reason} (1 tentativa). Abra o endereço no "
            "navegador: se mudou, ajuste URL_FOR_DATA_DOWNLOAD; senão, repita mais tarde"
        )


def _gave_up(url: str, failure: _AttemptFailedError, attempts: int) -> PortalError:
    times = "1 tentativa" if attempts == 1 else f"{attempts} tentativas"
    return PortalError(
        f"{url} falhou em {times}: {failure}. Os dados de antes continuam valendo; confira a rede "
        "e o endereço, e repita mais tarde"
    )


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectTimeout):
        return "o portal não aceitou a conexão a tempo"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return "o portal parou de responder"
    cause = error.args[0] if error.args else error
    detail = str(getattr(cause, "reason", cause))
    if "IncompleteRead" in detail or "Connection broken" in detail:
        return "a conexão foi cortada no meio do arquivo"
    return f"não foi possível conectar ({detail.rsplit(': ', 1)[-1]})"


def _store(response: requests.Response, target: Path) -> Download:
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        digest, size = _stream_to(part, response, target.name)
        _check_length(response, size)
        check_bytes(part, target.name)
        download = Download(
            path=target,
            url=response.request.url or response.url,
            sha256=digest,
            bytes=size,
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
            is_new=True,
        )
        _keep_predecessor(target, digest)
        part.replace(target)
        _write_manifest(download)
        return download
    finally:
        part.unlink(missing_ok=True)


def path_of(url: str) -> Path:
    """Return the path that a `file:` address names."""
    return Path(url2pathname(urlsplit(url).path))


def _copy(url: str, target: Path) -> Download:
    """Take a file on disk as the portal's; it stays where it is, a copy goes to `target`."""
    source = path_of(url)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with _disk_errors(target):
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, part)
            digest = file_sha256(part)
            _keep_predecessor(target, digest)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    try:
        check_bytes(target, target.name)
    except _AttemptFailedError as failure:
        raise FileError(f"{source}: {failure}. Confira o arquivo") from failure
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Download(target, url, digest, target.stat().st_size, None, None, now, is_new=True)


def _stream_to(part: Path, response: requests.Response, name: str) -> tuple[str, int]:
    digest = hashlib.sha256()
    size = 0
    total = int(response.headers.get("Content-Length", 0)) or None
    with part.open("wb") as stream, _progress(name, total) as advance:
        for chunk in response.iter_content(CHUNK_BYTES):
            stream.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            advance(len(chunk))
        stream.flush()
        os.fsync(stream.fileno())
    return digest.hexdigest(), size


@contextmanager
def _progress(name: str, total: int | None) -> Iterator[Callable[[int], object]]:
    """Draw a bar on a terminal; elsewhere the log line at the end is enough."""
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from tqdm import tqdm  # noqa: PLC0415 - only on a terminal

    with tqdm(total=total, desc=name, unit="B", unit_scale=True, leave=False) as bar:
        yield bar.update


def _check_length(response: requests.Response, size: int) -> None:
    expected = response.headers.get("Content-Length")
    if expected is not None and int(expected) != size:
        raise _AttemptFailedError(f"vieram {size} de {expected} bytes")


def check_bytes(path: Path, name: str) -> None:
    """Check the first bytes (and a spreadsheet's directory) of a file; the type header lies.

    An empty file, a page in place of a file and a cut spreadsheet count as a failed attempt: they
    are what a portal in trouble sends. An old or password-protected spreadsheet is a FileError.
    """
    with path.open("rb") as stream:
        head = stream.read(1024)
    if not head.strip(b"\xef\xbb\xbf\r\n\t "):
        raise _AttemptFailedError("o arquivo está vazio")
    if head.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
        raise _AttemptFailedError("é uma página HTML em vez do arquivo")
    if head.startswith(OLD_EXCEL_MAGIC):
        raise FileError(
            f"{name} é uma planilha antiga (.xls) ou protegida por senha, que não é lida aqui. "
            "Salve-a como .xlsx e avise a CGU"
        )
    if head.startswith(ZIP_MAGIC) and not zipfile.is_zipfile(path):
        raise _AttemptFailedError("a planilha está cortada (sem o diretório do fim)")


def _keep_predecessor(target: Path, digest: str) -> None:
    if not target.exists():
        return
    old = file_sha256(target)
    if old != digest:
        target.rename(target.with_name(f"{target.stem}.{old[:12]}{target.suffix}"))


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def forget(path: Path) -> None:
    """Drop the manifest of a file, so that the next request is unconditional."""
    _manifest_path(path).unlink(missing_ok=True)


def _manifest_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.json")


def _write_manifest(download: Download) -> None:
    path = _manifest_path(download.path)
    content = asdict(download) | {"path": download.path.name}
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    part.replace(path)


def _read_manifest(target: Path, url: str) -> Download | None:
    """Return what is known of the file on disk, or None where it is not what the manifest says."""
    try:
        content = json.loads(_manifest_path(target).read_text(encoding="utf-8"))
        known = Download(**(content | {"path": target, "is_new": False}))
        is_same = known.url == url and target.stat().st_size == known.bytes
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return known if is_same else None


def _conditions(known: Download | None) -> dict[str, str]:
    if known is None:
        return {}
    if known.etag:
        return {"If-None-Match": known.etag}
    return {"If-Modified-Since": known.last_modified} if known.last_modified else {}


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TerminalError(
            f"não foi possível gravar {target}: {error.strerror or error}. Libere espaço ou "
            "ajuste DATA_DIR; nada foi deixado pela metade"
        ) from error
