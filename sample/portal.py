"""The sample portal over HTTP: `python -m sample.portal --port 8060 --folder sample/files`.

It serves the page, the files and the folder behind the page, and misbehaves on request as the real
one does by itself. A test uses `with Portal(folder) as portal`; a running demo takes the same
requests as JSON at POST /_controle (see `sample.control`).
"""

from __future__ import annotations

import argparse
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from signal import SIGINT, SIGTERM, signal
from types import TracebackType
from typing import Any

from sample.generate import generate
from sample.handler import Handler, Request
from sample.misbehaviour import Misbehaviour, Trouble
from sample.page import DICTIONARY, PAGE_PATH, dictionary_pdf
from sample.releases import DEFAULT_SCALE, RELEASES, SampleRelease, release_of
from sample.shelf import Shelf


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    portal: Portal

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that went away; say the rest as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Portal:
    """Serve the files of a generated folder; the page lists those that are there.

    Every method may be called while requests are served. `requests` holds what was answered, in
    order. Raises OSError when the port is in use.
    """

    def __init__(self, folder: Path, port: int = 0, host: str = "127.0.0.1") -> None:
        self.shelf = Shelf(folder)
        self.shelf.add(DICTIONARY, dictionary_pdf())
        self.trouble = Trouble()
        self.requests: list[Request] = []
        self._hidden: set[tuple[int, int]] = set()
        self._server = _Server((host, port), Handler, bind_and_activate=False)
        self._server.portal = self
        try:
            self._server.server_bind()
            self._server.server_activate()
        except OSError:
            self._server.server_close()
            raise
        self.origin = f"http://{host}:{self._server.server_port}"
        self.url = self.origin + PAGE_PATH

    def __enter__(self) -> Portal:
        """Begin to answer, in threads of this process."""
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of clients that hang, stop answering and give the port back."""
        self.stop()
        self._server.server_close()

    def serve(self) -> None:
        """Answer until `stop` is called from another thread."""
        self._server.serve_forever(poll_interval=0.05)

    def stop(self) -> None:
        """Stop answering; `serve` returns."""
        self.calm()
        self._server.shutdown()

    def misbehave(
        self, suffix: str, kind: str, times: int | None = None, retry_after: int | None = None
    ) -> None:
        """Answer wrongly where the path ends in `suffix` ('' = the page), the next `times` times.

        Without `times` until `calm`. `retry_after` (seconds) goes with 503. Raises ValueError for
        a kind that is not in `sample.misbehaviour.KINDS`, or a number below 0.
        """
        self.trouble.add(Misbehaviour(suffix, kind, times, retry_after))

    def calm(self) -> None:
        """Forget every misbehaviour, and let go of clients that hang."""
        self.trouble.clear()

    def replace(self, name: str, content: bytes) -> None:
        """Publish a file again, under the name it has: new ETag and Last-Modified.

        Raises LookupError when no file has that name.
        """
        self.shelf.get(name)
        self.shelf.add(name, content)

    def hide(self, year: int, month: int) -> None:
        """Take a release off the page and its file off the folder, as before it came out."""
        release_of(year, month)
        self._hidden.add((year, month))

    def publish(self, year: int, month: int) -> None:
        """Put a hidden release on the page."""
        release_of(year, month)
        self._hidden.discard((year, month))

    @property
    def hidden(self) -> tuple[tuple[int, int], ...]:
        """The releases that are not on the page for now, as (year, month)."""
        return tuple(sorted(self._hidden))

    def releases(self) -> list[SampleRelease]:
        """Return the releases on the page, oldest first."""
        return [
            release
            for release in RELEASES
            if (release.year, release.month) not in self._hidden and self.shelf.has(release.name)
        ]

    def names(self) -> list[str]:
        """Return the names of the files in the folder behind the page, as it lists them."""
        return sorted([DICTIONARY, *(release.name for release in self.releases())])


def main(arguments: list[str] | None = None) -> int:
    """Take the port, generate what is missing, serve until SIGTERM; exit status 2 on failure."""
    options = _options(arguments)
    try:
        portal = Portal(options.folder, options.port, options.host)
        generate(options.folder, options.scale)
    except OverflowError:
        return _fail(f"a porta {options.port} não existe; use --port de 0 a 65535")
    except ValueError as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(
            f"o portal de exemplo não subiu em {options.host}:{options.port} com a pasta "
            f"{options.folder}: {error.strerror or error}. Se a porta está em uso, escolha outra "
            "(SAMPLE_PORT no .env ou --port)"
        )
    for number in (SIGTERM, SIGINT):
        signal(number, lambda *_: threading.Thread(target=portal.stop).start())
    print(f"portal de exemplo em {portal.url}", flush=True)
    portal.serve()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sample.portal", description="O portal de exemplo")
    parser.add_argument("--port", type=int, default=8060, help="0 = uma porta livre")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--folder", type=Path, default=Path("sample/files"))
    parser.add_argument("--scale", type=float, default=DEFAULT_SCALE, help="1.0 = tamanho real")
    return parser.parse_args(arguments)


def _fail(message: str) -> int:
    print(f"erro: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
