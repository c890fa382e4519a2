"""The journal: whole records, the last one too, and none lost while the database is away."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import journal
from pipeline.journal import Journal, JournalHandler, send_pending

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 5, 1, 3, 0, tzinfo=UTC)


@pytest.fixture
def away(settings):
    return replace(settings, db_host="127.0.0.1", db_port=9, db_user="eu")


def begin(diary: Journal) -> None:
    diary.run(flow="Captura dos Dados", estado="Running", inicio=NOW, parametros={"a": 1})


def test_a_record_of_several_lines_is_one_row_and_the_last_one_arrives(settings, rows):
    logger = logging.getLogger("pipeline.teste")
    with Journal(settings, "run-1") as diary:
        handler = JournalHandler(diary)
        logger.addHandler(handler)
        logger.error("primeira\nsegunda\tcom tab")
        try:
            raise ValueError("motivo")
        except ValueError:
            logger.exception("falhou")
        logger.error("última")
        logger.removeHandler(handler)
    found = rows("select mensagem, nivel, tarefa from public.registros order by sequencia")
    assert found[0] == ("primeira\nsegunda\tcom tab", "ERROR", None)
    assert found[1][0].startswith("falhou\nTraceback")
    assert found[-1][0] == "última"
    assert len(found) == 3
    assert list(settings.log_dir.iterdir()) == []


def test_records_arrive_while_the_run_goes_on(settings, rows):
    with Journal(settings, "run-1") as diary:
        diary.record(level="INFO", task="t", moment=NOW, message="cedo")
        deadline = time.monotonic() + 10
        while not rows("select 1 from public.registros") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert rows("select execucao_id, tarefa, mensagem from public.registros") == [
            ("run-1", "t", "cedo")
        ]


def test_nothing_is_lost_while_the_database_is_away(away, settings, rows):
    with Journal(away, "run-1") as diary:
        begin(diary)
        diary.record(level="INFO", task=None, moment=NOW, message="guardada")
        diary.run(flow="Captura dos Dados", estado="Failed", inicio=NOW, fim=NOW, mensagem="x")
    assert len(list(settings.log_dir.glob("*.jsonl"))) == 1
    assert send_pending(settings) == 1
    assert rows("select mensagem from public.registros") == [("guardada",)]
    assert rows("select estado, mensagem, parametros from public.execucoes") == [
        ("Failed", "x", {})
    ] or rows("select estado, mensagem from public.execucoes") == [("Failed", "x")]
    assert list(settings.log_dir.glob("*.jsonl")) == []


def test_sending_twice_changes_nothing(away, settings, rows):
    with Journal(away, "run-1") as diary:
        begin(diary)
        diary.task(tarefa="t", indice=-1, tentativa=1, estado="Success", inicio=NOW, fim=NOW)
        diary.record(level="INFO", task=None, moment=NOW, message="uma vez")
    (path,) = settings.log_dir.glob("*.jsonl")
    content = path.read_bytes()
    send_pending(settings)
    path.write_bytes(content)
    send_pending(settings)
    for table in ("execucoes", "execucoes_tarefas", "registros"):
        assert rows(f"select count(*) from public.{table}") == [(1,)]


def test_a_killed_run_keeps_its_records_and_shows_as_interrupted(settings, rows):
    code = f"""
import os, signal, sys, dataclasses
from pathlib import Path
from datetime import datetime, UTC
from pipeline.settings import load_settings
from pipeline.journal import Journal
settings = dataclasses.replace(load_settings(Path("none")), db_name={settings.db_name!r},
    data_dir=Path({str(settings.data_dir)!r}), log_dir=Path({str(settings.log_dir)!r}))
now = datetime.now(UTC)
with Journal(settings, "run-9") as diary:
    diary.run(flow="Captura dos Dados", estado="Running", inicio=now)
    diary.task(tarefa="t", indice=0, tentativa=1, estado="Running", inicio=now)
    diary.record(level="INFO", task="t", moment=now, message="antes do fim")
    diary._stream.write('{{"tipo": "registro", "mens')
    diary._stream.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    send_pending(settings)
    (message, cut) = (row[0] for row in rows("select mensagem from registros order by sequencia"))
    assert message == "antes do fim"
    assert cut.startswith("Registro cortado")
    for table in ("execucoes", "execucoes_tarefas"):
        ((state, text, is_ended),) = rows(
            f"select estado, mensagem, fim is not null from public.{table}"
        )
        assert (state, is_ended) == ("Failed", True)
        assert text.startswith("Interrompida")


def test_a_run_that_lives_is_left_alone(settings, rows):
    with Journal(settings, "run-1") as diary:
        begin(diary)
        assert diary.flush()
        send_pending(settings)
        assert diary.path.exists()
        assert rows("select estado, fim from public.execucoes") == [("Running", None)]


def test_a_nul_character_is_shown_not_refused(settings, rows):
    with Journal(settings, "run-1") as diary:
        diary.record(level="INFO", task=None, moment=NOW, message="a\0b")
    assert rows("select mensagem from public.registros") == [("a\u2400b",)]


def test_every_line_of_the_file_is_json(away, settings):
    with Journal(away, "run-1") as diary:
        diary.record(level="INFO", task=None, moment=NOW, message='aspas " e\nlinha')
        (path,) = settings.log_dir.glob("*.jsonl")
        (line,) = path.read_text().splitlines()
    assert json.loads(line)["mensagem"] == 'aspas " e\nlinha'
    assert journal.process_name().endswith(f":{os.getpid()}")
