"""The stack in real containers: start, look from outside, break, save, stop; strangers survive."""

import json
import re
import subprocess

import pytest

from tests.engine import (
    ADMIN,
    IN_PROJECT,
    ROOT,
    Stack,
    copy_project,
    docker,
    free_port,
    need_engine,
    wait_until,
)

pytestmark = pytest.mark.timeout(600)
BASE = "python:3.11-slim-bookworm"
MOST_MB = 1000


@pytest.fixture(scope="module")
def stranger():
    """Somebody else's container and process, which whatever happens here must leave alone."""
    need_engine()
    name = docker("run", "--detach", BASE, "sleep", "3600").stdout.strip()
    with subprocess.Popen(["sleep", "3600"]) as process:
        yield lambda: (
            docker("inspect", "--format", "{{.State.Running}}", name).stdout.strip(),
            process.poll(),
        )
        process.kill()
    docker("rm", "--force", name)


@pytest.fixture(scope="module")
def stack(stranger, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pilha")
    copy_project(folder)
    running = Stack(folder)
    running.first = running.start()
    yield running
    running.run("./stop.sh", "--purge", "--yes")
    subprocess.run(["docker", "rmi", "--force", running.image], capture_output=True, check=False)


def test_from_nothing_to_tables_on_screen(stack):
    assert stack.first.returncode == 0, stack.first.stdout + stack.first.stderr
    assert "construindo a imagem" in stack.first.stdout
    assert stack.first.stdout.strip().splitlines()[-1] == f"Pronto: {stack.url}"
    assert stack.get("/healthz")[0] == 200
    assert "Terceirizados" in stack.get("/")[1]
    assert stack.rows("select count(distinct (ano, mes)) from public.historic_raw") == ["21"]
    assert stack.rows("select count(*) from staging.historic_transformed") != ["0"]
    states = docker(
        "ps", "--filter", f"label=com.docker.compose.project={stack.project}",
        "--format", '{{.Label "com.docker.compose.service"}} {{.Status}}',
    ).stdout.splitlines()  # fmt: skip
    assert len(states) == 4
    assert all("(healthy)" in state for state in states), states


def test_a_second_start_is_quick_and_builds_nothing(stack):
    before = docker("inspect", "--format", "{{.Id}}", stack.container("viewer")).stdout
    again = stack.start("--latest-only")
    assert again.returncode == 0, again.stderr
    assert "construindo" not in again.stdout
    assert "sem mudança" in again.stdout
    assert docker("inspect", "--format", "{{.Id}}", stack.container("viewer")).stdout == before


def inside(stack, script):
    return docker("run", "--rm", stack.image, "sh", "-c", script).stdout


def test_the_image_is_no_root_holds_no_tools_and_its_code_cannot_be_written(stack):
    assert inside(stack, "id -u").strip() == "10001"
    assert inside(stack, "find /app -writable; find /app ! -user root").strip() == ""
    assert inside(stack, "command -v gcc cc make uv docker || true").strip() == ""
    left = "find /tmp/* /app/requirements /app/tests /app/.git /root/.cache 2>/dev/null || true"
    assert inside(stack, left).strip() == ""
    (size,) = json.loads(docker("inspect", stack.image).stdout)
    assert size["Size"] < MOST_MB * 1e6
    labels = size["Config"]["Labels"]
    assert labels["org.opencontainers.image.title"] == "terceirizados"
    assert size["Config"]["Healthcheck"]


def test_the_image_holds_no_secret(stack):
    secrets = re.findall(r"=(\w+)$", (stack.folder / ".env.secrets").read_text(), re.M)
    assert len(secrets) == 4
    text = (
        docker("inspect", stack.image).stdout + docker("history", "--no-trunc", stack.image).stdout
    )
    pattern = "|".join(secrets)
    text += inside(stack, f"grep -rlE '{pattern}' /app --include='*' --exclude-dir=.venv || true")
    text += inside(stack, "find / -xdev -name '.env*' -not -path '/proc/*' 2>/dev/null || true")
    assert not [secret for secret in secrets if secret in text]
    assert ".env" not in inside(stack, "ls -A /app | grep -F .env | grep -vxF .venv || true")


def test_a_container_is_told_what_to_be(stack):
    done = subprocess.run(["docker", "run", "--rm", stack.image], capture_output=True, check=False)
    assert done.returncode == 2
    assert "PAPEL" in done.stderr.decode()


def test_a_flow_streams_its_log_and_its_state_is_the_exit_status(stack):
    good = stack.flow("-e FLOW='Captura dos Dados'", "flow")
    assert good.returncode == 0, good.stderr
    assert "sem mudança" in good.stdout + good.stderr
    away = "-e URL_FOR_DATA_DOWNLOAD=http://portal:1/ -e DOWNLOAD_ATTEMPTS=1"
    bad = stack.flow(f"-e FLOW='Captura dos Dados' {away}", "flow")
    assert bad.returncode == 1
    assert "erro: " in bad.stderr
    assert stack.flow("-e FLOW=nenhum", "flow").returncode == 2


def test_each_role_of_the_database_may_do_only_its_own(stack):
    query = "select rolname from pg_roles where rolcanlogin and (rolsuper or rolcreaterole)"
    assert stack.rows(query) == ["administrador_do_banco"]
    assert stack.rows("select rolname from pg_roles where rolname like 'terc%' order by 1") == [
        "terceirizados_carga", "terceirizados_dono", "terceirizados_leitura",
    ]  # fmt: skip
    owners = "select distinct tableowner from pg_tables where schemaname in ('public', 'staging')"
    assert stack.rows(owners) == ["terceirizados_dono"]
    given = docker("exec", stack.container("viewer"), "env").stdout
    assert "DB_READER_PASSWORD=" in given
    assert "\nDB_PASSWORD=" not in given
    write = (
        "PGPASSWORD=$DB_READER_PASSWORD psql -h database -U terceirizados_leitura "
        "-d terceirizados -c 'delete from public.arquivos'"
    )
    done = subprocess.run(
        ["docker", "exec", stack.container("viewer"), "sh", "-c", write],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "permission denied" in done.stderr


def test_nobody_enters_the_database_as_superuser_over_the_network(stack):
    attempt = "psql -h database -U administrador_do_banco -d postgres -w -c 'select 1'"
    done = subprocess.run(
        ["docker", "exec", stack.container("viewer"), "sh", "-c", attempt],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "no password supplied" in done.stderr


COUNTS = "select count(*), max(linha_origem) from public.historic_raw"
LAST_CAPTURE = """
select max(tentativa) from execucoes_tarefas where execucao_id = (
    select execucao_id from execucoes where flow = 'Captura dos Dados' order by inicio desc limit 1
)
"""


def test_a_database_killed_in_mid_capture_comes_back_whole_and_the_capture_finishes(stack):
    before = stack.rows(COUNTS)
    lock = "begin; lock table public.historic_raw in access exclusive mode; select pg_sleep(300)"
    hold = ["docker", "exec", stack.container("database"), *ADMIN.split(), "-c", lock]
    refresh = f"{IN_PROJECT} compose run --rm --no-TTY flow python run/capture.py --refresh"
    with (
        subprocess.Popen(hold, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
        subprocess.Popen(
            ["bash", "-c", refresh], cwd=stack.folder, env=stack.env, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as capture,
    ):  # fmt: skip
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
        wait_until(lambda: stack.rows(waiting) != ["0"])
        kill = "kill -9 $(head -n 1 /banco/18/postmaster.pid)"
        docker("exec", stack.container("database"), "sh", "-c", kill)
        _, errors = capture.communicate(timeout=180)
    assert capture.returncode == 0, errors
    wait_until(lambda: is_back(stack.container("database")))
    assert stack.rows(LAST_CAPTURE) == ["2"]
    assert stack.rows(COUNTS) == before
    done = stack.flow("flow", "python", "run/capture.py")
    assert done.returncode == 0, done.stderr
    assert "sem mudança" in done.stdout + done.stderr
    wait_until(lambda: answers(stack))


def is_back(container):
    """Whether the engine has started the container again, and it is healthy."""
    form = "{{.State.Health.Status}} {{.RestartCount}}"
    health, restarts = docker("inspect", "--format", form, container).stdout.split()
    return health == "healthy" and restarts != "0"


def test_backup_and_restore_go_through_a_file_on_this_side(stack):
    before = stack.rows(COUNTS)
    saved = stack.run("./start.sh", "--backup", "copia")
    assert saved.returncode == 0, saved.stderr
    stack.rows("delete from public.historic_raw where ano = 2020")
    assert stack.rows(COUNTS) != before
    back = stack.run("./start.sh", "--restore", "copia", "--yes")
    assert back.returncode == 0, back.stderr
    assert stack.rows(COUNTS) == before
    wait_until(lambda: answers(stack))
    (stack.folder / "copia").write_bytes((stack.folder / "copia").read_bytes()[:100_000])
    broken = stack.run("./start.sh", "--restore", "copia", "--yes")
    assert broken.returncode == 1
    assert "continua como estava" in broken.stderr
    assert stack.rows(COUNTS) == before


def test_stopping_spares_strangers_and_data_and_purging_names_what_goes(stack, stranger):
    labels = (
        "--label=com.docker.compose.project=" + stack.project,
        "--label=com.docker.compose.project.working_dir=/de/outra/pessoa",
    )
    stopped = stack.run("./stop.sh")
    assert stopped.returncode == 0, stopped.stderr
    assert f"contêineres de {stack.project} parados" in stopped.stdout
    mine = f"label=com.docker.compose.project={stack.project}"
    assert docker("ps", "--all", "--quiet", "--filter", mine).stdout == ""
    volumes = {f"{stack.project}_banco", f"{stack.project}_dados"}
    assert volumes <= set(docker("volume", "ls", "--format", "{{.Name}}").stdout.split())

    namesake = docker("run", "--detach", *labels, BASE, "sleep", "600").stdout.strip()
    try:
        spared = stack.run("./stop.sh", "--purge", "--yes")
        assert "/de/outra/pessoa e ficam como estão" in spared.stderr
        assert docker("inspect", "--format", "{{.State.Running}}", namesake).stdout == "true\n"
        assert volumes <= set(docker("volume", "ls", "--format", "{{.Name}}").stdout.split())
    finally:
        docker("rm", "--force", namesake)
    asked = stack.run("./stop.sh", "--purge")
    assert asked.returncode == 1
    assert all(f"volume {name}" in asked.stdout for name in volumes)
    assert stack.run("./stop.sh", "--purge", "--yes").returncode == 0
    assert not volumes & set(docker("volume", "ls", "--format", "{{.Name}}").stdout.split())
    assert stranger() == ("true", None)


def test_the_whole_image_brings_the_stack_up_through_the_socket_and_takes_it_down(stack, stranger):
    """As the README says it, but for `--privileged`, which not every machine of a CI allows."""
    stack.run("./stop.sh")
    whole, name = f"{stack.image}-completa", f"{stack.project}-pilha"
    docker("build", "--tag", whole, str(ROOT))
    stack.url = f"http://localhost:{free_port()}"
    try:
        docker(
            "run", "--detach", "--name", name, "--volume=/var/run/docker.sock:/var/run/docker.sock",
            f"--publish=127.0.0.1:{stack.url.split(':')[-1]}:8050", "--env=DEMO=1", "--env=LITE=1",
            f"--env=COMPOSE_PROJECT_NAME={stack.env['COMPOSE_PROJECT_NAME']}", whole,
        )  # fmt: skip
        wait_until(lambda: answers(stack), 120)
        user = docker("exec", stack.container("viewer"), "id", "-u").stdout.strip()
        assert user == "10001"
        ports = docker("port", stack.container("viewer")).stdout
        assert ports == ""
        wait_until(lambda: has_rows(stack), 120)
        docker("stop", name)
        log = docker("logs", name)
        assert "os dados ficam nos volumes" in log.stdout, log.stdout + log.stderr
        state = docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout
        assert state == "0\n"
        mine = f"label=com.docker.compose.project={stack.project}"
        assert docker("ps", "--all", "--quiet", "--filter", mine).stdout == ""
        assert stranger() == ("true", None)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
        subprocess.run(["docker", "rmi", "--force", whole], capture_output=True, check=False)


def answers(stack):
    try:
        return stack.get("/healthz")[0] == 200
    except OSError:
        return False


def has_rows(stack):
    try:
        return stack.rows("select count(*) > 0 from public.raw") == ["t"]
    except subprocess.CalledProcessError:
        return False
