"""Prefect Server: what it lacks, registering flows there, running one there and watching it.

A flow is stored as the script `flows/stored.py`, so the agent must see the project at the same
path. Nothing but the flow's structure is registered, and only when that has changed.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pendulum
import prefect
import requests
from prefect.agent.local import LocalAgent
from prefect.backend import FlowRunView
from prefect.engine.results import LocalResult
from prefect.exceptions import ClientError
from prefect.run_configs import LocalRun
from prefect.storage import Local

from flows.configuration import current_settings
from flows.registry import Entry, discover, entry_named
from flows.running import check_parameters, executor
from pipeline.errors import ConfigurationError, TerminalError, TransientError
from pipeline.report import text_table
from pipeline.settings import ROOT, Settings

logger = logging.getLogger(__name__)
POLL_S = 2.0
NOBODY_AFTER_S = 60.0
ANSWER_TIMEOUT_S = 5
WAITING = ("Scheduled", "Pending", "Queued")


@dataclass(frozen=True)
class Registered:
    """A flow on the server."""

    flow_id: str
    version: int
    is_new: bool


def is_wanted() -> bool:
    """Tell whether PREFECT__BACKEND asks for a server."""
    return bool(prefect.config.backend == "server")


def answers() -> bool:
    """Tell whether the server answers at all."""
    try:
        reply = requests.post(
            prefect.config.cloud.api, json={"query": "{hello}"}, timeout=ANSWER_TIMEOUT_S
        )
    except requests.RequestException:
        return False
    return reply.ok


def connect() -> prefect.Client:
    """Return a client. Raises ConfigurationError that says how to get a server."""
    if not is_wanted():
        raise ConfigurationError(
            "nenhum servidor do Prefect está configurado. Ponha PREFECT__BACKEND=server no .env, "
            "ou rode com --local"
        )
    if not answers():
        raise ConfigurationError(
            f"o servidor do Prefect não responde em {prefect.config.cloud.api}. Suba-o com "
            "./start.sh, corrija PREFECT__SERVER__HOST no .env, ou rode com --local"
        )
    return prefect.Client()


def project_of(entry: Entry, settings: Settings) -> str:
    """Name the project of a flow: staging has one of its own."""
    is_production = settings.deploy_env == "production"
    return entry.project if is_production else f"{entry.project}_{settings.deploy_env}"


def labels_of(settings: Settings) -> list[str]:
    """Return what an agent must be labelled with to take our runs."""
    return [settings.deploy_env]


def ready(entry: Entry, settings: Settings) -> prefect.Flow:
    """Build a flow with all that a server and its agents need to know of it."""
    flow = entry.build()
    labels = labels_of(settings)
    flow.storage = Local(
        path=str(ROOT / "flows" / "stored.py"), stored_as_script=True, add_default_labels=False
    )
    flow.run_config = LocalRun(working_dir=str(ROOT), labels=labels)
    flow.result = LocalResult(dir=str(settings.data_dir / "results"))
    flow.executor = executor(settings)
    if entry.schedule:
        flow.schedule = entry.schedule(labels)
    return flow


def register(client: prefect.Client, entry: Entry, settings: Settings) -> Registered:
    """Register the flow where its structure is not the server's already.

    Raises ConfigurationError where tenant or project are missing, TransientError where the server
    refused.
    """
    flow = ready(entry, settings)
    project = project_of(entry, settings)
    with _translated():
        _require(client, project)
        before = _newest(client, project, entry.name)
        flow_id = client.register(
            flow,
            project_name=project,
            set_schedule_active=flow.schedule is not None,
            no_url=True,
            idempotency_key=flow.serialized_hash(),
        )
        now = _newest(client, project, entry.name)
    return Registered(flow_id, now.get("version", 1), flow_id != before.get("id"))


def run_server(
    flow: prefect.Flow,
    labels: Sequence[str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    wait: bool = True,
) -> int:
    """Run the flow on the server; return 0 for success, or when not told to wait.

    `labels` are by default those of the environment. Prints flow, version, labels and address, then
    states and log lines as they come. Raises ConfigurationError for an unknown parameter, and where
    there is no server, tenant or project.
    """
    parameters = parameters or {}
    check_parameters(flow, parameters)
    settings, entry = current_settings(), entry_named(flow.name)
    client = connect()
    registered = register(client, entry, settings)
    labels = labels_of(settings) if labels is None else list(labels)
    with _translated():
        run_id = client.create_flow_run(
            flow_id=registered.flow_id, parameters=dict(parameters), labels=labels
        )
        address = client.get_cloud_url("flow-run", run_id)
    _say(f"Flow: {entry.name}, versão {registered.version}{' (nova)' if registered.is_new else ''}")
    _say(f"Etiquetas: {', '.join(labels)}")
    _say(f"Acompanhe em {address}")
    if not wait:
        return 0
    try:
        with _translated():
            for line in _watch(run_id, labels):
                _say(line)
            return 0 if FlowRunView.from_flow_run_id(run_id).state.is_successful() else 1
    except KeyboardInterrupt:
        _say("A execução continua no servidor")
        raise


def serve_schedule(entry: Entry, settings: Settings) -> None:
    """Let the server start the flow by its schedule, and be the agent that runs it, for ever."""
    registered = register(connect(), entry, settings)
    labels = labels_of(settings)
    _say(f"Flow: {entry.name}, versão {registered.version}, {clocks_text(ready(entry, settings))}")
    _say(f"Agente com as etiquetas {', '.join(labels)} esperando o servidor")
    LocalAgent(name=f"agenda-{settings.deploy_env}", labels=labels, hostname_label=False).start()


def deploy(settings: Settings, *, dry_run: bool = False) -> int:
    """Register every flow, making tenant and projects where missing; print a table.

    Goes on over errors; returns 1 where any flow could not be registered.
    """
    found = discover()
    rows = [("–", module, "–", "–", f"erro: {why}") for module, why in found.errors]
    client = None if dry_run else connect()
    if client:
        with _translated():
            _make_tenant(client)
    rows += [_deploy_one(client, entry, settings) for entry in found.entries]
    _say(text_table(("projeto", "flow", "quando", "etiquetas", "resultado"), rows))
    return int(any(row[-1].startswith("erro") for row in rows))


def _deploy_one(
    client: prefect.Client | None, entry: Entry, settings: Settings
) -> tuple[str, str, str, str, str]:
    """Register one flow (without a client, say only that one would); return its row."""
    project, labels = project_of(entry, settings), ", ".join(labels_of(settings))
    try:
        clocks = clocks_text(ready(entry, settings))
        if client is None:
            return project, entry.name, clocks, labels, "seria registrado"
        with _translated():
            client.create_project(project)
        registered = register(client, entry, settings)
    except Exception as error:  # noqa: BLE001 - a project's build may raise anything
        return project, entry.name, "–", labels, f"erro: {error}"
    what = "registrado" if registered.is_new else "sem mudança"
    return project, entry.name, clocks, labels, f"{what}, versão {registered.version}"


def _make_tenant(client: prefect.Client) -> None:
    if not client.graphql({"query": {"tenant": {"id"}}}).data.tenant:
        client.create_tenant("default", "default")


def _require(client: prefect.Client, project: str) -> None:
    if not client.graphql({"query": {"tenant": {"id"}}}).data.tenant:
        raise ConfigurationError(
            "o servidor do Prefect não tem tenant. Crie-o com: python run/deploy.py"
        )
    if not client.graphql(
        {"query": {_where("project", {"name": {"_eq": project}}): {"id"}}}
    ).data.project:
        raise ConfigurationError(
            f"o servidor do Prefect não tem o projeto {project!r}. Crie-o com: python run/deploy.py"
        )


def _newest(client: prefect.Client, project: str, name: str) -> Mapping[str, Any]:
    """Return id and version of the flow that is not archived; nothing where there is none."""
    where = {
        "name": {"_eq": name},
        "archived": {"_eq": False},
        "project": {"name": {"_eq": project}},
    }
    found = client.graphql({"query": {_where("flow", where): {"id", "version"}}}).data.flow
    return dict(found[0]) if found else {}


def _where(table: str, condition: Mapping[str, Any]) -> Any:
    return prefect.utilities.graphql.with_args(table, {"where": condition})


def _watch(run_id: str, labels: list[str]) -> Iterator[str]:
    """Give states and log lines as they come, until the run has ended."""
    started = time.monotonic()
    seen_states, last_log, next_warning = 0, None, NOBODY_AFTER_S
    while True:
        view = FlowRunView.from_flow_run_id(run_id)
        for state in view.states[seen_states:]:
            yield f"{_time(state.timestamp)} {type(state).__name__}: {state.message}"
        seen_states = len(view.states)
        for log in view.get_logs(start_time=last_log, end_time=pendulum.now("utc")):
            yield f"{_time(log.timestamp)} {logging.getLevelName(log.level):7} {log.message}"
            last_log = log.timestamp
        if view.state.is_finished():
            return
        waited = time.monotonic() - started
        if type(view.state).__name__ in WAITING and waited >= next_warning:
            options = " ".join(f"--label {label}" for label in labels)
            yield (
                f"ninguém pegou a execução em {waited:.0f} s: falta um agente com as etiquetas "
                f"{', '.join(labels)}. Suba um: .venv/bin/prefect agent local start {options} "
                "--no-hostname-label"
            )
            next_warning += NOBODY_AFTER_S
        time.sleep(POLL_S)


def _time(moment: Any) -> str:
    return str(moment.in_timezone("local").format("HH:mm:ss"))


def clocks_text(flow: prefect.Flow) -> str:
    """Say when the flow starts by itself: `0 0 1 1,5,9 *`, `a cada 7 days`, or a dash."""
    clocks: list[Any] = flow.schedule.clocks if flow.schedule else []
    return (
        ", ".join(getattr(one, "cron", None) or f"a cada {one.interval}" for one in clocks) or "–"
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the client's errors into ours."""
    try:
        yield
    except requests.RequestException as error:
        raise TransientError(
            f"o servidor do Prefect deixou de responder: {error}. Repita mais tarde"
        ) from error
    except ClientError as error:
        raise TerminalError(
            f"o servidor do Prefect recusou: {' '.join(str(error).split())}. Veja o log dele"
        ) from error


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
