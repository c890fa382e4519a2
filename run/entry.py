"""What every command does first and last: the environment, the options, one line on failure."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
DRY_RUN = "só mostra o que seria baixado, e porquê"
REFRESH_CAPTURE = "baixa e carrega outra vez mesmo sem mudança no portal"
REFRESH_TABLES = "refaz as tabelas inteiras mesmo sem nada de novo"
VALUES = {
    "from": ("AAAA-MM", "da versão deste mês em diante"),
    "to": ("AAAA-MM", "até a versão deste mês"),
    "file": ("ARQUIVO", "lê este arquivo do disco em vez do portal"),
}


def options(description: str, *, values: Sequence[str] = (), **flags: str) -> argparse.Namespace:
    """Enter the project's environment and read the options; each flag comes with its help.

    `values` are options that take a value, of those in VALUES.
    """
    _enter_environment()
    parser = argparse.ArgumentParser(description=description)
    for name in values:
        metavar, text = VALUES[name]
        parser.add_argument(f"--{name}", default="", metavar=metavar, help=text)
    for name, text in flags.items():
        parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=text)
    parser.add_argument(
        "--demo", action="store_true", help="usa o portal de exemplo e um banco só dele"
    )
    arguments = parser.parse_args()
    if vars(arguments).pop("demo"):
        os.environ["DEMO"] = "1"
    return arguments


def finish(work: Callable[[], int]) -> NoReturn:
    """Do the work and exit with its status; an error becomes one line that says what to do."""
    from pipeline.errors import PipelineError

    try:
        sys.exit(work())
    except PipelineError as error:
        fail(error.exit_status, str(error))
    except KeyboardInterrupt:
        fail(130, "interrompido; o que já estava nas tabelas continua lá. Rode o comando de novo")


def run_flow(build: Callable[[], Any], **parameters: Any) -> int:
    """Run a flow here; on failure print one line per cause. Return the exit status."""
    from flows.outcome import exit_status, failures
    from flows.running import run_local
    from pipeline.errors import PipelineError

    state = run_local(build(), parameters)
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
