"""Registering and running flows on a server: what is sent, what is said, what is missing."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pendulum
import prefect
import pytest
from prefect.engine.state import Failed, Running, Submitted, Success
from prefect.storage import Local
from prefect.utilities.storage import extract_flow_from_file

from flows import capture, registry, server
from pipeline.errors import ConfigurationError
from pipeline.settings import ROOT, load_settings
from tests.prefect_server import FakeServer

CAPTURE = "Captura dos Dados"
SCHEDULED = "Captura e Materialização Agendadas"


@pytest.fixture
def api(monkeypatch):
    """A stand-in server, and a client configured for it."""
    fake = FakeServer()
    with prefect.utilities.configuration.set_temporary_config(
        {"backend": "server", "cloud.api": fake.url, "server.endpoint": fake.url}
    ):
        monkeypatch.setattr(server, "POLL_S", 0.01)
        yield fake
    fake.close()
    assert fake.unknown == []


@pytest.fixture
def here(tmp_path, monkeypatch):
    settings = replace(load_settings(tmp_path / "none"), data_dir=tmp_path)
    monkeypatch.setattr(server, "current_settings", lambda: settings)
    return settings


@pytest.fixture
def deployed(api, here, capsys):
    assert server.deploy(here) == 0
    capsys.readouterr()
    return api


def test_the_flows_of_the_design_are_found():
    names = {entry.name for entry in registry.entries()}
    assert names == {
        CAPTURE,
        "Materialização dos Dados",
        "Captura dos Dados Históricos",
        "Materialização dos Dados Históricos",
        SCHEDULED,
    }


def test_an_unknown_flow_is_wrong_use_and_the_known_ones_are_listed():
    with pytest.raises(ConfigurationError, match=r"'nada'.*'Captura dos Dados'"):
        registry.entry_named("nada")


def test_deploying_makes_tenant_and_project_and_registers_every_flow_once(api, here, capsys):
    assert server.deploy(here) == 0
    first = capsys.readouterr().out
    assert [one["slug"] for one in api.tenants] == ["default"]
    assert list(api.projects) == ["adm_cgu_terceirizados"]
    assert first.count("registrado, versão 1") == len(api.flows) == 5
    assert server.deploy(here) == 0
    assert capsys.readouterr().out.count("sem mudança, versão 1") == 5
    assert len(api.flows) == 5


def test_only_the_scheduled_flow_starts_by_itself_and_its_parameters_are_its_own(deployed):
    scheduled = [one for one in deployed.flows if one["scheduled"]]
    assert [one["name"] for one in scheduled] == [SCHEDULED]
    (clock,) = scheduled[0]["flow"]["schedule"]["clocks"]
    assert (clock["cron"], clock["labels"]) == ("0 0 1 1,5,9 *", ["production"])
    assert clock["start_date"] == {"dt": "2026-05-01T00:00:00", "tz": "America/Sao_Paulo"}


def test_what_is_registered_lets_any_agent_of_the_environment_run_it(deployed):
    for one in deployed.flows:
        flow = one["flow"]
        assert flow["storage"]["path"] == str(ROOT / "flows" / "stored.py")
        assert flow["storage"]["stored_as_script"]
        assert flow["run_config"]["labels"] == ["production"]


def test_staging_shares_neither_project_nor_labels_with_production(deployed, here, capsys):
    assert server.deploy(replace(here, deploy_env="staging")) == 0
    assert "adm_cgu_terceirizados_staging" in capsys.readouterr().out
    labels = {one["project"]: one["flow"]["run_config"]["labels"][0] for one in deployed.flows}
    assert sorted(labels.values()) == ["production", "staging"]


def test_a_flow_that_cannot_be_registered_does_not_stop_the_others(api, here, capsys, monkeypatch):
    real = registry.discover()
    broken = replace(real.entries[0], build=lambda: (_ for _ in ()).throw(ValueError("quebrado")))
    errors = (("flows.ruim", "SyntaxError: linha 3"),)
    found = registry.Found((broken, *real.entries[1:]), errors)
    monkeypatch.setattr(server, "discover", lambda: found)
    assert server.deploy(here) == 1
    said = capsys.readouterr().out
    assert said.count("registrado, versão 1") == len(real.entries) - 1
    assert "erro: quebrado" in said
    assert "SyntaxError: linha 3" in said


def test_a_dry_deployment_asks_no_server(here, capsys):
    assert server.deploy(here, dry_run=True) == 0
    assert capsys.readouterr().out.count("seria registrado") == 5


def test_a_run_says_flow_version_labels_address_states_and_lines(deployed, here, capsys):
    deployed.play = [
        (Submitted("ao agente"), []),
        (Running("começou"), ["302 linhas"]),
        (Success("tudo certo"), ["fim"]),
    ]
    assert server.run_server(capture.build(), None, {"refresh": True}) == 0
    said = capsys.readouterr().out
    (run,) = deployed.runs.values()
    assert run["given"]["parameters"] == {"refresh": True}
    for words in (
        f"Flow: {CAPTURE}, versão 1\n",
        "Etiquetas: production",
        f"/default/flow-run/{run['view']['id']}",
        "Submitted: ao agente",
        "302 linhas",
        "Success: tudo certo",
    ):
        assert words in said, words
    assert len(deployed.flows) == 5


def test_a_failed_run_is_status_1(deployed, here):
    deployed.play = [(Failed("não deu"), [])]
    assert server.run_server(capture.build()) == 1


def test_without_waiting_it_only_starts(deployed, here, capsys):
    assert server.run_server(capture.build(), ["x"], wait=False) == 0
    (run,) = deployed.runs.values()
    assert run["given"]["labels"] == ["x"]
    assert "Success" not in capsys.readouterr().out


def test_a_run_that_nobody_picks_up_is_said_with_the_command_that_helps(
    deployed, here, capsys, monkeypatch
):
    monkeypatch.setattr(server, "NOBODY_AFTER_S", 0.05)
    waits = [(prefect.engine.state.Scheduled("ainda"), [])] * 20
    deployed.play = [*waits, (Success("enfim"), [])]
    assert server.run_server(capture.build()) == 0
    assert "prefect agent local start --label production" in capsys.readouterr().out


def test_an_unknown_parameter_is_not_sent(deployed, here):
    with pytest.raises(ConfigurationError, match="'xis'; tem: dry_run, file, refresh"):
        server.run_server(capture.build(), None, {"xis": 1})
    assert deployed.runs == {}


def test_what_is_missing_is_named_with_the_command_that_makes_it(api, here):
    with pytest.raises(ConfigurationError, match=r"não tem tenant.*run/deploy\.py"):
        server.run_server(capture.build())
    api.create_tenant({"slug": "default"})
    with pytest.raises(ConfigurationError, match=r"não tem o projeto.*run/deploy\.py"):
        server.run_server(capture.build())


def test_no_server_says_how_to_get_one(here):
    with pytest.raises(ConfigurationError, match="PREFECT__BACKEND=server"):
        server.run_server(capture.build())
    with (
        prefect.utilities.configuration.set_temporary_config(
            {"backend": "server", "cloud.api": "http://127.0.0.1:9"}
        ),
        pytest.raises(ConfigurationError, match=r"não responde em http://127\.0\.0\.1:9"),
    ):
        server.run_server(capture.build())


def test_an_agent_finds_every_flow_in_the_stored_script(monkeypatch):
    for entry in registry.entries():
        flow = extract_flow_from_file(str(ROOT / "flows" / "stored.py"), flow_name=entry.name)
        assert flow.name == entry.name
        assert flow.result is not None  # a run that goes on in another process keeps its values
        assert flow.executor is not None
        assert isinstance(flow.storage, Local)


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda entry: entry.module)
def test_the_graph_is_small_and_the_hash_depends_on_the_structure_only(entry, here):
    flow = server.ready(entry, here)
    assert len(flow.tasks) <= 12
    assert flow.serialized_hash() == server.ready(entry, here).serialized_hash()
    json.dumps(flow.serialize())
    assert all(parameter.name for parameter in flow.parameters())


@pytest.mark.parametrize("entry", registry.entries(), ids=lambda entry: entry.module)
def test_clocks_give_only_parameters_that_the_flow_has(entry, here):
    flow = server.ready(entry, here)
    known = {parameter.name for parameter in flow.parameters()}
    for clock in flow.schedule.clocks if flow.schedule else []:
        assert set(clock.parameter_defaults) <= known
        assert clock.labels == ["production"]


def test_the_server_scheduled_dates_are_those_of_the_agenda(here):
    flow = server.ready(registry.entry_named(SCHEDULED), here)
    dates = [str(one) for one in flow.schedule.next(4, after=pendulum.datetime(2026, 2, 1))]
    assert [date[:10] for date in dates] == ["2026-05-01", "2026-09-01", "2027-01-01", "2027-05-01"]
    assert Path(flow.storage.path).is_file()


def test_serving_the_schedule_registers_it_and_becomes_the_agent(
    deployed, here, capsys, monkeypatch
):
    started = []
    monkeypatch.setattr(server.LocalAgent, "start", lambda agent: started.append(agent.labels))
    server.serve_schedule(registry.entry_named(SCHEDULED), here)
    assert started == [["production"]]
    assert "0 0 1 1,5,9 *" in capsys.readouterr().out
    assert len(deployed.flows) == 5


@pytest.fixture
def command(api, here):
    """Run a command of run/ with the stand-in as its server."""

    def run(name, *options, **more):
        env = os.environ | {
            "PREFECT__BACKEND": "server", "PREFECT__CLOUD__API": api.url, "DEMO": "0",
            "DATA_DIR": str(here.data_dir), "LOG_DIR": str(here.data_dir / "logs"), **more,
        }  # fmt: skip
        return subprocess.run(
            [sys.executable, str(ROOT / "run" / f"{name}.py"), *options],
            env=env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def test_commands_go_to_the_server_that_answers_and_end_as_the_run_does(deployed, command):
    deployed.play = [(Failed("não deu"), [])]
    done = command("historic_capture", "--from", "2025-05")
    assert done.returncode == 1, done.stderr
    (run,) = deployed.runs.values()
    assert run["given"]["parameters"]["from"] == "2025-05"
    assert "Failed: não deu" in done.stdout


def test_deploy_twice_from_the_command_line(api, command):
    assert command("deploy").returncode == 0
    done = command("deploy")
    assert done.stdout.count("sem mudança, versão 1") == 5, done.stderr


def test_where_the_server_is_away_the_work_is_done_here_and_server_insists(command):
    away = {"PREFECT__CLOUD__API": "http://127.0.0.1:9"}
    done = command("capture", "--dry-run", URL_FOR_DATA_DOWNLOAD="http://127.0.0.1:9/", **away)
    assert "rodando aqui" in done.stderr
    assert "127.0.0.1:9/ falhou" in done.stderr
    done = command("capture", "--server", **away)
    assert done.returncode == 2
    assert "não responde em http://127.0.0.1:9" in done.stderr


def test_one_flow_named_by_the_environment_runs_here_and_gives_its_state(command):
    done = command("flow", FLOW=CAPTURE, FLOW_PARAMETERS='{"file": "/nada.csv"}')
    assert done.returncode == 2
    assert "/nada.csv" in done.stderr
    done = command("flow", FLOW=CAPTURE, FLOW_PARAMETERS="[1]")
    assert done.returncode == 2
    assert "FLOW_PARAMETERS='[1]' não é um objeto JSON" in done.stderr
