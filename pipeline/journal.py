"""What a run did and said: first in a file, from there in the database.

Every event is one JSON line in `LOG_DIR/<run>.<process>.jsonl`, written before anything else
happens to it; a thread sends new lines to `execucoes`, `execucoes_tarefas` and `registros` about
once a second. A database that is away costs nothing: the file stays, and the next run sends it.
Sending a line twice changes nothing, so a run may die at any moment.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - a type
from psycopg2.extras import Json, execute_values

from pipeline import database
from pipeline.errors import PipelineError
from pipeline.settings import Settings

Event = dict[str, Any]
SEND_EVERY_S = 1.0
INTERRUPTED = "Interrompida: o processo acabou antes do fim. Rode o comando de novo"
FINAL_STATES = ("Success", "Failed", "Cancelled", "Skipped", "TimedOut", "TriggerFailed")


def process_name() -> str:
    """Say where we run: `machine:pid`."""
    return f"{socket.gethostname()}:{os.getpid()}"


class Journal:
    """The journal of one run in this process; thread-safe. Use as a context manager."""

    def __init__(self, settings: Settings, run_id: str) -> None:
        self.run_id = run_id
        self.settings = settings
        self._process = process_name()
        settings.log_dir.mkdir(parents=True, exist_ok=True)
        name = f"{run_id}.{self._process.replace(':', '.')}.jsonl"
        self.path = settings.log_dir / name
        self._stream = self.path.open("a+", encoding="utf-8")
        fcntl.flock(self._stream, fcntl.LOCK_EX)  # tells other processes that this run lives
        self._lock = threading.Lock()
        self._sequence = 0
        self._sent_bytes = 0
        self._sending = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep_sending, name="diario", daemon=True)

    def __enter__(self) -> Journal:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.flush():
            self.path.unlink(missing_ok=True)
        else:
            logging.getLogger(__name__).warning(
                "O banco não respondeu: o diário desta execução fica em %s e será enviado pela "
                "próxima",
                self.path,
            )
        self._stream.close()

    def run(self, **values: Any) -> None:
        """Note the run's state: flow, estado, mensagem, inicio, fim, parametros, onde."""
        self._write({"tipo": "execucao", "onde": self._process, **values})

    def task(self, **values: Any) -> None:
        """Note a task run's state: tarefa, indice, tentativa, estado, mensagem, inicio, fim."""
        self._write({"tipo": "tarefa", **values})

    def record(self, *, level: str, task: str | None, moment: datetime, message: str) -> None:
        """Note one log record, however many lines its message has."""
        self._write(
            {
                "tipo": "registro",
                "nivel": level,
                "tarefa": task,
                "momento": moment.isoformat(),
                "mensagem": message.replace("\0", "\u2400"),
            }
        )

    def _write(self, event: Event) -> None:
        with self._lock:
            self._sequence += 1
            event |= {
                "execucao_id": self.run_id,
                "processo": self._process,
                "sequencia": self._sequence,
            }
            self._stream.write(json.dumps(event, ensure_ascii=False, default=str) + "\n")
            self._stream.flush()

    def _keep_sending(self) -> None:
        while not self._stop.wait(SEND_EVERY_S):
            self.flush()

    def flush(self) -> bool:
        """Send what is new, now; False when the database did not take it."""
        with self._sending, self.path.open("rb") as stream:
            stream.seek(self._sent_bytes)
            new = stream.read()
            new = new[: new.rfind(b"\n") + 1]  # a line may be half written right now
            if new and not _send_lines(self.settings, new):
                return False
            self._sent_bytes += len(new)
            return True


class JournalHandler(logging.Handler):
    """Puts log records of this process into the journal, each as one."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.INFO)
        self.journal = journal
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record with its traceback, if it has one."""
        self.journal.record(
            level=record.levelname,
            task=getattr(record, "task_name", None),
            moment=datetime.fromtimestamp(record.created, UTC),
            message=self.format(record),
        )


def send_pending(settings: Settings) -> int:
    """Send what earlier runs left in LOG_DIR and close the runs that died; count the files.

    Needs the schema. A file whose run still lives is left alone.
    """
    sent = 0
    for path in sorted(settings.log_dir.glob("*.jsonl")):
        with suppress(FileNotFoundError), path.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            if _send_lines(settings, stream.read()):
                path.unlink(missing_ok=True)
                sent += 1
    _close_dead_runs(settings)
    return sent


