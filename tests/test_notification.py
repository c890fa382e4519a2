"""Telling somebody outside: a receiver on this machine gets what happened, or nobody minds."""

import json
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from flows import capture, historic_capture, running, shared
from pipeline.notification import notify


@pytest.fixture
def receiver():
    """An address that keeps what it is sent; `status` is what it answers."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.received.append(json.loads(body))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.received, server.status = [], 200
    server.url = f"http://127.0.0.1:{server.server_port}/gancho"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def here(empty_settings, portal, receiver, monkeypatch):
    changed = replace(
        empty_settings, page_url=portal.url, download_attempts=1, notification_url=receiver.url
    )
    for module in (running, capture, shared):
        monkeypatch.setattr(module, "current_settings", lambda: changed)
    return changed


def test_new_releases_are_told_once_per_run_and_nothing_new_is_not(here, receiver):
    for _ in range(2):
        running.run_local(historic_capture.build(), {"from": "2025-05"})
    (told,) = receiver.received
    assert told["evento"] == "versao_nova"
    assert sorted(told["versoes"]) == ["2025-05", "2025-09"]
    assert told["ambiente"] == "production"
    assert "2025-09" in told["text"]


def test_a_failed_run_is_told_with_its_reason(here, receiver, portal, rows):
    portal.misbehave("terceirizados", "503")
    running.run_local(capture.build())
    (told,) = receiver.received
    assert (told["evento"], told["flow"]) == ("falha", "Captura dos Dados")
    assert "respondeu 503" in told["texto"]
    assert rows("select estado from execucoes where execucao_id = %s", told["execucao_id"]) == [
        ("Failed",)
    ]


@pytest.mark.parametrize("status", [500, 404])
def test_a_receiver_in_trouble_is_a_warning_not_a_failure(here, receiver, status, caplog):
    receiver.status = status
    assert not notify(here, "falha", texto="x")
    assert "não foi entregue" in caplog.text


def test_nobody_listening_is_a_warning_and_no_address_is_silence(here, caplog):
    assert not notify(replace(here, notification_url="http://127.0.0.1:9"), "falha")
    assert "não foi entregue" in caplog.text
    caplog.clear()
    assert not notify(replace(here, notification_url=""), "falha")
    assert caplog.text == ""
