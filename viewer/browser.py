"""Callbacks that run in the browser; their code is in assets/viewer.js."""

from __future__ import annotations

from typing import Any

from dash import ClientsideFunction


def in_browser(app: Any, name: str, *dependencies: Any) -> None:
    """Let `window.dash_clientside.viewer.<name>` answer for an output, its inputs and states."""
    function = ClientsideFunction("viewer", name)
    app.clientside_callback(function, *dependencies, prevent_initial_call=True)
