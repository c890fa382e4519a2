"""One HTTP request to the sample portal: routes, conditional requests, and misbehaviour."""

from __future__ import annotations

import contextlib
import socket
import time
from dataclasses import dataclass, field
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from sample import control, page
from sample.misbehaviour import DRIP_EVERY_S, Misbehaviour
from sample.shelf import Document

if TYPE_CHECKING:
    from sample.portal import Portal

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"
LARGEST_ORDER_BYTES = 64 << 20
DOWNLOAD = "/@@download/file"


class Request(NamedTuple):
    """A request that was answered; status 0 = nothing was sent."""

    method: str
    path: str
    status: int


@dataclass
class Answer:
    """What is about to be sent; `sent_bytes` less than the body = the connection is cut there.

    With `drips` the rest comes a byte at a time first.
    """

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    sent_bytes: int | None = None
    drips: bool = False


class Handler(BaseHTTPRequestHandler):
    """Answer GET and HEAD for everything the portal has, POST for its control."""

    protocol_version = "HTTP/1.1"
    server_version = "PortalDeExemplo"
    server: Any
    timeout = 600

    @property
    def portal(self) -> Portal:
        """The portal this request came to."""
        portal: Portal = self.server.portal
        return portal

    def do_GET(self) -> None:
        """Answer a GET, or hang."""
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        if path == control.CONTROL_PATH:
            self._send(Answer(200, control.state(self.portal), JSON))
            return
        rule = self.portal.trouble.next_for(path.rstrip("/"))
        if rule is not None and rule.kind == "hang":
            self._hang()
            return
        answer = self._route(path, parts.query)
        answer = _spoil(rule, answer, self._origin()) if rule else self._conditional(answer)
        self._record(answer.status)
        self._send(answer)

    do_HEAD = do_GET  # noqa: N815 - the name the library calls

    def do_POST(self) -> None:
        """Carry out an order for the portal itself; nothing else takes a POST."""
        announced = self.headers.get("Content-Length", "")
        length = int(announced) if announced.isdigit() else 0
        if self.path != control.CONTROL_PATH or length > LARGEST_ORDER_BYTES:
            self.close_connection = True
            self._send(_not_found())
            return
        status, body = control.command(self.portal, self.rfile.read(length))
        self._send(Answer(status, body, JSON))

    def log_message(self, *_args: Any) -> None:
        """Say nothing: `portal.requests` keeps what was served."""

    def _route(self, path: str, query: str) -> Answer:
        path = path.rstrip("/")
        origin = self._origin()
        if path == page.PAGE_PATH:
            return _html(page.releases_page(origin, self.portal.releases()))
        if path == page.FOLDER_PATH:
            start = parse_qs(query).get("b_start:int", ["0"])[0]
            first = int(start) if start.isdigit() else 0
            return _html(page.folder_page(origin, self.portal.names(), first))
        if path == page.OLD_FOLDER_PATH:
            return _html(page.notice_page("Entre para ver a pasta 2016 a 2018"))
        if path.startswith(f"{page.FOLDER_PATH}/"):
            return self._file(path.removeprefix(f"{page.FOLDER_PATH}/"))
        return _not_found()

    def _file(self, rest: str) -> Answer:
        name = rest.removesuffix(DOWNLOAD).removesuffix("/view")
        if name not in self.portal.names():
            return _not_found()
        if rest.endswith("/view"):
            return _html(page.item_page(self._origin(), name))
        return _document(self.portal.shelf.get(name))

    def _conditional(self, answer: Answer) -> Answer:
        """Turn a 200 into a 304 where the client has these bytes; an ETag outweighs a date."""
        etag, modified = answer.headers.get("ETag"), answer.headers.get("Last-Modified")
        if etag is None or modified is None:
            return answer
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            is_known = tags.strip() == "*" or etag in [tag.strip() for tag in tags.split(",")]
        else:
            is_known = _is_not_after(modified, self.headers.get("If-Modified-Since"))
        return Answer(304, b"", answer.content_type, answer.headers) if is_known else answer

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 304:
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: answer.sent_bytes])
        if answer.drips:
            self._drip(answer.body[answer.sent_bytes :])
        if answer.sent_bytes is not None:
            self._hang_up()

    def _hang(self) -> None:
        self._record(0)
        self.portal.trouble.hang()
        self._hang_up()

    def _drip(self, rest: bytes) -> None:
        with contextlib.suppress(OSError):  # until the client has had enough
            for byte in rest:
                self.wfile.write(bytes([byte]))
                time.sleep(DRIP_EVERY_S)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        with contextlib.suppress(OSError):  # the client was quicker
            self.connection.shutdown(socket.SHUT_RDWR)

    def _record(self, status: int) -> None:
        self.portal.requests.append(Request(self.command, unquote(self.path), status))

    def _origin(self) -> str:
        """Return the address the client knows the portal by, for the absolute links."""
        host = self.headers.get("Host")
        return f"http://{escape(host)}" if host else self.portal.origin


def _html(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), HTML)


def _not_found() -> Answer:
    return _html(page.notice_page("Esta página não existe"), 404)


def _document(document: Document) -> Answer:
    headers = {
        "ETag": document.etag,
        "Last-Modified": format_datetime(document.modified_at, usegmt=True),
    }
    return Answer(200, document.content, document.content_type, headers)


def _is_not_after(modified: str, since: str | None) -> bool:
    try:
        return since is not None and parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _spoil(rule: Misbehaviour, answer: Answer, origin: str) -> Answer:
    """Return the wrong answer that the rule wants in place of the right one."""
    match rule.kind:
        case "503":
            wait = {} if rule.retry_after is None else {"Retry-After": str(rule.retry_after)}
            spoiled = _html(page.notice_page("Serviço indisponível"), 503)
            spoiled.headers = wait
        case "404":
            spoiled = _not_found()
        case "html":
            spoiled = _html(page.notice_page("Portal em manutenção"))
        case "no_links":
            spoiled = _html(page.page_without_links(origin))
        case "empty":
            spoiled = Answer(200, b"", answer.content_type)
        case "drip":
            answer.sent_bytes, answer.drips = len(answer.body) // 2, True
            spoiled = answer
        case "cut":
            answer.sent_bytes = len(answer.body) // 2
            spoiled = answer
        case _:
            spoiled = Answer(200, answer.body[: len(answer.body) // 2], answer.content_type)
    return spoiled
