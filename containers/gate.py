"""The door to Hasura: passes every request on with the admin secret in its header.

Prefect Server 1.4's services know no such secret and send none, yet Hasura shall ask for it. They
talk to this gate (port 3000) in Hasura's place; whoever comes past it is refused.
"""

from __future__ import annotations

import http.client
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UPSTREAM = os.environ.get("HASURA_ADDRESS", "hasura:3000")
HEADER = "X-Hasura-Admin-Secret"
OF_ONE_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
TIMEOUT_S = 120


class Gate(BaseHTTPRequestHandler):
    """Answer each request with what Hasura answers."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Pass a request with a body on."""
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def do_GET(self) -> None:
        """Pass a request without a body on."""
        self._pass_on(None)

    def _pass_on(self, body: bytes | None) -> None:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in OF_ONE_HOP
        }
        headers[HEADER] = os.environ["HASURA_GRAPHQL_ADMIN_SECRET"]
        upstream = http.client.HTTPConnection(UPSTREAM, timeout=TIMEOUT_S)
        try:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            self._reply(answer.status, answer.getheaders(), answer.read())
        except (OSError, http.client.HTTPException) as error:
            self._reply(502, [], f"o Hasura em {UPSTREAM} não respondeu: {error}\n".encode())
        finally:
            upstream.close()

    def _reply(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in OF_ONE_HOP | {"date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet: Hasura has a log of its own."""


def main() -> int:
    """Serve until stopped."""
    if not os.environ.get("HASURA_GRAPHQL_ADMIN_SECRET"):
        sys.stderr.write("erro: HASURA_GRAPHQL_ADMIN_SECRET está vazia. Rode ./start.sh\n")
        return 2
    ThreadingHTTPServer(("", 3000), Gate).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
