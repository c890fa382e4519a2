"""What every command does first and last: the environment, the options, one line on failure."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
DRY_RUN = "só mostra o que seria baixado, e porquê"
REFRESH_CAPTURE = "baixa e carrega outra vez mesmo sem mudança no portal"
REFRESH_TABLES = "refaz as tabelas inteiras mesmo sem nada de novo"
LOCAL = "roda aqui, mesmo que haja um servidor do Prefect"
SERVER = "roda no servidor do Prefect, ou não roda"
DEMO = "usa o portal de exemplo e um banco só dele"
VALUES = {
    "from": ("AAAA-MM", "da versão deste mês em diante"),
    "to": ("AAAA-MM", "até a versão deste mês"),
    "file": ("ARQUIVO", "lê este arquivo do disco em vez do portal"),
}


def options(description: str, *, values: Sequence[str] = (), **flags: str) -> argparse.Namespace:
    """Enter the project's environment and read the options; each flag comes with its help.

    `values` are options that take a value, of those in VALUES.
    """
    parser = _parser(description)
    for name in values:
        metavar, text = VALUES[name]
        parser.add_argument(f"--{name}", default="", metavar=metavar, help=text)
    for name, text in flags.items():
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=text)
    parser.add_argument("--demo", action="store_true", help=DEMO)
    arguments = parser.parse_args()
    if vars(arguments).pop("demo"):
        os.environ["DEMO"] = "1"
    return arguments


def flow_options(
    description: str, *, values: Sequence[str] = (), **flags: str
) -> argparse.Namespace:
    """Read the options of a command that runs a flow, here or on the server."""
    return options(description, values=values, **flags, local=LOCAL, server=SERVER)


def commands(description: str, known: Mapping[str, tuple[str, str]]) -> argparse.Namespace:
    """Read one command of several, given as {name: (its argument or "", help)}."""
    parser = _parser(description)
    choices = parser.add_subparsers(dest="command", metavar="COMANDO", required=True)
    for name, (argument, text) in known.items():
        command = choices.add_parser(name, help=text, description=text)
        if argument:
            command.add_argument("argument", metavar=argument)
    return parser.parse_args()


def _parser(description: str) -> argparse.ArgumentParser:
    _enter_environment()
    return argparse.ArgumentParser(description=description)


def finish(work: Callable[[], int]) -> NoReturn:
    """Do the work and exit with its status; an error becomes one line that says what to do."""
    from pipeline.errors import PipelineError
    from pipeline.settings import load_settings

    try:
        load_settings()  # puts PREFECT__* of .env where Prefect looks when `work` imports it
        sys.exit(work())
    except PipelineError as error:
        fail(error.exit_status, str(error))
    except KeyboardInterrupt:
        fail(130, "interrompido; o que já estava nas tabelas continua lá. Rode o comando de novo")


def run_flow(name: str, arguments: argparse.Namespace) -> int:
    """Run the flow of that name with these options; return the exit status."""
    from flows import server
    from flows.registry import entry_named

    on_server = goes_to_server(arguments)
    parameters = {
        key: value for key, value in vars(arguments).items() if key not in {"local", "server"}
    }
    flow = entry_named(name).build()
    return server.run_server(flow, None, parameters) if on_server else run_here(flow, parameters)


def goes_to_server(arguments: argparse.Namespace) -> bool:
    """Tell where to run: on the server where PREFECT__BACKEND=server and it answers, else here.

    --local and --server leave no choice; a demonstration runs here.
    """
    from flows import server
    from pipeline.settings import load_settings

    if arguments.server or arguments.local or load_settings().is_demo or not server.is_wanted():
        return bool(arguments.server)
    if server.answers():
        return True
    print("O servidor do Prefect não responde: rodando aqui", file=sys.stderr)
    return False


def run_here(flow: Any, parameters: Mapping[str, Any]) -> int:
    """Run a flow in this process; on failure print one line per cause. Return the exit status."""
    from flows.outcome import exit_status, failures
    from flows.running import run_local
    from pipeline.errors import PipelineError

    state = run_local(flow, parameters)
    status = exit_status(state)
    if status == 0:
        return 0
    for error in failures(state) or [RuntimeError(state.message)]:
        if not isinstance(error, PipelineError):
            traceback.print_exception(error)
        print(f"erro: {error}", file=sys.stderr)
    return status


def fail(status: int, message: str) -> NoReturn:
    """Print one line on the error stream and exit."""
    print(f"erro: {message}", file=sys.stderr)
    sys.exit(status)


def _enter_environment() -> None:
    """Go on in the project's `.venv`, whichever Python was called; make our code importable."""
    python = ENVIRONMENT / "bin" / "python"
    if python.exists() and Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        os.execv(python, [str(python), *sys.argv])
    if find_spec("prefect") is None:
        fail(2, "o ambiente Python ainda não existe. Rode ./start.sh, que o cria")
    sys.path.insert(0, str(ROOT))
