"""One release from the portal to the tables: download, parse, write the CSV, load."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import database, ledger, memory
from pipeline.download import Download, PortalClient, file_sha256, forget, path_of
from pipeline.errors import ConfigurationError, FileError
from pipeline.selection import Plan
from pipeline.settings import Settings
from pipeline.source import Listing, Release, find_releases, release_from_name

if TYPE_CHECKING:
    from pipeline.parsed import Parsed

logger = logging.getLogger(__name__)
_one_at_a_time = threading.Lock()  # one file is parsed while another is loaded: memory stays flat


@dataclass(frozen=True)
class CaptureResult:
    """What a capture did with one release. `is_new` is False when nothing had changed."""

    release: Release
    is_new: bool
    lines: int = 0
    loaded: int = 0
    repaired: int = 0
    set_aside: int = 0
    seconds: float = 0.0


def list_releases(settings: Settings) -> Listing:
    """Read the portal's page; log what on it is no file of ours."""
    client = PortalClient(settings.download_attempts)
    listing = find_releases(client.page(settings.page_url), settings.page_url)
    for note in listing.notes:
        logger.info("%s", note)
    newest = listing.releases[-1]
    logger.info(
        "%d versões na página, a mais nova é %s (%s)",
        len(listing.releases),
        newest.label,
        newest.name,
    )
    return listing


def releases_of_file(path: Path) -> list[Release]:
    """Return the releases that a file on disk holds: the one in its name, or those in its rows.

    Raises ConfigurationError when there is no such file, FileError when neither says a month.
    """
    from pipeline import parse  # noqa: PLC0415 - slow to import

    if not path.is_file():
        raise ConfigurationError(f"--file={path}: não há esse arquivo")
    url = path.resolve().as_uri()
    named = release_from_name(url)
    if named:
        return [named]
    found = parse.periods(parse.parse(path))
    if not found:
        raise FileError(
            f"{path.name} não diz de que mês é, nem no nome nem nas linhas. Ponha ano e mês no "
            "nome (por exemplo terceirizados_202405.csv)"
        )
    return [Release(*period, url=url, only_its_rows=len(found) > 1) for period in found]


def capture_release(
    settings: Settings, release: Release, run_id: str | None, *, refresh: bool = False
) -> CaptureResult:
    """Bring one release into the tables, unless they hold this very file already.

    With `refresh` it is downloaded and loaded again all the same. Raises a PipelineError that
    names the file; the tables keep what they held then.
    """
    started = time.monotonic()
    folder = settings.data_dir / "raw" / _partition(release)
    client = PortalClient(settings.download_attempts)
    if refresh:
        forget(folder / release.name)
    download = client.file(release, folder)
    with database.transaction(settings) as connection:
        is_known = ledger.is_current(connection, release, download.sha256)
    if is_known and not refresh:
        logger.info("%s (%s): sem mudança", release.label, release.name)
        return CaptureResult(release, is_new=False)
    if not download.is_new and file_sha256(download.path) != download.sha256:
        logger.warning("%s mudou no disco; baixando outra vez", download.path)
        forget(download.path)
        download = client.file(release, folder)
    # Slow to import, and not needed where nothing has changed.
    from pipeline.load import load  # noqa: PLC0415

    parsed, warnings = _read(settings, release, download)
    seconds = time.monotonic() - started
    found = ledger.Capture(release, download, parsed, warnings, seconds, run_id)
    is_new = load(settings, found, refresh=refresh)
    result = CaptureResult(
        release,
        is_new=is_new,
        lines=parsed.lines,
        loaded=parsed.rows.num_rows,
        repaired=parsed.repaired,
        set_aside=len(parsed.set_aside),
        seconds=time.monotonic() - started,
    )
    _report(result)
    del parsed, found
    memory.release()
    return result


def _read(
    settings: Settings, release: Release, download: Download
) -> tuple[Parsed, tuple[str, ...]]:
    """Parse the file, write its CSV; return it with what people should know of it."""
    from pipeline import parse  # noqa: PLC0415 - slow to import

    try:
        with _one_at_a_time:
            parsed = parse.parse(download.path)
            memory.release()
    except FileError:
        forget(download.path)  # so that the next capture fetches it again, whatever the portal says
        raise
    if release.only_its_rows:
        parsed = parse.only_period(parsed, release.year, release.month)
    warnings = parsed.warnings + parse.period_warnings(parsed, release)
    for warning in warnings:
        logger.warning("%s", warning)
    target = settings.data_dir / "parsed" / _partition(release) / "terceirizados.csv"
    parse.write_csv(parsed, target)
    return parsed, warnings


def plan(settings: Settings, releases: Sequence[Release], *, refresh: bool = False) -> list[Plan]:
    """Say what a capture would do with each release, without bringing or changing anything."""
    client = PortalClient(settings.download_attempts)
    with database.transaction(settings) as connection:
        known = {release: ledger.current(connection, release) for release in releases}
    return [_plan(client, release, known[release], refresh=refresh) for release in releases]


def _plan(
    client: PortalClient, release: Release, known: ledger.Known | None, *, refresh: bool
) -> Plan:
    if known is None:
        return Plan(release, is_needed=True, reason="ainda não capturada")
    if refresh:
        return Plan(release, is_needed=True, reason="refazer foi pedido")
    if known.url != release.url:
        return Plan(release, is_needed=True, reason=f"outro arquivo: antes {known.url}")
    if release.url.startswith("file:"):
        is_same = known.sha256 == file_sha256(path_of(release.url))
        reason = "já carregado" if is_same else "o arquivo mudou"
        return Plan(release, is_needed=not is_same, reason=reason)
    etag, modified = client.headers(release.url)
    if (etag or modified) and (etag, modified) == (known.etag, known.last_modified):
        return Plan(release, is_needed=False, reason="sem mudança no portal")
    return Plan(release, is_needed=True, reason="publicada de novo no portal")


def _report(result: CaptureResult) -> None:
    level = logging.WARNING if result.set_aside else logging.INFO
    logger.log(
        level,
        "%s (%s): %d linhas, %d carregadas, %d reparadas, %d separadas em %.1f s%s",
        result.release.label,
        result.release.name,
        result.lines,
        result.loaded,
        result.repaired,
        result.set_aside,
        result.seconds,
        "; veja public.quarentena" if result.set_aside else "",
    )


def _partition(release: Release) -> Path:
    return Path(f"ano={release.year}", f"mes={release.month:02d}")
