"""`run/scheduler.py --demo`: eight months of the schedule in a minute, on the sample portal.

The scheduler, the flow and the database are the real ones; only the clock jumps to where the
scheduler would sleep to, and the portal publishes and fails on cue. Everything lies in a folder of
its own that is deleted at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from flows import historic_capture, historic_materialize, materialize
from flows.configuration import current_settings
from flows.running import run_local
from flows.scheduler import EndOfTime, Scheduler
from pipeline import agenda, embedded
from pipeline.errors import TerminalError
from pipeline.settings import ROOT

PAUSE_S = 2.0
FILE = "terceirizadossetembro.xlsx"
BEGIN = datetime(2024, 12, 31, 23, 59, tzinfo=agenda.ZONE)
END = datetime(2025, 9, 3, tzinfo=agenda.ZONE)
HIDDEN = ((2025, 5), (2025, 9))
SCENES: tuple[tuple[datetime, str, dict[str, Any]], ...] = (
    (
        datetime(2025, 5, 2, 18, tzinfo=agenda.ZONE),
        "a CGU publica a versão 2025-05",
        {"acao": "publish", "year": 2025, "month": 5},
    ),
    (
        datetime(2025, 8, 31, 18, tzinfo=agenda.ZONE),
        "a CGU publica a versão 2025-09",
        {"acao": "publish", "year": 2025, "month": 9},
    ),
    (
        datetime(2025, 8, 31, 19, tzinfo=agenda.ZONE),
        "o portal passa a responder 503",
        {"acao": "misbehave", "suffix": FILE, "kind": "503", "retry_after": 1},
    ),
    (datetime(2025, 9, 1, 18, tzinfo=agenda.ZONE), "o portal volta ao normal", {"acao": "calm"}),
)


class StagedClock:
    """A clock that jumps; on its way it plays the scenes that lie in between."""

    def __init__(self, portal: str) -> None:
        self._now = BEGIN
        self._portal = portal
        self._scenes = list(SCENES)

    def now(self) -> datetime:
        """Return the time on stage."""
        return self._now

    def sleep_until(self, moment: datetime) -> None:
        """Jump there after a pause for the reader. Raises EndOfTime when the play is over."""
        while self._scenes and self._scenes[0][0] <= moment:
            when, what, order = self._scenes.pop(0)
            _say(f"{when:%d/%m/%Y %H:%M}: {what}")
            _tell(self._portal, order)
        if moment > END:
            raise EndOfTime
        _say(f"o relógio salta para {moment:%d/%m/%Y %H:%M}")
        time.sleep(PAUSE_S)
        self._now = moment


def show() -> int:
    """Play it; return the exit status."""
    with tempfile.TemporaryDirectory(prefix="agenda-") as name, _portal() as url:
        os.environ.update(
            DEMO="0",
            DB_HOST="",
            DB_NAME="terceirizados",
            DATA_DIR=name,
            LOG_DIR=str(Path(name) / "logs"),
            URL_FOR_DATA_DOWNLOAD=url,
            DOWNLOAD_ATTEMPTS="2",
        )
        settings = current_settings()
        try:
            _say("antes, alguém captura e materializa a versão 2025-01 à mão")
            run_local(historic_capture.build(), {"from": "2025-01", "to": "2025-01"})
            run_local(materialize.build())
            run_local(historic_materialize.build())
            for year, month in HIDDEN:
                _tell(url, {"acao": "hide", "year": year, "month": month})
            Scheduler(settings, StagedClock(url), start=agenda.Tick(2025, 1)).work()
        finally:
            embedded.stop(settings.data_dir / "postgres")
    return 0


@contextmanager
def _portal() -> Iterator[str]:
    """Serve the sample portal on a free port; give the address of its page."""
    command = [sys.executable, "-m", "sample.portal", "--port", "0"]
    command += ["--folder", str(ROOT / "sample" / "files")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if " em http" not in line:
                raise TerminalError("o portal de exemplo não subiu. Rode python -m sample.portal")
            yield line.split(" em ")[1].strip()
        finally:
            process.terminate()


def _tell(page: str, order: dict[str, Any]) -> None:
    parts = urlsplit(page)
    requests.post(f"{parts.scheme}://{parts.netloc}/_controle", json=order, timeout=10)


def _say(text: str) -> None:
    sys.stdout.write(f"\n— {text}\n")
    sys.stdout.flush()
