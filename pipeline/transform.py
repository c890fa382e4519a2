"""Run dbt over what was captured, and keep what its models and tests said.

`recente` is the newest release (staging.raw → transformed), `historico` every release. dbt costs
three seconds to import, so a materialization that would change nothing ends before that: what the
tables were made from (the captured files and the models' SQL) is kept in `public.materializacoes`.
It also tells which releases no run has tested yet.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812 - a type
from psycopg2.extras import execute_values

from pipeline import database
from pipeline.errors import TerminalError, TransformError
from pipeline.settings import ROOT, Settings

logger = logging.getLogger(__name__)

PROJECT = ROOT / "dbt"
RELATIONS = {"recente": "staging.transformed", "historico": "staging.historic_transformed"}
STATEMENT_TIMEOUT_MS = 7_200_000
FAILED = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class NodeResult:
    """What became of one model or test; `failures`: rows a test pointed at."""

    name: str
    kind: str
    description: str
    state: str
    failures: int | None
    message: str
    seconds: float


@dataclass(frozen=True)
class MadeFrom:
    """What tables were made from: the captured files' arquivo_id, and a hash of the dbt project."""

    files: tuple[int, ...]
    models: str


@dataclass(frozen=True)
class MaterializationSummary:
    """How a materialization went. `skipped`: the tables were made of just this already."""

    target: str
    skipped: bool
    nodes: tuple[NodeResult, ...] = ()
    seconds: float = 0.0


def materialize(
    settings: Settings,
    target: str,
    run_id: str | None,
    *,
    refresh: bool = False,
) -> MaterializationSummary:
    """Build the models of `target` (`recente` or `historico`) and run their tests.

    `refresh` builds whole tables although nothing has changed.
    Raises TerminalError when nothing was captured yet, TransformError when a model or a test of
    severity error failed; tables that dbt had not replaced by then stay as they were.
    """
    started = time.monotonic()
    with database.transaction(settings) as connection:
        files = _captured(connection, target)
        before = _made_from(connection, target)
    made_from = MadeFrom(tuple(files), _project_fingerprint())
    if before == made_from and not refresh:
        logger.info("Nada de novo desde a última materialização (%s)", target)
        return MaterializationSummary(target, skipped=True)
    same_models = not refresh and before is not None and before.models == made_from.models
    untested = None
    if same_models and before is not None:
        untested = [release for file, release in files.items() if file not in before.files]
    nodes = _run_dbt(settings, target, refresh=refresh, untested=untested)
    with database.transaction(settings) as connection:
        _store_results(connection, nodes, run_id)
    _report(nodes)
    with database.transaction(settings) as connection:
        _remember(connection, target, made_from, run_id)
    return MaterializationSummary(target, False, nodes, time.monotonic() - started)


def _captured(connection: Connection, target: str) -> dict[int, tuple[int, int]]:
    """Return the files in the raw tables, by arquivo_id, with the release (year, month) of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select arquivo_id, ano, mes from public.arquivos where vigente "
            "order by ano desc, mes desc limit %s",
            [1 if target == "recente" else None],
        )
        files = {file: (year, month) for file, year, month in cursor}
    if not files:
        command = "run/capture.py" if target == "recente" else "run/historic_capture.py"
        raise TerminalError(
            f"ainda não há nada capturado para materializar. Rode antes: python {command}"
        )
    return files


def _project_fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(PROJECT.rglob("*")):
        if path.suffix in {".sql", ".yml"}:
            digest.update(str(path.relative_to(PROJECT)).encode() + path.read_bytes())
    return digest.hexdigest()


def _made_from(connection: Connection, target: str) -> MadeFrom | None:
    """Return what the tables of today were made from; None where there is no table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select arquivos, modelos from public.materializacoes "
            "where alvo = %s and to_regclass(%s) is not null",
            [target, RELATIONS[target]],
        )
        row = cursor.fetchone()
    return MadeFrom(tuple(row[0]), row[1]) if row else None


