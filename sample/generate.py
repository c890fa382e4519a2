"""Generate the sample's files: `python -m sample.generate PASTA --scale 0.004`.

A stamp in the folder says of which scale, seed and generator the files are; what is there already
is kept, what is of another stamp is made anew. The bytes depend on the arguments alone.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from sample.files import whole, write_release
from sample.releases import DEFAULT_SCALE, DEFAULT_SEED, RELEASES, SampleRelease, release_of

STAMP = ".amostra.json"
PARALLEL_FROM_SCALE = 0.1
MOST = 6
SOURCES = "files generate people places published releases spreadsheet words"


def generate(
    folder: Path,
    scale: float = DEFAULT_SCALE,
    only: Iterable[tuple[int, int]] | None = None,
    seed: int = DEFAULT_SEED,
) -> None:
    """Make the files of all releases, or of the (year, month) in `only`, that are not there yet.

    `scale` 1.0 gives the real sizes; above 2 the same identifiers come in several files. Raises
    ValueError for a scale that is not above 0 and at most 6, LookupError for a month that is no
    release, OSError when the folder cannot be written.
    """
    if not 0 < scale <= MOST:
        raise ValueError(f"a escala {scale} não serve: use um número acima de 0, até {MOST}")
    wanted = RELEASES if only is None else tuple(release_of(*month) for month in only)
    folder.mkdir(parents=True, exist_ok=True)
    stamp = {"scale": scale, "seed": seed, "generator": _fingerprint()}
    if _read_stamp(folder) != stamp:
        _clear(folder)
        with whole(folder / STAMP) as part:
            part.write_text(json.dumps(stamp), encoding="utf-8")
    missing = [release for release in wanted if not _is_there(folder, release)]
    _write_all(missing, folder, scale, seed)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; exit status 0, or 2 with one line that says what is wrong."""
    parser = argparse.ArgumentParser(prog="sample.generate", description="Gera o portal de exemplo")
    parser.add_argument("folder", type=Path, metavar="PASTA")
    parser.add_argument("--scale", type=float, default=DEFAULT_SCALE, help="1.0 = tamanho real")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    options = parser.parse_args(arguments)
    try:
        generate(options.folder, options.scale, seed=options.seed)
    except (ValueError, OSError) as error:
        print(f"erro: {error}", file=sys.stderr)
        return 2
    print(f"{len(RELEASES)} arquivos em {options.folder}")
    return 0


def _write_all(missing: list[SampleRelease], folder: Path, scale: float, seed: int) -> None:
    """Write the files; large ones in two processes, of which one makes the spreadsheets."""
    write = partial(_write_each, folder=folder, scale=scale, seed=seed)
    if scale < PARALLEL_FROM_SCALE:
        write(missing)
        return
    halves = [
        [r for r in missing if r.is_spreadsheet],
        [r for r in missing if not r.is_spreadsheet],
    ]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        list(pool.map(write, filter(None, halves)))


def _write_each(releases: list[SampleRelease], folder: Path, scale: float, seed: int) -> None:
    for release in releases:
        write_release(release, folder, scale, seed)


def _is_there(folder: Path, release: SampleRelease) -> bool:
    """Tell whether a release is complete: its own file is written last."""
    return (folder / release.name).is_file()


def _read_stamp(folder: Path) -> Any:
    try:
        return json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def _clear(folder: Path) -> None:
    for release in RELEASES:
        (folder / release.name).unlink(missing_ok=True)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in SOURCES.split():
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()[:16]


if __name__ == "__main__":
    sys.exit(main())
