"""The import arrows of the design, and what every module owes its reader."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"run", "flows", "pipeline", "viewer", "sample", "entry"}
ALLOWED = {
    "run": {"flows", "viewer", "pipeline", "entry"},
    "flows": {"flows", "pipeline"},
    "viewer": {"viewer", "pipeline.settings", "pipeline.database", "pipeline.errors"},
    "pipeline": {"pipeline"},
    "sample": {"sample"},
}
ONLY_IN = {"prefect": {"flows"}, "dash": {"viewer"}}


def modules():
    for package in ALLOWED:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield pytest.param(package, path, id=str(path.relative_to(ROOT)))


def imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def is_allowed(name: str, package: str) -> bool:
    """A name is covered by itself, by its package, or by being the package of an allowed one."""
    return any(
        name == allowed or name.startswith(allowed + ".") or allowed.startswith(name + ".")
        for allowed in ALLOWED[package]
    )


@pytest.mark.parametrize(("package", "path"), modules())
def test_imports_follow_the_arrows(package, path):
    for name in imported_names(path):
        top = name.split(".")[0]
        if top in OURS:
            assert is_allowed(name, package), f"{path.name} must not import {name}"
        if top in ONLY_IN:
            assert package in ONLY_IN[top], f"{path.name} must not import {name}"


@pytest.mark.parametrize(("package", "path"), modules())
def test_every_module_says_what_it_is(package, path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_entry_points_stay_short():
    for path in (ROOT / "run").glob("*.py"):
        if path.stem != "entry":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 25, path.name


def test_no_package_shares_a_name_with_a_command():
    commands = {path.stem for path in (ROOT / "run").glob("*.py")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert not commands & packages


def test_the_dbt_folder_is_no_package():
    assert not list((ROOT / "dbt").rglob("__init__.py"))
