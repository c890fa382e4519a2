"""The whole way without containers: a fresh checkout, `./start.sh --demo`, look, save, stop."""

import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("run", "flows", "pipeline", "viewer", "sample", "dbt", "requirements")
FILES = ("start.sh", "stop.sh", ".env.example")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the project that borrows this environment, with ports of its own and no engine."""
    folder = tmp_path_factory.mktemp("projeto")
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "files", "target", "logs")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "bin").mkdir()
    (folder / "bin" / "docker").write_text("#!/bin/sh\necho 'daemon is not running' >&2\nexit 1\n")
    (folder / "bin" / "docker").chmod(0o755)
    env = os.environ | {
        "VIEWER_PORT": str(free_port()),
        "SAMPLE_PORT": str(free_port()),
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
    }

    def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=env | more, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=150, check=False,
        )  # fmt: skip

    run.folder = folder
    run.url = f"http://localhost:{env['VIEWER_PORT']}"
    yield run
    run("./stop.sh", "--purge", "--yes")


def status(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.status


def test_start_again_stop_and_purge(checkout):
    first = checkout("./start.sh", "--demo")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "o Docker não responde (daemon is not running): tudo roda nesta máquina" in first.stdout
    assert first.stdout.strip().splitlines()[-1] == f"Pronto: {checkout.url}"
    assert status(f"{checkout.url}/healthz") == 200
    assert (checkout.folder / ".env").read_text() == (ROOT / ".env.example").read_text()

    (checkout.folder / ".env").write_text("# meu\nDEMO=1\n")
    second = checkout("./start.sh", "--local", "--latest-only")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "já estava no ar" in second.stdout
    assert "sem mudança" in second.stdout
    assert (checkout.folder / ".env").read_text() == "# meu\nDEMO=1\n"

    saved = checkout("./start.sh", "--local", "--backup", "copia")
    assert saved.returncode == 0, saved.stderr
    assert (checkout.folder / "copia").stat().st_mode & 0o777 == 0o600
    again = checkout("./start.sh", "--local", "--backup", "copia")
    assert (again.returncode, "copia já existe" in again.stderr) == (2, True)
    unsure = checkout("./start.sh", "--local", "--restore", "copia")
    assert (unsure.returncode, "nada foi mudado" in unsure.stderr) == (1, True)
    back = checkout("./start.sh", "--local", "--restore", "copia", "--yes")
    assert back.returncode == 0, back.stderr
    assert "21 versões" in back.stdout
    assert status(f"{checkout.url}/healthz") == 200

    stopped = checkout("./stop.sh")
    assert stopped.returncode == 0, stopped.stderr
    with pytest.raises(OSError):
        status(f"{checkout.url}/healthz")
    data = checkout.folder / "adm_cgu_terceirizados_demo"
    assert (data / "parsed" / "ano=2025" / "mes=09" / "terceirizados.csv").is_file()

    assert checkout("./stop.sh", "--purge", "--yes").returncode == 0
    assert not data.exists()


def test_a_port_in_use_is_named_with_the_variable_to_change(checkout):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = checkout("./start.sh", "--demo", VIEWER_PORT=port)
    assert done.returncode == 2
    assert port in done.stderr
    assert "VIEWER_PORT" in done.stderr


def test_a_strangers_process_is_not_touched(checkout):
    with subprocess.Popen(["sleep", "30"]) as stranger:
        checkout("./stop.sh")
        assert stranger.poll() is None
        stranger.send_signal(signal.SIGTERM)
