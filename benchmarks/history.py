"""All of history: capture against `COPY`, pandas and row-by-row; materialization against one CTAS.

    .venv/bin/python -m benchmarks.history [--scale 1.0] [--growth]

Serves the sample portal on this machine, all in one run and in turn: (a) the floor: psql's `COPY`
of the parsed CSVs into an empty table; (b) ours, cold, on two Dask workers (whose own CPU and
memory are not counted), and with nothing new; (c) the usual way: pandas reads every file, `to_sql`
writes 20 000 rows (extrapolated); (d) `INSERT` row by row, 5 000 rows (extrapolated), in one
transaction and with one each. Then materialization: full, nothing new, after one new release, and
the model's own SELECT as one hand-written `CREATE TABLE AS`. `--growth`: cost per row at four
scales.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg2

from benchmarks.measuring import (
    DATABASE,
    ROOT,
    Measure,
    dask_cluster,
    environment,
    floor,
    keep,
    psql,
    run,
    table,
)
from pipeline import embedded
from sample.generate import generate
from sample.portal import Portal
from sample.releases import RELEASES

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
INSERTED_ROWS = 5_000
GROWTH = (0.25, 0.5, 1.0, 2.0)


def usual_way(files: Path, socket_dir: Path) -> tuple[Measure, int]:
    """Read all files as one would with pandas, write one; return the measure and the rows lost."""
    import pandas as pd  # noqa: PLC0415 - its memory is its own
    import sqlalchemy  # noqa: PLC0415

    engine = sqlalchemy.create_engine(
        f"postgresql+psycopg2://{embedded.OWNER}@/{DATABASE}?host={socket_dir}"
    )
    expected = read = 0
    started, cpu = time.perf_counter(), time.process_time()
    for release in RELEASES:
        expected += count_truth(files, release.label)
        try:
            frame = read_frame(files / release.name)
        except (UnicodeDecodeError, pd.errors.ParserError):
            continue
        read += len(frame)
    reading, reading_cpu = time.perf_counter() - started, time.process_time() - cpu
    sample = frame.head(20_000)
    started, cpu = time.perf_counter(), time.process_time()
    sample.to_sql("pandas", engine, if_exists="replace", index=False)
    share = read / len(sample)
    return Measure(
        "pandas + to_sql (escrita extrapolada)",
        reading + (time.perf_counter() - started) * share,
        reading_cpu + (time.process_time() - cpu) * share,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        read,
    ), expected - read


def read_frame(path: Path) -> pd.DataFrame:
    """Read a file with the defaults one starts with."""
    import pandas as pd  # noqa: PLC0415

    if path.suffix == ".xlsx":
        return pd.read_excel(path)
    return pd.read_csv(path, sep=";", low_memory=False)


def row_by_row(files: Path, socket_dir: Path, *, autocommit: bool) -> Measure:
    """Insert rows one at a time, in one transaction or one each; extrapolate to all rows."""
    frame = read_frame(files / RELEASES[0].name).head(INSERTED_ROWS)
    expected = sum(count_truth(files, release.label) for release in RELEASES)
    connection = psycopg2.connect(host=str(socket_dir), user=embedded.OWNER, dbname=DATABASE)
    connection.autocommit = autocommit
    places = ", ".join(["%s"] * len(frame.columns))
    columns = ", ".join(f"c{number} text" for number in range(len(frame.columns)))
    started, cpu = time.perf_counter(), time.process_time()
    with connection.cursor() as cursor:
        cursor.execute(f"create table uma_a_uma ({columns})")
        for _, row in frame.iterrows():
            cursor.execute(f"insert into uma_a_uma values ({places})", [str(v) for v in row])
        if not autocommit:
            connection.commit()
        share = expected / len(frame)
        wall, cpu = (time.perf_counter() - started) * share, (time.process_time() - cpu) * share
        cursor.execute("drop table uma_a_uma")
    connection.commit()
    connection.close()
    how = "uma transação por linha" if autocommit else "uma transação"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measure(f"INSERT linha a linha, {how} (extrapolado)", wall, cpu, peak, expected)


def apart(work: Callable[..., T], *arguments: Any, **more: Any) -> T:
    """Do the work in a process of its own, so that the memory it takes is counted there."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *arguments, **more).result()


def count_truth(files: Path, label: str) -> int:
    """Count the rows that a release really has."""
    with (files / "truth" / f"{label}.typed.csv").open("rb") as stream:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: stream.read(1 << 20), b"")) - 1


def handwritten(data: Path) -> str:
    """Return the model's own SELECT, as dbt compiled it, as one `CREATE TABLE AS`."""
    (path,) = (data / "dbt" / "compiled").rglob("historic_transformed.sql")
    return f"create table a_mao as {path.read_text()};"


