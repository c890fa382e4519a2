"""The shell scripts: options, refusals, and what they leave alone. (The whole way: test_demo.py)"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("script", ["./start.sh", "./stop.sh"])
def test_help_says_every_option_and_changes_nothing(script):
    done = run(script, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Uso: {script}")


@pytest.mark.parametrize("script", ["./start.sh", "./stop.sh"])
def test_an_unknown_option_is_wrong_use(script):
    done = run(script, "--nada")
    assert done.returncode == 2
    assert "opção desconhecida: --nada" in done.stderr
    assert "Uso:" in done.stderr


@pytest.mark.parametrize("command", ["capture.py", "materialize.py", "results.py"])
def test_a_command_refuses_an_unknown_option_and_explains_itself(command):
    assert run(".venv/bin/python", f"run/{command}", "--nada").returncode == 2
    assert run(".venv/bin/python", f"run/{command}", "--help").returncode == 0


def test_a_malformed_env_is_one_line_and_status_2():
    done = run(".venv/bin/python", "run/capture.py", DB_PORT="x", VIEWER_PORT="y")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "DB_PORT='x'" in line
    assert "VIEWER_PORT='y'" in line


def test_without_an_environment_the_command_says_what_to_run(tmp_path):
    for name in ("run", "pipeline", "flows"):
        shutil.copytree(ROOT / name, tmp_path / name)
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or "python3"
    done = run(python, "-S", "run/capture.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "./start.sh" in done.stderr


def test_stopping_asks_before_it_deletes():
    done = run("./stop.sh", "--purge")
    assert done.returncode == 1
    assert "nada foi apagado" in done.stderr


def test_deleting_spares_what_others_keep_in_the_same_folders(tmp_path):
    data, logs = tmp_path / "dados", tmp_path / "registros"
    for name in ("raw/ano=2025/a.csv", "parsed/b.csv", "fotos/ana.jpg"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).touch()
    logs.mkdir()
    for name in ("corrida.1.jsonl", "alheio.log"):
        (logs / name).touch()
    names = {"DATA_DIR": str(data), "LOG_DIR": str(logs), "DEMO": "0"}
    done = run(
        ".venv/bin/python", "-c", "from pipeline.command import our_files; our_files()", **names
    )
    listed = {Path(line) for line in done.stdout.splitlines()}
    assert listed == {data / "raw", data / "parsed", logs / "corrida.1.jsonl"}
    asked = run("./stop.sh", "--purge", **names)
    assert str(data / "raw") in asked.stdout
    assert (data / "raw").exists()


def test_yes_alone_is_wrong_use():
    assert run("./stop.sh", "--yes").returncode == 2
    assert run("./start.sh", "--yes").returncode == 2


@pytest.mark.parametrize("option", ["--backup", "--restore"])
def test_a_backup_needs_a_file(option):
    done = run("./start.sh", option)
    assert done.returncode == 2
    assert f"{option} precisa de um ARQUIVO" in done.stderr


def common(body: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run("bash", "-c", f"source run/common.sh; STATE_DIR={folder}; {body}")


def test_a_pid_that_now_belongs_to_another_process_is_not_ours(tmp_path):
    (tmp_path / "coisa.pid").write_text(f"{os.getpid()} _outra_hora_\n")
    done = common("stop_process coisa || echo não era nosso", tmp_path)
    assert "não era nosso" in done.stdout
    assert not (tmp_path / "coisa.pid").exists()
    os.kill(os.getpid(), 0)


def test_a_started_process_is_found_and_stopped(tmp_path):
    done = common(
        "start_process coisa sleep 60; pid_of coisa >/dev/null && echo roda; "
        "stop_process coisa && ! pid_of coisa && echo parou",
        tmp_path,
    )
    assert done.stdout.split() == ["roda", "parou"], done.stderr
