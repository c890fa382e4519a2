"""The grid of a table: one column definition per column, rows fetched as they scroll into view.

AG Grid Community with the infinite row model. Cells arrive as text, written by `formats.cell`, and
are shown as text: nothing in the data is ever taken for HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag

from viewer.catalog import Column, Relation
from viewer.locale import AG_GRID
from viewer.state import State

PAGE_ROWS = 100
WIDTHS = {"text": 190, "number": 150, "date": 150, "moment": 190, "boolean": 150, "other": 190}
TEXT_OPERATORS = (
    "contains",
    "notContains",
    "equals",
    "notEqual",
    "startsWith",
    "endsWith",
    "anyOf",
    "blank",
    "notBlank",
)
ORDERED_OPERATORS = (
    "equals",
    "notEqual",
    "lessThan",
    "lessThanOrEqual",
    "greaterThan",
    "greaterThanOrEqual",
    "inRange",
    "blank",
    "notBlank",
)
ONE_OF = {
    "displayKey": "anyOf",
    "displayName": "Um destes (separe com ;)",
    "numberOfInputs": 1,
    "predicate": {"function": "answeredByTheServer"},
}
YES_OR_NO = [
    "empty",
    *(
        {
            "displayKey": key,
            "displayName": AG_GRID[key],
            "numberOfInputs": 0,
            "predicate": {"function": "answeredByTheServer"},
        }
        for key in ("true", "false")
    ),
    "blank",
    "notBlank",
]


def table_grid(grid_id: str, relation: Relation, state: State) -> dag.AgGrid:
    """Build the grid of a table with its filters, order and columns already set."""
    view = state.view
    sorts = {item["colId"]: (item["sort"], place) for place, item in enumerate(view.sorts)}
    return dag.AgGrid(
        id=grid_id,
        className="grade",
        rowModelType="infinite",
        columnDefs=[
            _definition(column, sorts)
            | {"hide": bool(state.columns) and column.name not in state.columns}
            for column in relation.columns
        ],
        defaultColDef={"resizable": True, "floatingFilter": True, "minWidth": 90},
        filterModel=dict(view.filters),
        dashGridOptions={
            "theme": {"function": "projectTheme(theme)"},
            "localeText": AG_GRID,
            "cacheBlockSize": PAGE_ROWS,
            "maxBlocksInCache": 30,
            "maxConcurrentDatasourceRequests": 1,
            "infiniteInitialRowCount": 1,
            "suppressFieldDotNotation": True,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "tooltipShowDelay": 500,
            "headerHeight": 52,
            "multiSortKey": "ctrl",
            "rowSelection": {
                "mode": "singleRow",
                "checkboxes": False,
                "enableClickSelection": True,
            },
            "suppressMultiSort": False,
        },
        style={"height": "100%", "width": "100%"},
    )


def _definition(column: Column, sorts: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    definition: dict[str, Any] = {
        "colId": column.name,
        "field": column.name,
        "headerName": f"{column.name}\n{column.type_name}",
        "headerTooltip": column.description or f"{column.name} ({column.type_name})",
        "tooltipField": column.name if column.kind in {"text", "other"} else None,
        "sortable": column.is_sortable,
        "width": max(WIDTHS[column.kind], 9 * len(column.name) + 62),
        "cellDataType": False,
        "valueFormatter": {
            "function": "params.value == null && params.data ? 'nulo' : params.value"
        },
        "cellClassRules": {"nulo": "params.value == null"},
        **_filter(column),
    }
    if column.kind in {"number", "date", "moment"}:
        definition["type"] = "rightAligned"
    if column.name in sorts:
        definition["sort"], definition["sortIndex"] = sorts[column.name]
    return definition


def _filter(column: Column) -> dict[str, Any]:
    """Return the filter of a column of this kind; its operators are those of `filters.BUILDERS`."""
    common = {"buttons": ["reset"], "debounceMs": 400, "maxNumConditions": 2}
    if column.kind == "boolean":
        parameters = {"filterOptions": YES_OR_NO, "maxNumConditions": 1, "buttons": ["reset"]}
        return {"filter": "agTextColumnFilter", "filterParams": parameters}
    if column.kind == "number":
        parameters = {**common, "filterOptions": ORDERED_OPERATORS, "inRangeInclusive": True}
        return {"filter": "agNumberColumnFilter", "filterParams": parameters}
    if column.kind in {"date", "moment"}:
        parameters = {**common, "filterOptions": ORDERED_OPERATORS, "inRangeInclusive": True}
        return {"filter": "agDateColumnFilter", "filterParams": parameters}
    return {
        "filter": "agTextColumnFilter",
        "filterParams": {
            **common,
            "filterOptions": [ONE_OF if name == "anyOf" else name for name in TEXT_OPERATORS],
        },
    }
