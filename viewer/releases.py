"""The releases in the tables, by year and month."""

from __future__ import annotations

from viewer.pool import ReadPool

Release = tuple[int, int]


def releases(pool: ReadPool) -> list[Release]:
    """Return the releases in the tables, newest first."""
    rows = pool.fetch(
        "select ano, mes from public.arquivos where vigente order by ano desc, mes desc"
    )
    return [(row["ano"], row["mes"]) for row in rows]
