"""Find the flows: every module below `flows` with a `NAME` and a `build` is one.

A package below `flows` is a project of its own (`run/manage.py add-project` makes one); the modules
beside this one are those of PROJECT. Clocks stand in the project's module `schedules`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

from prefect import Flow
from prefect.schedules import Schedule

import flows
from pipeline.errors import ConfigurationError, TerminalError

PROJECT = "adm_cgu_terceirizados"
ScheduleOf = Callable[[Sequence[str]], Schedule]


@dataclass(frozen=True)
class Entry:
    """One flow: its project, its name, how to build it, and its schedule where it has one."""

    project: str
    name: str
    module: str
    build: Callable[[], Flow]
    schedule: ScheduleOf | None


@dataclass(frozen=True)
class Found:
    """The flows of all projects, and (module, what went wrong) of each that does not import."""

    entries: tuple[Entry, ...]
    errors: tuple[tuple[str, str], ...]


def discover() -> Found:
    """Import every module below `flows`; one that fails is among the errors."""
    modules: list[ModuleType] = []
    errors: list[tuple[str, str]] = []
    for info in pkgutil.walk_packages(flows.__path__, "flows.", onerror=lambda _name: None):
        if info.name == "flows.stored":  # it is made of what is found here
            continue
        try:
            modules.append(importlib.import_module(info.name))
        except Exception as error:  # noqa: BLE001 - whatever a module does, the others go on
            errors.append((info.name, f"{type(error).__name__}: {error}"))
    entries = [_entry(module) for module in modules if hasattr(module, "build")]
    return Found(tuple(sorted(entries, key=lambda one: (one.project, one.name))), tuple(errors))


def entries() -> tuple[Entry, ...]:
    """Return all flows. Raises TerminalError that names each module that does not import."""
    found = discover()
    if found.errors:
        broken = "; ".join(
            f"{module} não pôde ser importado ({why})" for module, why in found.errors
        )
        raise TerminalError(f"{broken}. Corrija o módulo")
    return found.entries


def entry_named(name: str) -> Entry:
    """Return the flow of that name. Raises ConfigurationError that lists the known ones."""
    known = {entry.name: entry for entry in entries()}
    if name not in known:
        raise ConfigurationError(f"não há o flow {name!r}; há: {', '.join(map(repr, known))}")
    return known[name]


def _entry(module: ModuleType) -> Entry:
    parts = module.__name__.split(".")
    project = parts[1] if len(parts) > 2 else PROJECT
    package = module.__name__.rpartition(".")[0]
    try:
        schedules = importlib.import_module(f"{package}.schedules")
    except ModuleNotFoundError:
        known: Mapping[str, ScheduleOf] = {}
    else:
        known = schedules.SCHEDULES
    return Entry(project, module.NAME, module.__name__, module.build, known.get(module.NAME))
