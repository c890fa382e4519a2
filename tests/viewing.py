"""The viewer as a process of its own, and a browser that looks at it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).resolve().parent.parent
INSTALL = (
    "falta um navegador: instale chromium e chromedriver (apt install chromium chromium-driver)"
)
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1400,1000",
)


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


START = """
import dataclasses, sys
from pathlib import Path
from pipeline.settings import load_settings
from viewer.server import serve
from pipeline.errors import PipelineError
values = dict(item.split("=", 1) for item in sys.argv[1:])
settings = dataclasses.replace(load_settings(Path("none")), db_name=values["name"],
    data_dir=Path(values["data"]), viewer_port=int(values["port"]), db_host=values.get("host", ""),
    db_user=values.get("user", ""), db_port=int(values.get("db_port", 5432)))
try:
    serve(settings)
except PipelineError as error:
    sys.stderr.write(f"erro: {error}\\n")
    sys.exit(error.exit_status)
"""


class Served:
    """The viewer as a process of its own, on a free port."""

    def __init__(self, settings, home, **values):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        arguments = {
            "name": settings.db_name,
            "data": settings.data_dir,
            "port": self.port,
            **values,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *(f"{key}={value}" for key, value in arguments.items())],
            cwd=ROOT, env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.first_line = self.process.stdout.readline()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=20)

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def show(self, path, search=""):
        """The router's answer for an address, as the browser asks for it."""
        return self.callback(
            "..conteudo.children...navegacao.children...titulo.data..",
            [("endereco", "pathname", path), ("endereco", "search", search)],
        )

    def callback(self, output, inputs, states=()):
        def named(items):
            return [{"id": i, "property": p, "value": v} for i, p, v in items]

        outputs = [
            dict(zip(("id", "property"), part.rsplit(".", 1), strict=True))
            for part in output.strip(".").split("...")
        ]
        body = {
            "output": output, "outputs": outputs if len(outputs) > 1 else outputs[0],
            "inputs": named(inputs), "state": named(states),
            "changedPropIds": [f"{inputs[0][0]}.{inputs[0][1]}"],
        }  # fmt: skip
        request = urllib.request.Request(
            f"{self.url}/_dash-update-component",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())["response"]

    def rows(self, table, *, start=0, end=100, model=None, sorts=(), search=""):
        request = {
            "startRow": start,
            "endRow": end,
            "filterModel": model or {},
            "sortModel": list(sorts),
        }
        return self.callback(
            "..dados-grade.getRowsResponse...dados-erro.children..",
            [("dados-grade", "getRowsRequest", request)],
            [
                ("dados-atual", "data", {"tabela": table, "versao": ""}),
                ("dados-busca", "value", search),
            ],
        )


def open_browser():
    """Start the chromium of this machine; without one, fail, or skip where ./test.sh said so."""
    binaries = ("chromium", "chromium-browser", "google-chrome")
    binary = next(filter(None, map(shutil.which, binaries)), None)
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        if os.environ.get("TERCEIRIZADOS_SEM_NAVEGADOR") == "1":
            pytest.skip(INSTALL)
        pytest.fail(INSTALL)
    options = Options()
    options.binary_location = binary
    for flag in (*FLAGS, f"--user-data-dir={tempfile.mkdtemp()}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


def wait(browser, condition, seconds=20):
    """Wait until the condition gives something true; return it."""
    patience = WebDriverWait(browser, seconds, ignored_exceptions=[StaleElementReferenceException])
    return patience.until(lambda _: condition())


def text(browser):
    """All text of the page."""
    return browser.find_element(By.TAG_NAME, "body").text


def cells(browser, column):
    """The cells of a grid's column that are in view."""
    found = browser.find_elements(By.CSS_SELECTOR, f'[col-id="{column}"].ag-cell')
    return [cell.text for cell in found]


def errors(browser):
    """What the browser's console calls severe, since the last time it was asked."""
    return [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
