"""Another capture project from the template: it is found, clean, and its own test passes."""

import os
import shutil
import subprocess
import sys

import pytest

from flows import projects
from pipeline.errors import ConfigurationError
from pipeline.settings import ROOT

FOLDERS = ("flows", "pipeline", "sample", "run", "viewer")
FILES = ("pyproject.toml", "tests/conftest.py", "tests/viewing.py", "tests/__init__.py")


@pytest.fixture
def copy(tmp_path):
    """A copy of the project in which something may be written."""
    for name in FOLDERS:
        ignored = shutil.ignore_patterns("__pycache__", "files")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    (tmp_path / "tests").mkdir()
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def run(folder, *command):
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_new_project_is_found_clean_and_runs(copy):
    assert projects.add_project("ponto_eletronico", copy) == 0
    for command in (
        ("-m", "ruff", "check", "flows/ponto_eletronico", "tests/test_ponto_eletronico.py"),
        ("-m", "ruff", "format", "--check", "flows/ponto_eletronico", "tests"),
        ("-m", "pytest", "-q", "tests/test_ponto_eletronico.py"),
    ):
        done = run(copy, *command)
        assert done.returncode == 0, done.stdout + done.stderr
    listed = run(copy, "-c", "from flows.projects import list_projects; list_projects()")
    assert "ponto_eletronico       Ponto eletronico: Captura" in listed.stdout, listed.stderr
    assert "a cada 7 days" in listed.stdout


@pytest.mark.parametrize("name", ["Xis", "com-traço", "1a", "class", "a__b", "", "../fora"])
def test_a_name_that_is_not_snake_case_is_refused(copy, name):
    with pytest.raises(ConfigurationError, match="não serve de nome"):
        projects.add_project(name, copy)


@pytest.mark.parametrize("name", ["capture", "adm_cgu_terceirizados", "template", "server"])
def test_reserved_names_are_refused_and_listed(copy, name):
    with pytest.raises(ConfigurationError, match=r"é reservado .*running"):
        projects.add_project(name, copy)


def test_what_is_in_the_way_is_named_before_anything_is_written(copy):
    (copy / "tests" / "test_ponto.py").touch()
    with pytest.raises(ConfigurationError, match=r"já existe: tests/test_ponto\.py"):
        projects.add_project("ponto", copy)
    assert not (copy / "flows" / "ponto").exists()


def test_a_module_that_does_not_import_is_an_error(copy):
    projects.add_project("ponto", copy)
    (copy / "flows" / "ponto" / "tasks.py").write_text("import nada_disso\n")
    listed = run(copy, "-c", "import sys; from flows.projects import *; sys.exit(list_projects())")
    assert listed.returncode == 1
    assert "flows.ponto.flows não pôde ser importado: ModuleNotFoundError" in listed.stderr
    assert "Captura dos Dados" in listed.stdout
    done = run(copy, "-c", "from flows.registry import entries; entries()")
    assert "Corrija o módulo" in done.stderr
