"""The flows on the sample portal and a real database: their state is the truth."""

import csv
from dataclasses import replace

import pytest

from flows import capture, historic_capture, historic_materialize, materialize, running, shared
from flows.outcome import exit_status, failures
from pipeline import database
from pipeline.columns import PUBLISHED
from pipeline.errors import PortalError
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