def capture_and_materialize(folder: Path, portal: Portal, files: Path) -> str:
    """Measure everything at one scale; return both tables."""
    data = folder / "dados"
    env = environment(portal.url, data, folder / "logs")
    socket_dir = embedded.start(data / "postgres")
    try:
        total = sum(count_truth(files, release.label) for release in RELEASES)
        newest = files / RELEASES[-1].name
        cold = run("historic_capture", env)
        nothing = run("historic_capture", env)
        other = env | {"DB_NAME": "no_cluster", "DATA_DIR": str(folder / "cluster")}
        (folder / "cluster").mkdir()
        (folder / "cluster" / "postgres").symlink_to(data / "postgres")
        with dask_cluster(other) as address:
            cluster = run("historic_capture", other | {"DASK_ADDRESS": address})
        csvs = sorted((data / "parsed").rglob("terceirizados.csv"))
        base = floor(socket_dir, csvs, total)
        whole, lost = apart(usual_way, files, socket_dir)
        by_row = [apart(row_by_row, files, socket_dir, autocommit=auto) for auto in (False, True)]
        full = run("historic_materialize", env)
        parts = parts_of_materialization(socket_dir)
        once = run("historic_materialize", env)
        by_hand = psql("um CREATE TABLE AS à mão", socket_dir, handwritten(data), total)
        portal.replace(newest.name, (files / RELEASES[-2].name).read_bytes())
        run("historic_capture", env)
        after_one = run("historic_materialize", env)
    finally:
        embedded.stop(data / "postgres")
    cold = Measure("nós: do portal às tabelas", cold.wall_s, cold.cpu_s, cold.peak_mb, total)
    captures = [
        base,
        cold,
        Measure("nós: em dois processos Dask", cluster.wall_s, 0, 0, total),
        rename(nothing, "nós: nada de novo"),
        whole,
        *by_row,
    ]
    builds = [
        by_hand,
        rename(full, "nós: tudo, com os testes"),
        rename(after_one, "nós: depois de uma versão nova"),
        rename(once, "nós: nada de novo"),
    ]
    return (
        f"{total} linhas em {len(csvs)} arquivos\n\n{table(captures, base)}\n\n"
        f"Linhas perdidas: nós 0; pandas {lost}.\n\n{table(builds, by_hand)}\n\n{parts}"
    )


def parts_of_materialization(socket_dir: Path) -> str:
    """Say what the only materialization so far spent its time on; two models run at a time."""
    connection = psycopg2.connect(host=str(socket_dir), user=embedded.OWNER, dbname=DATABASE)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select tipo, case when no like '%historic_%' then 'staging' else 'marts' end as onde, "
            "sum(segundos) from public.resultados_dbt group by 1, 2 order by 2 desc, 1"
        )
        parts = [f"{where} ({kind}) {seconds:.1f} s" for kind, where, seconds in cursor]
        cursor.execute(
            "select mensagem from public.registros where mensagem like '%índices da busca%'"
        )
        parts += [text for (text,) in cursor]
    connection.close()
    return f"Em que a materialização completa gasta o tempo: {'; '.join(parts)}."


def rename(one: Measure, name: str) -> Measure:
    """Return the same measure under the name that the table shows."""
    return Measure(name, one.wall_s, one.cpu_s, one.peak_mb, one.rows)


def growth(folder: Path) -> str:
    """Capture all of history at several scales; return the cost per row of each."""
    lines = [
        "| escala | linhas | captura (s) | µs por linha | pico (MB) |",
        "|--:|--:|--:|--:|--:|",
    ]
    for scale in GROWTH:
        files = sample_files(scale)
        data = folder / f"dados-{scale}"
        total = sum(count_truth(files, release.label) for release in RELEASES)
        with Portal(files) as portal:
            cold = run("historic_capture", environment(portal.url, data, folder / "logs"))
        embedded.stop(data / "postgres")
        lines.append(
            f"| {scale} | {total} | {cold.wall_s:.1f} | {cold.wall_s / total * 1e6:.1f} "
            f"| {cold.peak_mb:.0f} |"
        )
    return "\n".join(lines)


def sample_files(scale: float) -> Path:
    """Return the sample's files at a scale, made where they are missing."""
    folder = ROOT / "benchmarks" / "data" / f"{scale}"
    generate(folder, scale=scale)
    return folder


def main() -> None:
    """Print the tables and keep them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    files = sample_files(options.scale)
    with tempfile.TemporaryDirectory() as name:
        with Portal(files) as portal:
            text = capture_and_materialize(Path(name), portal, files)
        if options.growth:
            text += "\n\n" + growth(Path(name))
    keep("history", f"{__doc__}\n{text}")


if __name__ == "__main__":
    main()
