"""What stands above the grid: table, release, search, columns, export, count."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import formats, parts, rows, state
from viewer.catalog import Relation
from viewer.releases import Release

FORMATS = {
    "csv": ("CSV", "para o Excel: ponto e vírgula, vírgula decimal"),
    "zip": ("CSV com procedência (ZIP)", "o mesmo, com arquivos, filtros e datas ao lado"),
    "parquet": ("Parquet", "com tipos; a procedência vai dentro"),
}


def toolbar(
    relations: list[Relation],
    relation: Relation,
    current: state.State,
    releases: list[Release],
) -> html.Div:
    """Build the bar of a table."""
    name = relation.full_name
    release = current.view.release
    version = state.label(release) if release else None
    return html.Div(
        [
            dcc.Store(id="dados-atual", data={"tabela": name, "versao": version}),
            dcc.Store(id="dados-linhas"),
            html.Div(
                [
                    _tables(relations, name),
                    _versions(relation, version, releases),
                    _search(relation, current.view.search),
                    _columns(relation, current.columns),
                    _exports(),
                    dmc.Button("Limpar filtros", id="dados-limpar", variant="default", n_clicks=0),
                    html.Div(
                        [
                            html.Span(id="dados-total", **parts.aria(live="polite")),
                            dmc.Button(
                                "contar",
                                id="dados-contar",
                                variant="subtle",
                                size="compact-sm",
                                style={"display": "none"},
                            ),
                        ],
                        className="total",
                    ),
                ],
                className="controles",
            ),
            html.Div(_about(relation), className="sobre"),
        ],
        className="barra",
    )


def _tables(relations: list[Relation], current: str) -> dmc.Select:
    return dmc.Select(
        id="dados-tabela",
        label="Tabela ou visão",
        data=_options(relations),
        value=current,
        searchable=True,
        allowDeselect=False,
        nothingFoundMessage="Nenhuma com esse nome",
        className="escolha",
        maxDropdownHeight=420,
    )


def _versions(relation: Relation, current: str | None, releases: list[Release]) -> html.Div:
    choices = [{"value": state.label(one), "label": formats.release(*one)} for one in releases]
    if not rows.needs_release(relation):
        choices = [{"value": state.ALL, "label": "todas"}, *choices]
    select = dmc.Select(
        id="dados-versao",
        label="Versão",
        data=choices,
        value=current or state.ALL,
        allowDeselect=False,
        className="versoes",
    )
    return html.Div(select, style={} if releases else {"display": "none"})


def _search(relation: Relation, value: str) -> dmc.TextInput:
    is_there = rows.can_search(relation)
    return dmc.TextInput(
        id="dados-busca",
        label="Buscar em todas as colunas de texto",
        placeholder="sem acento, maiúsculas ou minúsculas"
        if is_there
        else "só nas tabelas transformed; aqui, filtre a coluna",
        value=value,
        debounce=400,
        className="busca",
        disabled=not is_there,
    )


def _columns(relation: Relation, names: tuple[str, ...]) -> dmc.Popover:
    columns = relation.columns
    boxes = [
        dmc.Checkbox(value=column.name, label=column.name, description=column.description, mb="xs")
        for column in columns
    ]
    return dmc.Popover(
        [
            dmc.PopoverTarget(dmc.Button("Colunas", variant="default")),
            dmc.PopoverDropdown(
                dmc.ScrollArea(
                    dmc.CheckboxGroup(
                        boxes,
                        id="dados-colunas",
                        value=list(names) or [column.name for column in columns],
                    ),
                    h=420,
                )
            ),
        ],
        width=380,
        position="bottom-end",
        shadow="md",
        keepMounted=True,
        trapFocus=True,
    )


def _exports() -> dmc.Menu:
    return dmc.Menu(
        [
            dmc.MenuTarget(dmc.Button("Exportar", id="dados-exportar", variant="default")),
            dmc.MenuDropdown(
                [
                    dmc.MenuLabel("Exatamente as linhas e colunas filtradas"),
                    *(
                        dmc.MenuItem(
                            [name, dmc.Text(about, size="xs", c="dimmed")],
                            id=f"dados-exportar-{kind}",
                            n_clicks=0,
                        )
                        for kind, (name, about) in FORMATS.items()
                    ),
                ]
            ),
        ],
        keepMounted=True,
        shadow="md",
    )


def _about(relation: Relation) -> list[Any]:
    return [
        dmc.Badge(relation.kind, variant="light", color="gray"),
        dmc.Text(relation.description or "Sem descrição.", size="sm", c="dimmed", lineClamp=2),
    ]


def _options(relations: list[Relation]) -> list[dict[str, Any]]:
    schemas = dict.fromkeys(relation.schema for relation in relations)
    return [
        {
            "group": schema,
            "items": [
                {"value": item.full_name, "label": f"{item.full_name} · {item.kind}"}
                for item in relations
                if item.schema == schema
            ],
        }
        for schema in schemas
    ]
