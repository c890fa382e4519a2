"""History on a real `distributed` cluster of two worker processes: same rows, same journal."""

import os
from dataclasses import replace

import pytest

from benchmarks.measuring import dask_cluster
from flows import capture, historic_capture, running, shared

WORKERS = 2


@pytest.fixture
def here(empty_settings, portal):
    """Settings that processes of their own read from their environment too."""
    return replace(empty_settings, page_url=portal.url, download_attempts=1)


@pytest.fixture
def cluster(here):
    """The address of a scheduler with two worker processes that have our settings."""
    env = os.environ | {
        "DB_NAME": here.db_name,
        "DATA_DIR": str(here.data_dir),
        "LOG_DIR": str(here.log_dir),
        "URL_FOR_DATA_DOWNLOAD": here.page_url,
        "DOWNLOAD_ATTEMPTS": "1",
        "DEMO": "0",
    }
    with dask_cluster(env, WORKERS) as address:
        yield address


def test_a_cluster_of_two_processes_does_the_same_work_and_keeps_the_same_journal(
    here, cluster, rows, monkeypatch
):
    changed = replace(here, dask_address=cluster)
    for module in (running, capture, shared):
        monkeypatch.setattr(module, "current_settings", lambda: changed)
    state = running.run_local(historic_capture.build(), {"from": "2023-01"})
    assert state.is_successful(), state
    assert rows("select count(*) from arquivos where vigente") == [(9,)]
    tasks = rows("select tarefa, estado from execucoes_tarefas where tarefa like 'Capturar 20%%'")
    assert len(tasks) == 9
    assert {name for _, name in tasks} == {"Success"}
    said = rows("select distinct tarefa from registros where mensagem like '%% carregadas, %%'")
    assert len(said) == 9
    processes = rows("select distinct processo from registros where tarefa like 'Capturar 20%%'")
    assert len(processes) == WORKERS
    assert f"{os.getpid()}" not in {name.split(":")[1] for (name,) in processes}