def _run_dbt(
    settings: Settings,
    target: str,
    *,
    refresh: bool,
    untested: Sequence[tuple[int, int]] | None,
) -> tuple[NodeResult, ...]:
    """Run `dbt build` in this process, without a word on the terminal.

    With `untested` releases the views stay as they are and the tests look at these releases only;
    with None everything is made and tested.
    """
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - three seconds

    folder = settings.data_dir / "dbt"
    command = ["--quiet", "--log-level", "none", "--log-level-file", "none", "build"]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command += ["--target-path", str(folder), "--log-path", str(folder)]
    command += ["--select", f"tag:{target}"]
    if untested is not None:
        command += ["--exclude", "config.materialized:view"]
        command += ["--vars", json.dumps({"versoes": untested})]
    command += ["--full-refresh"] if refresh else []
    with _dbt_environment(settings):
        outcome = dbtRunner().invoke(command)
    if outcome.result is None or not hasattr(outcome.result, "results"):
        cause = " ".join(str(outcome.exception).split())
        raise TransformError(
            f"o dbt não pôde começar: {cause}. Veja dbt/ e a configuração do banco"
        )
    return tuple(_node(result) for result in outcome.result.results)


@contextmanager
def _dbt_environment(settings: Settings) -> Iterator[None]:
    """Tell dbt where the database is, for the time of one call."""
    parameters = database.connection_parameters(settings)
    values = {
        "DBT_HOST": parameters["host"],
        "DBT_PORT": str(parameters["port"]),
        "DBT_USER": parameters["user"],
        "DBT_PASSWORD": parameters["password"],
        "DBT_NAME": parameters["dbname"],
        "PGOPTIONS": f"-c lock_timeout={database.LOCK_TIMEOUT_MS} "
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS}",
    }
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def _node(result: Any) -> NodeResult:
    return NodeResult(
        name=result.node.name,
        kind=str(result.node.resource_type),
        description=" ".join((result.node.description or "").split()),
        state=str(result.status),
        failures=result.failures,
        message=" ".join((result.message or "").split()),
        seconds=result.execution_time,
    )


def _store_results(
    connection: Connection, nodes: tuple[NodeResult, ...], run_id: str | None
) -> None:
    moment = datetime.now(UTC)
    rows = [
        (
            run_id or "",
            node.name,
            node.kind,
            node.description or None,
            node.state,
            node.failures,
            node.message or None,
            round(node.seconds, 3),
            moment,
        )
        for node in nodes
    ]
    with connection.cursor() as cursor:
        execute_values(
            cursor,
            "insert into public.resultados_dbt (execucao_id, no, tipo, descricao, estado, falhas, "
            "mensagem, segundos, momento) values %s on conflict (execucao_id, no) do update set "
            "estado = excluded.estado, falhas = excluded.falhas, mensagem = excluded.mensagem, "
            "segundos = excluded.segundos, momento = excluded.momento",
            rows,
        )


def _report(nodes: tuple[NodeResult, ...]) -> None:
    """Log each model and each test that found something; raise where one failed."""
    for node in nodes:
        if node.kind == "model" and node.state == "success":
            rows = node.message.removeprefix("SELECT ").removeprefix("INSERT 0 ")
            logger.info("%s: %s em %.1f s", node.name, rows, node.seconds)
        elif node.state == "warn":
            what = (node.description or node.name).rstrip(".")
            logger.warning("%d linhas não passam no teste: %s", node.failures or 0, what)
    tests = [node for node in nodes if node.kind == "test"]
    passed = sum(node.state == "pass" for node in tests)
    logger.info("%d testes: %d sem nada a apontar", len(tests), passed)
    failed = [node for node in nodes if node.state in FAILED]
    if failed:
        raise TransformError(
            "; ".join(f"{node.name}: {node.message or node.state}" for node in failed)
            + ". Veja public.resultados_dbt; as tabelas que falharam ficaram como estavam"
        )


def _remember(connection: Connection, target: str, made_from: MadeFrom, run_id: str | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into public.materializacoes (alvo, arquivos, modelos, execucao_id) "
            "values (%s, %s, %s, %s) on conflict (alvo) do update set "
            "arquivos = excluded.arquivos, modelos = excluded.modelos, "
            "execucao_id = excluded.execucao_id, momento = now()",
            [target, list(made_from.files), made_from.models, run_id],
        )
