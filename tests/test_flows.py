"""The flows on the sample portal and a real database: their state is the truth."""

import csv
from dataclasses import replace

import pendulum
import pytest
from prefect.engine.state import Pending, Retrying

from flows import (
    capture,
    historic_capture,
    historic_materialize,
    materialize,
    observation,
    running,
    shared,
)
from flows.outcome import exit_status, failures
from pipeline import database
from pipeline.columns import PUBLISHED
from pipeline.errors import ConfigurationError, PortalError
from sample.faults import build_fault
from sample.releases import RELEASES


@pytest.fixture
def here(empty_settings, portal, monkeypatch):
    """Let flows run with the test's database and portal; change settings by calling it."""

    def change(**values):
        changed = replace(empty_settings, page_url=portal.url, download_attempts=1, **values)
        monkeypatch.setattr(running, "current_settings", lambda: changed)
        for module in (capture, materialize, shared):
            monkeypatch.setattr(module, "current_settings", lambda: changed)
        return changed

    change()
    return change


def read_truth(sample_files, name):
    path = sample_files / "truth" / name
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_newest_release_equals_its_ground_truth(here, rows, sample_files):
    assert exit_status(running.run_local(capture.build())) == 0
    names = ", ".join(f'"{name}"' for name in PUBLISHED)
    loaded = rows(f"select linha_origem, {names} from public.raw order by linha_origem")
    published = read_truth(sample_files, "2025-09.published.csv")
    truth = [row for row in published if row["status"] != "separada"]
    assert [(str(row[0]), *row[1:]) for row in loaded] == [
        (row["linha"], *(row[name] for name in PUBLISHED)) for row in truth
    ]
    assert len(loaded) > 100


def test_what_happened_is_in_the_database(here, rows):
    running.run_local(capture.build())
    assert rows("select flow, estado, fim >= inicio from public.execucoes") == [
        ("Captura dos Dados", "Success", True)
    ]
    tasks = rows("select tarefa, indice, estado from public.execucoes_tarefas")
    assert ("Preparar banco", -1, "Success") in tasks
    assert ("Capturar 2025-09", 0, "Success") in tasks
    messages = rows("select tarefa, nivel, mensagem from public.registros order by id")
    assert any(task == "Capturar 2025-09" and "carregadas" in text for task, _, text in messages)
    assert messages[-1][2].startswith("Flow run SUCCESS")
    assert rows("select count(*) from public.logs__capture") == [(len(messages),)]


def test_nothing_new_loads_nothing(here, rows, portal):
    running.run_local(capture.build())
    before = rows("select arquivo_id, capturado_em from public.arquivos")
    assert running.run_local(capture.build()).is_successful()
    assert rows("select arquivo_id, capturado_em from public.arquivos") == before
    assert portal.requests[-1][2] == 304


def test_a_portal_in_trouble_fails_the_run_and_keeps_yesterdays_rows(here, rows, portal):
    running.run_local(capture.build())
    before = rows("select count(*), min(id_terc) from public.raw")
    portal.misbehave("terceirizados", "503")
    state = running.run_local(capture.build())
    assert state.is_failed()
    assert exit_status(state) == 1
    (error,) = failures(state)
    assert isinstance(error, PortalError)
    assert "respondeu 503" in str(error)
    assert rows("select count(*), min(id_terc) from public.raw") == before
    state_name, message = rows("select estado, mensagem from public.execucoes order by inicio")[-1]
    assert (state_name, message) == ("Failed", str(error))
    last = rows("select mensagem from public.registros order by id")[-1][0]
    assert last.startswith("Flow run FAILED")


def test_a_wrong_user_is_wrong_configuration(here, settings):
    socket_dir = database.connection_parameters(settings)["host"]
    here(db_host=socket_dir, db_user="ninguem")
    assert exit_status(running.run_local(capture.build())) == 2


def assert_typed_truth(rows, sample_files, table, label):
    truth = read_truth(sample_files, f"{label}.typed.csv")
    names = [name for name in truth[0] if name != "linha"]
    year, month = label.split("-")
    loaded = rows(
        f"select linha_origem, {', '.join(names)} from {table} "
        "where ano = %s and mes = %s order by linha_origem",
        int(year),
        int(month),
    )
    assert len(loaded) == len(truth) > 100
    for row, expected in zip(loaded, truth, strict=True):
        texts = ("" if value is None else str(value) for value in row)
        values = dict(zip(["linha", *names], texts, strict=True))
        assert comparable(values) == comparable(expected), label


