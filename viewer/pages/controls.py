"""Filters that live in the address, and the way from one page of a list to the next.

A control's id is `<page>-<name>`: its value is the parameter `name` (assets/address.js).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dash
import dash_mantine_components as dmc
from dash import ClientsideFunction, Input, Output, State, dcc, html

from viewer import address, formats, parts
from viewer.releases import Release
from viewer.state import label


def choice(
    control_id: str, title: str, options: Iterable[tuple[str, str]], value: str, none: str
) -> dmc.Select:
    """Show a choice among (value, label); `none` is what an empty choice means."""
    return dmc.Select(
        id=control_id,
        label=title,
        data=[{"value": name, "label": text} for name, text in options],
        value=value or None,
        placeholder=none,
        clearable=True,
        searchable=True,
        openOnFocus=False,
        nothingFoundMessage="Nada com esse nome",
        clearButtonProps=parts.aria(label=f"Limpar {title.lower()}"),
        className="filtro",
    )


def release(
    control_id: str,
    known: Sequence[Release],
    value: Release | None,
    none: str = "todas",
    title: str = "Versão",
) -> dmc.Select:
    """Show the choice of a release; `none` is what an empty choice means."""
    options = [(label(one), formats.release(*one)) for one in known]
    return choice(control_id, title, options, label(value) if value else "", none)


def levels(control_id: str, value: Sequence[str]) -> dmc.MultiSelect:
    """Show the choice of the levels of log lines."""
    return dmc.MultiSelect(
        id=control_id,
        label="Níveis",
        placeholder="" if value else "todos",
        data=[{"value": name, "label": level[0]} for name, level in parts.LEVELS.items()],
        value=list(value),
        clearable=True,
        clearButtonProps=parts.aria(label="Limpar níveis"),
        className="filtro",
    )


def day(control_id: str, title: str, value: date | None) -> dmc.TextInput:
    """Show a field for a day; the browser brings its own calendar."""
    return dmc.TextInput(
        id=control_id,
        label=title,
        value=value.isoformat() if value else "",
        debounce=600,
        inputProps={"type": "date"},
        className="filtro dia",
    )


def text(
    control_id: str, value: str, where: str = "na mensagem ou na tarefa, sem acento"
) -> dmc.TextInput:
    """Show a field for a search; `where` says what is searched."""
    return dmc.TextInput(
        id=control_id,
        label="Texto",
        placeholder=where,
        value=value,
        debounce=400,
        className="busca",
    )


def said(page: str, kept: Mapping[str, str]) -> dcc.Store:
    """Keep what the controls of a page said when it was built: anything else is a change."""
    return dcc.Store(id=f"{page}-dito", data=dict(kept))


def follow(app: dash.Dash, page: str, *names: str) -> None:
    """Let these controls open their page again, with their values in its address."""
    _in_browser(app, "follow", Output("endereco", "search", allow_duplicate=True), page, names)


def keep(app: dash.Dash, page: str, *names: str) -> None:
    """Let these controls put their values into the address; nothing is opened again."""
    _in_browser(app, "keep", Output(f"{page}-dito", "data"), page, names)


def _in_browser(app: Any, function: str, output: Output, page: str, names: Sequence[str]) -> None:
    app.clientside_callback(
        ClientsideFunction("address", function),
        output,
        *(Input(f"{page}-{name}", "value") for name in names),
        State(f"{page}-dito", "data"),
        prevent_initial_call=True,
    )


def notices(problems: Iterable[str]) -> list[dmc.Alert]:
    """Show what an address says wrongly."""
    return [dmc.Alert(problem, color="yellow", withCloseButton=True) for problem in problems]


def clamped(page: int, total: int, size: int) -> int:
    """Return the page that exists nearest to the one asked for, from 1."""
    return min(page, max(-(-total // size), 1))


def pages(
    path: str, kept: Mapping[str, str], window: tuple[int, int, int], what: tuple[str, str]
) -> html.Nav:
    """Show which page of a list this is, and links to its neighbours.

    `kept` are the parameters of the address, `window` is (page from 1, rows a page, rows in all),
    `what` the rows' name for one and for more.
    """
    page, size, total = window
    last = max(-(-total // size), 1)
    count = f"{formats.number(total)} {what[0] if total == 1 else what[1]}"
    place = f", página {formats.number(page)} de {formats.number(last)}" if last > 1 else ""
    links: list[Any] = [dmc.Text(count + place, size="sm", c="dimmed")]
    for number, words in ((page - 1, "← anterior"), (page + 1, "próxima →")):
        if 1 <= number <= last:
            query = {**kept, "pagina": str(number) if number > 1 else ""}
            links.append(dcc.Link(words, href=address.to(path, query)))
    return html.Nav(dmc.Group(links), className="paginas", **parts.aria(label="Páginas"))
