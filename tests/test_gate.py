"""The small programs of the image: the door to Hasura, and what passes connections on."""

import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.engine import ROOT, free_port


class Hasura(BaseHTTPRequestHandler):
    """Answers as Hasura does to those with the secret, and to those without."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_known = self.headers.get("X-Hasura-Admin-Secret") == "segredo"
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body[::-1])

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_):
        pass


def serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def hasura():
    server = serving(Hasura)
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def gate(hasura, monkeypatch):
    spec = importlib.util.spec_from_file_location("gate", ROOT / "containers" / "gate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "UPSTREAM", hasura)
    monkeypatch.setenv("HASURA_GRAPHQL_ADMIN_SECRET", "segredo")
    server = serving(module.Gate)
    module.url = f"http://127.0.0.1:{server.server_port}"
    yield module
    server.shutdown()
    server.server_close()


def status(url, data=None):
    try:
        with urllib.request.urlopen(url, data, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_the_gate_adds_the_secret_and_changes_nothing_else(gate, hasura):
    assert status(f"http://{hasura}/v1alpha1/graphql", b"abc") == (401, b"cba")
    assert status(f"{gate.url}/v1alpha1/graphql", b"abc") == (200, b"cba")
    assert status(f"{gate.url}/healthz?a=b") == (200, b"/healthz?a=b")


def test_where_hasura_is_away_the_gate_says_so(gate, monkeypatch):
    monkeypatch.setattr(gate, "UPSTREAM", f"127.0.0.1:{free_port()}")
    code, body = status(f"{gate.url}/healthz")
    assert code == 502
    assert "não respondeu" in body.decode()


def test_without_a_secret_the_gate_does_not_open():
    done = subprocess.run(
        [sys.executable, "containers/gate.py"], cwd=ROOT, env={"PATH": os.environ["PATH"]},
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "HASURA_GRAPHQL_ADMIN_SECRET" in done.stderr


def test_connections_are_passed_on_and_one_that_fails_harms_no_other(hasura):
    here, nowhere = free_port(), free_port()
    pairs = [f"{here}={hasura}", f"{nowhere}=127.0.0.1:{free_port()}"]
    command = [sys.executable, "containers/forward.py", *pairs]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            wait_for(here)
            with pytest.raises(OSError):
                status(f"http://127.0.0.1:{nowhere}/")
            assert status(f"http://127.0.0.1:{here}/viva") == (200, b"/viva")
        finally:
            process.kill()


def wait_for(port):
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"ninguém atende na porta {port}")