def test_materialized_values_equal_what_the_people_really_are(here, rows, sample_files):
    running.run_local(capture.build())
    state = running.run_local(materialize.build())
    assert exit_status(state) == 0, failures(state)
    assert_typed_truth(rows, sample_files, "staging.transformed", "2025-09")


def test_all_of_history_equals_its_ground_truth(here, rows, sample_files):
    assert exit_status(running.run_local(historic_capture.build())) == 0
    state = running.run_local(historic_materialize.build())
    assert exit_status(state) == 0, failures(state)
    for release in RELEASES:
        assert_typed_truth(rows, sample_files, "staging.historic_transformed", release.label)
    assert rows("select count(*) from public.arquivos where vigente") == [(21,)]


def comparable(row):
    """Hours are a number: 44 and 44.0 are the same."""
    hours = row["quantidade_horas_semanais"]
    return row | {"quantidade_horas_semanais": float(hours) if hours else None}


def test_materializing_before_capturing_says_what_to_run(here):
    state = running.run_local(materialize.build())
    assert exit_status(state) == 1
    assert "run/capture.py" in str(failures(state)[0])


@pytest.mark.parametrize("module", [capture, materialize, historic_capture, historic_materialize])
def test_every_flow_can_be_registered(module):
    flow = module.build()
    assert flow.name == module.NAME
    assert flow.serialize()["name"] == module.NAME


def test_a_file_on_disk_takes_the_place_of_the_portal(here, rows, portal, sample_files, tmp_path):
    path = tmp_path / "terceirizados_201905.csv"
    path.write_bytes((sample_files / path.name).read_bytes())
    assert exit_status(running.run_local(capture.build(), {"file": str(path)})) == 0
    assert rows("select ano, mes, arquivo, linhas_carregadas from arquivos") == [
        (2019, 5, path.name, len(read_truth(sample_files, "2019-05.published.csv")))
    ]
    assert portal.requests == []
    assert running.run_local(capture.build(), {"file": str(path)}).is_successful()
    assert rows("select count(*) from arquivos") == [(1,)]


def test_a_file_of_several_months_becomes_several_releases(here, rows, tmp_path):
    fault = build_fault("two_periods")
    path = tmp_path / "terceirizados_antigos.csv"
    path.write_bytes(fault.content + b"cortada;aqui\n")
    assert exit_status(running.run_local(capture.build(), {"file": str(path)})) == 0
    found = rows(
        "select ano, mes, linhas, linhas_cabecalho, linhas_carregadas, linhas_separadas "
        "from arquivos order by ano, mes"
    )
    assert [row[:2] for row in found] == [(2023, 1), (2023, 5)]
    assert sum(row[2] for row in found) == fault.content.count(b"\n") + 1
    assert sum(row[4] for row in found) == len(fault.truth)
    assert (found[0][3], found[0][5], found[1][3], found[1][5]) == (1, 1, 0, 0)
    assert rows('select count(*) from historic_raw where mes::text <> "Num_Mes_Carga"') == [(0,)]


def test_a_file_that_is_not_there_is_wrong_use(here):
    state = running.run_local(capture.build(), {"file": "/nada/aqui.csv"})
    assert exit_status(state) == 2
    assert "/nada/aqui.csv" in str(failures(state)[0])


def test_only_the_releases_asked_for_are_captured(here, rows):
    state = running.run_local(historic_capture.build(), {"from": "2021-05", "to": "2022-01"})
    assert exit_status(state) == 0
    assert rows("select ano, mes from arquivos order by 1, 2") == [
        (2021, 5),
        (2021, 9),
        (2022, 1),
    ]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"from": "2021-13"}, "--from='2021-13'"),
        ({"to": "maio"}, "--to='maio'"),
        ({"from": "2022-05", "to": "2021-05"}, "vem depois"),
        ({"from": "2030-01"}, "o portal tem 2019-01"),
    ],
)
def test_an_impossible_choice_is_wrong_use_and_says_why(here, parameters, words):
    state = running.run_local(historic_capture.build(), parameters)
    assert exit_status(state) == 2
    assert words in str(failures(state)[0])


