"""A Docker engine for the tests: without one they fail, or are left out where ./test.sh said so."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
import uuid
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("containers", "dbt", "flows", "pipeline", "requirements", "run", "sample", "viewer")
FILES = ("start.sh", "stop.sh", ".env.example", "Dockerfile", ".dockerignore", "docker-compose.yml")
IN_PROJECT = (
    "source run/common.sh; source run/containers.sh; LITE=1; choose_project; choose_profile; "
)
ADMIN = "psql -h /tmp/postgresql -p 5432 -U administrador_do_banco -d terceirizados -qtAX"
LACKING = "é preciso o Docker com o Compose v2. Em um Debian, como root: .ci/engine"


def need_compose() -> None:
    """Go on only where `docker compose` is there; an engine need not run."""
    _need("compose", "version")


def need_engine() -> None:
    """Go on only where an engine answers."""
    _need("version")


def _need(*arguments: str) -> None:
    is_there = shutil.which("docker") is not None
    command = ["docker", *arguments]
    if not is_there or subprocess.run(command, capture_output=True, check=False).returncode:
        if os.environ.get("TERCEIRIZADOS_SEM_MOTOR") == "1":
            pytest.skip(LACKING)
        pytest.fail(LACKING)


def copy_project(folder: Path) -> None:
    """Copy what a checkout holds and running it needs, nothing that was made here."""
    ignored = shutil.ignore_patterns("__pycache__", "files", "target", "logs")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)


def free_port() -> int:
    """Return a port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def docker(*arguments, **options):
    return subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True, **options
    )


class Stack:
    """A checkout with the sample portal; image, project and ports are its own."""

    def __init__(self, folder):
        name = f"teste-{uuid.uuid4().hex[:8]}"
        self.folder, self.project, self.image = (
            folder,
            f"{name}-demo",
            f"terceirizados-{name}:teste",
        )
        ports = {f"{each}_PORT": str(free_port()) for each in ("VIEWER", "UI", "API")}
        self.url = f"http://localhost:{ports['VIEWER_PORT']}"
        self.env = os.environ | ports | {
            "COMPOSE_PROJECT_NAME": name, "TERCEIRIZADOS_IMAGE": self.image, "DEMO": "1",
        }  # fmt: skip

    def run(self, *command, **options):
        return subprocess.run(
            command, cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, text=True,
            capture_output=True, timeout=500, check=False, **options,
        )  # fmt: skip

    def start(self, *options):
        return self.run("./start.sh", "--lite", *options)

    def flow(self, *command):
        """Run a command in a container of its own, as start.sh does."""
        line = f"{IN_PROJECT} compose run --rm --no-TTY --no-deps {' '.join(command)}"
        return self.run("bash", "-c", line)

    def container(self, service):
        return f"{self.project}-{service}-1"

    def rows(self, query):
        done = docker("exec", self.container("database"), *ADMIN.split(), "-c", query)
        return done.stdout.split()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as response:
            return response.status, response.read().decode()


def wait_until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "não aconteceu a tempo"
        time.sleep(0.3)
