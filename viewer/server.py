"""Serve the viewer with gunicorn in this process: one worker, many threads.

Most threads wait: for PostgreSQL, or for their turn with what takes long.

gunicorn 27 opens a control socket in the home folder unless told not to; nothing is left behind
here.
"""

from __future__ import annotations

import socket
import sys
from contextlib import closing
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from pipeline import database
from pipeline.errors import ConfigurationError
from pipeline.settings import Settings
from viewer.app import create_app

THREADS = 32


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured from our settings alone: no file, no environment, no arguments."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Set what differs from gunicorn's defaults."""
        host = self._settings.viewer_host
        options = {
            "bind": f"{_bracketed(host)}:{self._settings.viewer_port}",
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": 3,
            "loglevel": "error",
            "proc_name": "terceirizados",
            "control_socket_disable": True,
            "when_ready": lambda _: _announce(self._settings),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Build the application, in the worker."""
        return create_app(self._settings).server


def serve(settings: Settings) -> None:
    """Serve on VIEWER_HOST:VIEWER_PORT until stopped by a signal.

    Starts the embedded PostgreSQL where there is one that does not run. Raises ConfigurationError
    when the address cannot be bound.
    """
    _check_address(settings)
    if settings.is_embedded and (settings.data_dir / "postgres" / "PG_VERSION").exists():
        database.connection_parameters(settings, read_only=True)
    _Server(settings).run()


def _check_address(settings: Settings) -> None:
    host, port = settings.viewer_host, settings.viewer_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ConfigurationError(
                f"a porta {port} de {host} não pode ser usada: {error.strerror or error}. "
                "Pare o outro programa, ou escolha outra porta em VIEWER_PORT no .env"
            ) from error


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _announce(settings: Settings) -> None:
    host = "localhost" if settings.viewer_host in {"127.0.0.1", "0.0.0.0", "::"} else ""  # noqa: S104
    url = f"http://{host or _bracketed(settings.viewer_host)}:{settings.viewer_port}"
    sys.stdout.write(f"Visualizador no ar: {url} (Ctrl+C para parar)\n")
    sys.stdout.flush()