def test_a_dry_run_says_what_and_why_and_changes_nothing(here, rows, portal):
    running.run_local(historic_capture.build(), {"from": "2025-05"})
    portal.replace("terceirizadosmaio.xlsx", b"PK\x03\x04outro")
    before = len(portal.requests)
    assert exit_status(running.run_local(historic_capture.build(), {"dry_run": True})) == 0
    said = rows("select mensagem from registros where mensagem like 'Nada foi baixado%%'")[-1][0]
    reasons = {line[:7]: line.split("  ")[-1].strip() for line in said.splitlines()[3:]}
    assert reasons["2025-01"] == "ainda não capturada"
    assert reasons["2025-05"] == "publicada de novo no portal"
    assert reasons["2025-09"] == "sem mudança no portal"
    files = [one for one in portal.requests[before:] if one.path.endswith((".csv", ".xlsx"))]
    assert {one.method for one in files} == {"HEAD"}
    assert rows("select count(*) from arquivos") == [(2,)]


def test_one_bad_file_fails_the_run_and_keeps_the_others_then_only_it_is_tried_again(
    here, rows, portal
):
    portal.misbehave("terceirizados202209.csv", "404")
    state = running.run_local(historic_capture.build(), {"from": "2022-01", "to": "2023-01"})
    assert exit_status(state) == 1
    (error,) = failures(state)
    assert "terceirizados202209.csv" in str(error)
    captured = rows("select ano, mes from arquivos order by 1, 2")
    assert captured == [(2022, 1), (2022, 5), (2023, 1)]
    portal.calm()
    before = len(portal.requests)
    state = running.run_local(historic_capture.build(), {"from": "2022-01", "to": "2023-01"})
    assert exit_status(state) == 0
    sent = [path for _, path, status in portal.requests[before:] if status == 200]
    assert [path for path in sent if path.endswith(".csv")] == [
        next(path for path in sent if path.endswith("terceirizados202209.csv"))
    ]
    assert rows("select count(*) from arquivos where vigente") == [(4,)]


def test_lines_set_aside_do_not_fail_the_run_and_are_said(here, rows, portal):
    fault = build_fault("cut_line")
    portal.replace("terceirizados202305.csv", fault.content)
    state = running.run_local(historic_capture.build(), {"from": "2023-05", "to": "2023-05"})
    assert exit_status(state) == 0
    assert rows("select linhas_separadas from arquivos") == [(2,)]
    said = rows("select mensagem from registros where nivel = 'WARNING'")
    assert any("2 separadas" in text and "public.quarentena" in text for (text,) in said)


def test_each_further_attempt_waits_three_times_as_long():
    now = pendulum.now("utc")
    delays = []
    for count in (1, 2, 3):
        state = Retrying(start_time=now + shared.FIRST_DELAY, run_count=count)
        changed = shared.back_off(None, Pending(), state)
        delays.append((changed.start_time - now).total_seconds())
    assert delays == [5, 15, 45]


def test_an_unknown_parameter_is_wrong_use_and_the_known_ones_are_listed():
    with pytest.raises(ConfigurationError, match="'xis'; tem: dry_run, file, refresh"):
        running.run_local(capture.build(), {"xis": 1})


def test_building_a_flow_again_and_again_adds_no_handler():
    counts = {len(one.state_handlers) for _ in range(3) for one in capture.build().tasks}
    assert max(counts) == 2


def test_a_run_that_somebody_else_started_is_in_the_database_too(here, rows, monkeypatch):
    """As an agent's process or a Dask worker: nobody opened a journal before the first event."""
    monkeypatch.setattr(observation, "current_settings", running.current_settings)
    for run_id in ("agente-1", "agente-2"):
        capture.build().run(context={"flow_run_id": run_id}, run_on_schedule=False)
    found = rows("select execucao_id, flow, estado from execucoes order by inicio")
    assert found == [(f"agente-{n}", "Captura dos Dados", "Success") for n in (1, 2)]
    tasks = rows("select estado from execucoes_tarefas where tarefa = 'Capturar 2025-09'")
    assert tasks == [("Success",), ("Success",)]
    assert rows("select count(*) from registros where mensagem like '%% carregadas, %%'") == [(1,)]
