"""Every sample release and every sample fault, line by line against its ground truth."""

import csv

import pytest

from pipeline import parse
from pipeline.columns import PUBLISHED
from pipeline.download import PortalClient
from pipeline.errors import FileError
from pipeline.source import find_releases
from sample.faults import FAULTS, build_fault

Line = tuple[int, str, tuple[str, ...]]


def read_lines(parsed) -> list[Line]:
    """Every line that is neither header nor blank: number, what became of it, its values."""
    numbers = parsed.rows.column("linha_origem").to_pylist()
    repaired = parsed.rows.column("reparado").to_pylist()
    values = zip(*(parsed.rows.column(name).to_pylist() for name in PUBLISHED), strict=True)
    lines = [
        (number, "reparada" if is_repaired else "carregada", row)
        for number, is_repaired, row in zip(numbers, repaired, values, strict=True)
    ]
    lines += [(line.line, "separada", ()) for line in parsed.set_aside]
    return sorted(lines)


def test_every_release_of_the_portal_equals_its_truth(portal, sample_files):
    releases = find_releases(PortalClient(1).page(portal.url), portal.url).releases
    assert len(releases) == 21
    for release in releases:
        parsed = parse.parse(sample_files / release.name)
        truth = sample_files / "truth" / f"{release.label}.published.csv"
        with truth.open(encoding="utf-8", newline="") as stream:
            expected = [
                (int(row["linha"]), row["status"], tuple(row[name] for name in PUBLISHED))
                for row in csv.DictReader(stream)
            ]
        assert read_lines(parsed) == expected, release.label
        assert parse.period_warnings(parsed, release) == ()
        assert len(expected) > 100


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_is_read_as_its_truth_says(name, tmp_path):
    fault = build_fault(name)
    path = tmp_path / fault.name
    path.write_bytes(fault.content)
    if fault.is_refused:
        with pytest.raises(FileError, match=fault.name):
            parse.parse(path)
        return
    expected = [(row.line, row.status, tuple(row.values)) for row in fault.truth]
    parsed = parse.parse(path)
    assert read_lines(parsed) == expected
    assert parsed.lines == parsed.header_lines + parsed.blank_lines + len(expected)
