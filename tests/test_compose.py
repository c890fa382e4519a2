"""docker-compose.yml: what it promises, and how it differs from what Prefect itself gives."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.engine import ROOT, need_compose

SECRETS = {
    "LOADER_PASSWORD": "carga",
    "READER_PASSWORD": "leitura",
    "PREFECT_DB_PASSWORD": "prefect",
    "HASURA_ADMIN_SECRET": "hasura",
}
LITE = {"database", "setup", "scheduler", "viewer"}
SERVER = {"postgres", "hasura", "gate", "graphql", "towel", "apollo", "ui", "agent"}
END_BY_THEMSELVES = {"setup", "flow"}
HEALTHY_THROUGH = {"hasura": "gate"}  # its image has no program that could ask it

DIFFERENCES = {
    "*.restart": "what a person stopped stays stopped after a reboot",
    "*.logging": "logs are rotated",
    "*.mem_limit": "no service takes the whole machine",
    "*.pids_limit": "no service takes the whole machine",
    "*.security_opt": "no program gains rights",
    "*.profiles": "lite does without the server",
    "*.networks": "a network of the project, not one name for the whole machine",
    "*.depends_on": "each waits until the one before is healthy, not merely started",
    "*.healthcheck": "sh takes `&>` for `in the background`, which never fails; asked more often",
    "postgres.ports": "nobody outside needs it",
    "hasura.ports": "nobody outside needs it",
    "graphql.ports": "nobody outside needs it",
    "postgres.volumes": "the data are in a named volume",
    "postgres.environment.POSTGRES_PASSWORD": "generated",
    "hasura.environment.HASURA_GRAPHQL_DATABASE_URL": "the generated password",
    "hasura.environment.HASURA_GRAPHQL_ADMIN_SECRET": "nobody else on the network is let in",
    "hasura.environment.HASURA_GRAPHQL_ENABLE_CONSOLE": "off",
    "hasura.environment.HASURA_GRAPHQL_ENABLE_TELEMETRY": "off",
    "graphql.environment.PREFECT_SERVER__DATABASE__CONNECTION_URL": "the generated password",
    "graphql.environment.PREFECT_SERVER__HASURA__ADMIN_SECRET": "generated",
    "graphql.environment.PREFECT_SERVER__HASURA__HOST": "the gate adds the secret, it does not",
    "graphql.environment.PREFECT_SERVER__TELEMETRY__ENABLED": "off",
    "towel.environment.PREFECT_SERVER__HASURA__ADMIN_SECRET": "generated",
    "towel.environment.PREFECT_SERVER__HASURA__HOST": "the gate adds the secret, it does not",
    "towel.environment.PREFECT_SERVER__TELEMETRY__ENABLED": "off",
    "apollo.environment.HASURA_API_URL": "the gate adds the secret, it does not",
    "apollo.environment.PREFECT_SERVER__TELEMETRY__ENABLED": "off",
}
"""Every difference from `prefect server config`, with its reason; `*` is any service."""


def config(profile, *options, **env):
    need_compose()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = ["docker", "compose", "--env-file", "/dev/null", "--profile", profile, "config"]
    return subprocess.run(
        [*command, *options], cwd=ROOT, env=kept | env, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def full():
    done = config("*", **SECRETS)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What the pinned Prefect would start; it calls Compose by its old name."""
    need_compose()
    folder = tmp_path_factory.mktemp("antigo")
    shim = folder / "docker-compose"
    shim.write_text('#!/bin/sh\nexec docker compose "$@"\n')
    shim.chmod(0o755)
    done = subprocess.run(
        [Path(sys.executable).with_name("prefect"), "server", "config"],
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return yaml.safe_load(done.stdout)


def flat(service):
    """Give key and value; the environment one by one."""
    for key, value in service.items():
        if key == "environment":
            yield from ((f"environment.{name}", each) for name, each in value.items())
        else:
            yield key, value


def test_every_difference_from_prefects_own_has_a_reason(full, theirs):
    found = set()
    for name, service in theirs["services"].items():
        ours, wanted = dict(flat(full["services"][name])), dict(flat(service))
        for key in ours.keys() | wanted.keys():
            if ours.get(key) != wanted.get(key):
                both = {f"*.{key}", f"{name}.{key}"}
                assert both & DIFFERENCES.keys(), (
                    f"{name}.{key}: {wanted.get(key)} -> {ours.get(key)}"
                )
                found |= both
    assert not DIFFERENCES.keys() - found


def test_the_profiles_hold_what_they_say():
    lite = set(config("lite", "--services", **SECRETS).stdout.split())
    full = set(config("full", "--services", **SECRETS).stdout.split())
    own = set(config("own", "--services", **SECRETS).stdout.split())
    assert lite == LITE
    assert full == LITE | SERVER
    assert own == LITE - {"database"}


def test_ports_are_this_machines_alone_and_only_those_that_people_use(full):
    ports = [port for service in full["services"].values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    assert {port["published"] for port in ports} == {"8050", "8080", "4200"}


@pytest.mark.parametrize("key", ["mem_limit", "pids_limit", "restart", "logging", "security_opt"])
def test_every_service_is_bounded(full, key):
    for name, service in full["services"].items():
        assert service.get(key), name
    assert full["services"]["viewer"]["logging"]["options"] == {"max-size": "10m", "max-file": "3"}


def test_every_service_that_stays_has_a_health_check_that_can_fail(full):
    for name, service in full["services"].items():
        check = service["healthcheck"]
        if name in END_BY_THEMSELVES | HEALTHY_THROUGH.keys():
            assert check == {"disable": True}
        else:
            assert "&>" not in str(check["test"]), name
            assert "|| true" not in str(check["test"]), name
    for name, other in HEALTHY_THROUGH.items():
        assert name in full["services"][other]["depends_on"]


def test_whatever_can_be_waited_for_is_waited_for_until_it_is_healthy(full):
    started = {
        (name, other)
        for name, service in full["services"].items()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_started"
    }
    assert started == {("gate", "hasura")}


def test_our_containers_have_no_rights_and_cannot_write_their_code(full):
    for name in LITE | {"agent", "flow", "portal", "gate"}:
        service = full["services"][name]
        assert service["user"] == "10001:10001"
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
        assert "privileged" not in service


def test_data_are_in_named_volumes_only(full):
    volumes = [one for each in full["services"].values() for one in each.get("volumes", [])]
    assert {one["type"] for one in volumes} == {"volume"}
    assert {one["source"] for one in volumes} == {"banco", "dados", "prefect-postgres"}


def test_the_viewer_is_given_no_password_but_the_readers(full):
    given = full["services"]["viewer"]["environment"]
    assert given["DB_READER_PASSWORD"] == "leitura"
    assert not {"carga", "prefect", "hasura"} & set(given.values())


def test_without_secrets_it_says_who_makes_them():
    done = config("lite")
    assert done.returncode != 0
    assert "rode ./start.sh" in done.stderr


def test_a_database_of_somebody_else_takes_the_place_of_ours():
    done = config("own", DB_HOST="banco.lan", DB_USER="dona", DB_PASSWORD="dela", **SECRETS)
    given = yaml.safe_load(done.stdout)["services"]["scheduler"]["environment"]
    assert (given["DB_HOST"], given["DB_USER"], given["DB_PASSWORD"]) == (
        "banco.lan",
        "dona",
        "dela",
    )


def test_every_variable_is_explained_or_generated():
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    names = set(re.findall(r"(?<!\$)\$\{(\w+)", text)) - SECRETS.keys() - {"FINGERPRINT"}
    explained = (ROOT / ".env.example").read_text(encoding="utf-8")
    missing = [name for name in names if not re.search(rf"^(# )?{name}=", explained, re.M)]
    assert sorted(missing) == ["PREFECT__BACKEND"]  # start.sh sets it with the profile
    containers = (ROOT / "run" / "containers.sh").read_text(encoding="utf-8")
    assert f"SECRET_NAMES=({' '.join(SECRETS)})" in containers


def test_versions_are_those_of_the_project(full):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f'image.version="{project["version"]}"' in dockerfile
    pins = (ROOT / "requirements" / "start.txt").read_text(encoding="utf-8")
    (prefect,) = re.findall(r"^prefect==(\S+)", pins, re.M)
    assert full["services"]["apollo"]["image"] == f"prefecthq/apollo:core-{prefect}"
    assert full["services"]["graphql"]["environment"]["PREFECT_CORE_VERSION"] == prefect


def test_the_stack_publishes_nothing_by_itself():
    files = ["-f", "docker-compose.yml", "-f", "containers/stack.yml"]
    need_compose()
    done = subprocess.run(
        ["docker", "compose", "--env-file", "/dev/null", *files, "--profile", "*", "config"],
        cwd=ROOT, env=os.environ | SECRETS, capture_output=True, text=True, check=True,
    )  # fmt: skip
    services = yaml.safe_load(done.stdout)["services"].values()
    assert not [service for service in services if service.get("ports")]
