"""Write a release as it is published, and beside it the truth that readers are measured against.

`truth/AAAA-MM.published.csv`: linha, status, the 23 values as a right reader delivers them.
`truth/AAAA-MM.typed.csv`: linha and what the `transformed` layer must hold; empty = null.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv

from sample.people import workforce
from sample.published import NUMBERS, published_table, published_truth, true_values, typed_table
from sample.releases import COLUMNS, RELEASES, TYPICAL_ROWS, SampleRelease
from sample.spreadsheet import write_workbook

NUMERIC_PLACES = frozenset(COLUMNS.index(name) for name in NUMBERS)


def release_tables(release: SampleRelease, scale: float, seed: int) -> tuple[Any, Any]:
    """Return (published, typed): one row per worker, all text; see `sample.published`."""
    largest = max(other.scaled_rows(scale) for other in RELEASES)
    typical = max(40, round(TYPICAL_ROWS * scale))
    workers = workforce(release, release.scaled_rows(scale), typical, largest, seed)
    values = true_values(release, workers)
    return published_table(release, workers, values), typed_table(release, workers, values)


def write_release(release: SampleRelease, folder: Path, scale: float, seed: int) -> None:
    """Write the file and its two truths into `folder`; each appears whole or not at all."""
    published, typed = release_tables(release, scale, seed)
    truth = folder / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    with whole(truth / f"{release.label}.typed.csv") as part:
        pa_csv.write_csv(typed, part)
    del typed  # a spreadsheet needs the memory
    with whole(truth / f"{release.label}.published.csv") as part:
        pa_csv.write_csv(published_truth(release, published), part)
    with whole(folder / release.name) as part:
        if release.is_spreadsheet:
            write_workbook(part, {release.sheet: _sheet_rows(published)}, NUMERIC_PLACES)
        else:
            part.write_bytes(csv_bytes(release, published))


def csv_bytes(release: SampleRelease, published: Any) -> bytes:
    """Return the csv: `;`, LF, no quoting, in the release's encoding, with a header or without."""
    sink = pa.BufferOutputStream()
    options = pa_csv.WriteOptions(include_header=False, delimiter=";", quoting_style="none")
    pa_csv.write_csv(published, sink, options)
    data = bytes(sink.getvalue())
    if release.has_header:
        data = ";".join(COLUMNS).encode() + b"\n" + data
    return data if release.encoding == "utf-8" else data.decode().encode(release.encoding)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `target` when all went well."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _sheet_rows(published: Any) -> Iterable[tuple[str, ...]]:
    yield COLUMNS
    for batch in published.to_batches(max_chunksize=10_000):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