def _send_lines(settings: Settings, data: bytes) -> bool:
    events = _events(data)
    try:
        with database.transaction(settings) as connection:
            _insert_runs(connection, events)
            _insert_tasks(connection, events)
            _insert_records(connection, events)
    except PipelineError:
        return False
    return True


def _events(data: bytes) -> list[Event]:
    """Read the lines; one that was cut when its process died is kept as a record of that."""
    events: list[Event] = []
    for line in data.splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            events += [_cut_record(line, events[-1], len(events) + 1)] if events else []
    return events


def _cut_record(line: bytes, before: Event, sequence: int) -> Event:
    return {
        "tipo": "registro",
        "execucao_id": before["execucao_id"],
        "processo": before["processo"],
        "sequencia": sequence,
        "nivel": "WARNING",
        "momento": datetime.now(UTC).isoformat(),
        "mensagem": "Registro cortado quando o processo acabou: " + line.decode(errors="replace"),
    }


def _of_kind(events: Iterable[Event], kind: str, *key: str) -> list[Event]:
    """Return the events of a kind, the last one for each key, with the earliest values kept."""
    merged: dict[tuple[Any, ...], Event] = {}
    for event in events:
        if event["tipo"] == kind:
            identity = tuple(event.get(name) for name in key)
            news = {name: value for name, value in event.items() if value is not None}
            merged[identity] = merged.get(identity, {}) | news
    return list(merged.values())


def _values(events: Iterable[Event], names: Iterable[str]) -> list[tuple[Any, ...]]:
    names = list(names)
    return [tuple(event.get(name) for name in names) for event in events]


def _insert_runs(connection: Connection, events: list[Event]) -> None:
    runs = _of_kind(events, "execucao", "execucao_id")
    rows = [row | {"parametros": Json(row.get("parametros") or {})} for row in runs]
    names = ("execucao_id", "flow", "estado", "mensagem", "inicio", "fim", "parametros", "onde")
    with connection.cursor() as cursor:
        execute_values(
            cursor,
            f"insert into public.execucoes ({', '.join(names)}) values %s "  # noqa: S608 - constants
            "on conflict (execucao_id) do update set estado = excluded.estado, "
            "mensagem = excluded.mensagem, fim = excluded.fim",
            _values(rows, names),
        )


def _insert_tasks(connection: Connection, events: list[Event]) -> None:
    key = ("execucao_id", "tarefa", "indice", "tentativa")
    names = (*key, "estado", "mensagem", "inicio", "fim")
    with connection.cursor() as cursor:
        execute_values(
            cursor,
            f"insert into public.execucoes_tarefas ({', '.join(names)}) values %s "  # noqa: S608
            f"on conflict ({', '.join(key)}) do update set estado = excluded.estado, "
            "mensagem = excluded.mensagem, fim = excluded.fim, "
            "inicio = coalesce(execucoes_tarefas.inicio, excluded.inicio)",
            _values(_of_kind(events, "tarefa", *key), names),
        )


def _insert_records(connection: Connection, events: list[Event]) -> None:
    names = ("execucao_id", "processo", "sequencia", "tarefa", "nivel", "momento", "mensagem")
    records = [event for event in events if event["tipo"] == "registro"]
    with connection.cursor() as cursor:
        execute_values(
            cursor,
            f"insert into public.registros ({', '.join(names)}) values %s "  # noqa: S608
            "on conflict (execucao_id, processo, sequencia) do nothing",
            _values(records, names),
        )


def _close_dead_runs(settings: Settings) -> None:
    """Show runs of this machine whose process is gone as interrupted, not as running for ever."""
    with database.transaction(settings) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select execucao_id, onde from public.execucoes "
            "where fim is null and onde like %s and not estado = any(%s)",
            [f"{socket.gethostname()}:%", list(FINAL_STATES)],
        )
        dead = [run_id for run_id, where in cursor.fetchall() if not _is_alive(where)]
        for table in ("execucoes", "execucoes_tarefas"):
            cursor.execute(
                f"update public.{table} set estado = 'Failed', mensagem = %s, fim = now() "  # noqa: S608
                "where execucao_id = any(%s) and fim is null and not estado = any(%s)",
                [INTERRUPTED, dead, list(FINAL_STATES)],
            )


def _is_alive(where: str) -> bool:
    try:
        os.kill(int(where.rsplit(":", 1)[1]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
