"""What start.sh and stop.sh make of the Docker they find; the Docker here is a script."""

import os
import re
import socket
import subprocess

import pytest

from tests.engine import ROOT


@pytest.fixture
def bash(tmp_path):
    """Run lines of bash with run/*.sh sourced, and a `docker` that is the given script."""

    def run(line, docker="exit 1", old_compose="", **env):
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name, body in {"docker": docker, "docker-compose": old_compose}.items():
            if body:
                (folder / name).write_text(f"#!/bin/bash\n{body}\n")
                (folder / name).chmod(0o755)
        script = (
            "source run/common.sh; source run/containers.sh; "
            f"ROOT={tmp_path} SECRETS={tmp_path}/.env.secrets STATE_DIR={tmp_path}/estado LITE=0; "
            + line
        )
        return subprocess.run(
            ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60,
            env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"} | env, check=False,
        )  # fmt: skip

    return run


def compose_says(version):
    return f'case "$*" in version*) echo 28.0 ;; "compose version"*) echo {version} ;; esac'


@pytest.mark.parametrize("version", ["2.20.0", "v2.26.1-4", "5.0.1"])
def test_a_recent_compose_is_no_problem(bash, version):
    assert bash("engine_problem", compose_says(version)).stdout == ""


def test_an_engine_that_does_not_answer_is_said_with_its_words(bash):
    done = bash("engine_problem", "echo 'permission denied: docker.sock' >&2; exit 1")
    assert done.stdout == "o Docker não responde (permission denied: docker.sock)\n"


def test_the_old_compose_is_named_where_only_that_is_found(bash):
    only_old = (
        '[[ $1 == version ]] && echo 20.10 || { echo "is not a docker command" >&2; exit 1; }'
    )
    done = bash("engine_problem", only_old, old_compose="echo 1.29.2")
    assert "só o antigo docker-compose 1.29.2" in done.stdout
    assert "docker-compose-plugin" in done.stdout


def test_a_compose_that_is_too_old_is_named(bash):
    assert "só o 2.17.3" in bash("engine_problem", compose_says("2.17.3")).stdout


def test_who_holds_a_port_is_named(bash):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = f"PROJECT=p OTHER_PROJECT=q; check_ports VIEWER_PORT={port}"
        process = bash(line, "true")
        container = bash(line, "echo 'loja-web-1 loja'")
        ours = bash(line, "echo 'p-viewer-1 p'")
    assert process.returncode == container.returncode == 2
    assert f"a porta {port} está com o" in process.stderr
    assert "VIEWER_PORT" in process.stderr
    assert "o contêiner loja-web-1" in container.stderr
    assert ours.returncode == 0
    assert bash(line, "echo 'loja-web-1 loja'").returncode == 0  # free again


def test_a_project_of_the_same_name_elsewhere_is_not_taken_over(bash):
    done = bash("PROJECT=p OTHER_PROJECT=q; preflight", 'echo "/home/ana/outra"')
    assert done.returncode == 2
    assert "feitos em /home/ana/outra" in done.stderr
    assert "COMPOSE_PROJECT_NAME" in done.stderr


def test_a_full_disk_is_said_before_anything_is_done(bash, tmp_path):
    docker = f'[[ $1 != info ]] || echo "{tmp_path}"'
    line = "PROJECT=p OTHER_PROJECT=q NEEDED_DISK_MB=999999999; preflight"
    done = bash(line, docker, VIEWER_PORT="1", UI_PORT="1", API_PORT="1")
    assert done.returncode == 2
    assert re.search(r"há só \d+ MB livres", done.stderr)
    assert not (tmp_path / ".env.secrets").exists()


def test_a_database_on_localhost_cannot_be_meant(bash, tmp_path):
    docker = f'[[ $1 != info ]] || echo "{tmp_path}"'
    (tmp_path / ".env").write_text("DB_HOST='localhost'  \nVIEWER_PORT=1\nUI_PORT=1\nAPI_PORT=1\n")
    done = bash("PROJECT=p OTHER_PROJECT=q NEEDED_DISK_MB=1; preflight", docker)
    assert done.returncode == 2
    assert "DB_HOST=localhost não se alcança" in done.stderr


NO_REGISTRY = """
case "$*" in
    *"config --images") printf 'prefecthq/ui:core-1.4.1\\npostgres:11\\nterceirizados:local\\n' ;;
    "image inspect postgres:11") ;;
    "image inspect"*) exit 1 ;;
    pull*) echo "dial tcp: no such host" >&2; exit 1 ;;
    info*) echo 16000000000 ;;
esac
"""
PROFILE = 'choose_project; choose_profile; echo "$COMPOSE_PROFILES $PREFECT__BACKEND $PROJECT"'


def test_images_that_cannot_be_had_are_named_and_it_goes_on_without_the_server(bash):
    done = bash(PROFILE, NO_REGISTRY)
    assert "prefecthq/ui:core-1.4.1 não pôde ser baixada: dial tcp: no such host" in done.stdout
    assert "postgres:11 não" not in done.stdout
    assert done.stdout.splitlines()[-1] == "lite cloud terceirizados"


def test_with_all_images_the_server_comes_along(bash):
    everything = NO_REGISTRY.replace("exit 1", "exit 0")
    assert bash(PROFILE, everything).stdout == "lite,server server terceirizados\n"
    done = bash(PROFILE, everything, DEMO="1", DB_HOST="banco.lan", COMPOSE_PROJECT_NAME="meu")
    assert done.stdout == "own,server,demo server meu-demo\n"


def test_little_memory_leaves_the_server_out(bash):
    done = bash(PROFILE, NO_REGISTRY.replace("16000000000", "2000000000"))
    assert "há 1907 MB de memória" in done.stdout
    assert done.stdout.splitlines()[-1] == "lite cloud terceirizados"


def test_secrets_are_strong_made_once_and_read_by_their_owner_alone(bash, tmp_path):
    assert "segredos gerados" in bash("ensure_secrets").stdout
    path = tmp_path / ".env.secrets"
    before = path.read_text()
    values = [line.split("=")[1] for line in before.splitlines()]
    assert len(set(values)) == 4
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in values)
    assert path.stat().st_mode & 0o777 == 0o600
    assert bash("ensure_secrets").stdout == ""
    assert path.read_text() == before


def test_the_fingerprint_follows_what_goes_into_the_image_and_nothing_else(bash, tmp_path):
    for name in ("Dockerfile", "containers/a", "pipeline/b.py", "pipeline/__pycache__/b.pyc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    line = "SOURCES=(Dockerfile containers pipeline); fingerprint"
    first = bash(line).stdout
    (tmp_path / "pipeline" / "__pycache__" / "b.pyc").write_text("outra coisa")
    (tmp_path / "README.md").write_text("outra coisa")
    assert bash(line).stdout == first
    (tmp_path / "pipeline" / "b.py").write_text("outra coisa")
    assert bash(line).stdout != first
