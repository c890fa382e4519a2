"""The settings of this process; tasks that run in another one read their own."""

from __future__ import annotations

from functools import cache

from pipeline.settings import Settings, load_settings


@cache
def current_settings() -> Settings:
    """Return the settings, read once."""
    return load_settings()
