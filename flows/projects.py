"""Other capture projects beside this one: make one from the template, list those there are."""

from __future__ import annotations

import keyword
import re
import sys
from pathlib import Path
from string import Template

from flows.registry import PROJECT, discover
from flows.server import clocks_text, labels_of, project_of, ready
from pipeline.errors import ConfigurationError
from pipeline.report import text_table
from pipeline.settings import ROOT, load_settings

TEMPLATE = Path(__file__).parent / "template"
PARTS = ("__init__", "constants", "tasks", "flows", "schedules")


def add_project(name: str, root: Path = ROOT) -> int:
    """Write `flows/NAME/` and `tests/test_NAME.py` from the template; return 0.

    Raises ConfigurationError, before anything is written, for a name that is not snake_case or is
    taken.
    """
    _check(name, root)
    folder = root / "flows" / name
    targets = {part: folder / f"{part}.py" for part in PARTS}
    targets["test"] = root / "tests" / f"test_{name}.py"
    taken = [str(path.relative_to(root)) for path in [folder, *targets.values()] if path.exists()]
    if taken:
        raise ConfigurationError(
            f"já existe: {', '.join(taken)}. Nada foi escrito; escolha outro nome"
        )
    words = {"project": name, "title": name.replace("_", " ").capitalize()}
    for part, target in targets.items():
        template = Template((TEMPLATE / f"{part}.py.txt").read_text(encoding="utf-8"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(template.substitute(words), encoding="utf-8")
        sys.stdout.write(f"• {target.relative_to(root)}\n")
    sys.stdout.write(
        f"Rode-o: FLOW='{words['title']}: Captura' python run/flow.py. Depois ajuste "
        f"flows/{name}/constants.py; para o servidor: python run/deploy.py\n"
    )
    return 0


def reserved_names(root: Path = ROOT) -> list[str]:
    """Return the names that no project may have: those of our own modules."""
    return sorted({path.stem for path in (root / "flows").glob("*.py")} | {PROJECT, "template"})


def list_projects() -> int:
    """Show every flow with its project, schedule and labels; return 1 where one is broken."""
    settings, found = load_settings(), discover()
    labels = ", ".join(labels_of(settings))
    rows = [
        (project_of(one, settings), one.name, clocks_text(ready(one, settings)), labels, one.module)
        for one in found.entries
    ]
    header = ("projeto", "flow", "quando", "etiquetas", "módulo")
    sys.stdout.write(f"{text_table(header, rows)}\n")
    sys.stdout.write(f"\nNomes reservados: {', '.join(reserved_names())}\n")
    for module, why in found.errors:
        sys.stderr.write(f"erro: {module} não pôde ser importado: {why}\n")
    return int(bool(found.errors))


def _check(name: str, root: Path) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise ConfigurationError(
            f"{name!r} não serve de nome: use letras minúsculas, algarismos e _, como "
            "transporte_rio_onibus"
        )
    if name in reserved_names(root):
        raise ConfigurationError(
            f"{name!r} é reservado ({', '.join(reserved_names(root))}). Escolha outro nome"
        )
