"""Capture and materialize one full-size release, against the floor: plain `COPY` of the same CSV.

    .venv/bin/python -m benchmarks.newest_release

Serves the newest sample release (a spreadsheet of about 75 000 rows) over HTTP on this machine and
runs the commands as a user would, three rounds, each on an empty database; prints the medians.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measuring import ROOT, Measure, environment, floor, keep, run, table
from pipeline import embedded
from sample.generate import generate
from sample.portal import Portal

ROUNDS = 3


def one_round(data: Path, url: str, logs: Path) -> list[Measure]:
    """Measure every command once, the floor last."""
    env = environment(url, data, logs)
    socket_dir = embedded.start(data / "postgres")
    try:
        return [
            run("capture", env),
            run("capture", env),
            run("materialize", env),
            run("materialize", env),
            floor(socket_dir, [data / "parsed" / "ano=2025" / "mes=09" / "terceirizados.csv"]),
        ]
    finally:
        embedded.stop(data / "postgres")


def median(rounds: list[list[Measure]]) -> list[Measure]:
    """Return the median of each command, by wall time."""
    return [
        sorted(same, key=lambda one: one.wall_s)[ROUNDS // 2] for same in zip(*rounds, strict=True)
    ]


def main() -> None:
    """Print the table and keep it."""
    files = ROOT / "benchmarks" / "data" / "newest"
    generate(files, scale=1.0, only=[(2025, 9)])
    with tempfile.TemporaryDirectory() as name, Portal(files) as portal:
        folder = Path(name)
        rounds = [
            one_round(folder / str(number), portal.url, folder / "logs") for number in range(ROUNDS)
        ]
    measures = median(rounds)
    keep("newest", f"{__doc__}\n{table(measures, measures[-1])}")


if __name__ == "__main__":
    main()
