"""Downloading over real HTTP: whole, once, patient, and nothing half left behind."""

import json
import resource
import time
from dataclasses import replace

import pytest

from pipeline.download import PortalClient, file_sha256
from pipeline.errors import FileError, PortalError, TerminalError
from pipeline.source import find_releases


def client(attempts=3):
    return PortalClient(
        attempts, connect_timeout_s=2, read_timeout_s=1, backoff_s=0.01, retry_after_max_s=1
    )


@pytest.fixture
def newest(portal):
    return find_releases(client().page(portal.url), portal.url).releases[-1]


def visible(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def gets(portal, name):
    return [status for method, path, status in portal.requests if path.endswith(name)]


def test_a_file_arrives_whole_with_what_the_portal_said(portal, newest, tmp_path):
    done = client().file(newest, tmp_path)
    assert done.is_new
    assert done.path.name == "terceirizadossetembro.xlsx"
    assert done.sha256 == file_sha256(done.path)
    assert done.bytes == done.path.stat().st_size
    assert done.etag
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_the_same_file_is_not_sent_twice(portal, newest, tmp_path):
    first = client().file(newest, tmp_path)
    again = client().file(newest, tmp_path)
    assert again == replace(first, is_new=False)
    assert gets(portal, newest.name) == [200, 304]


@pytest.mark.parametrize("damage", ["shorter", "gone", "no manifest"])
def test_a_file_damaged_on_disk_is_fetched_again(portal, newest, tmp_path, damage):
    done = client().file(newest, tmp_path)
    if damage == "shorter":
        done.path.write_bytes(b"PK")
    elif damage == "gone":
        done.path.unlink()
    else:
        (tmp_path / f".{newest.name}.json").write_text("{}")
    assert client().file(newest, tmp_path).is_new
    assert file_sha256(done.path) == done.sha256


def test_a_file_published_again_keeps_its_predecessor(portal, newest, tmp_path):
    first = client().file(newest, tmp_path)
    old = first.path.read_bytes()
    portal.replace(newest.name, (tmp_path / newest.name).read_bytes() + b"\0" * 22)
    try:
        second = client().file(newest, tmp_path)
    finally:
        portal.replace(newest.name, old)
    assert second.is_new
    assert second.sha256 != first.sha256
    kept = tmp_path / f"terceirizadossetembro.{first.sha256[:12]}.xlsx"
    assert kept.read_bytes() == old


@pytest.mark.parametrize("kind", ["503", "cut", "html", "empty", "truncated_ok"])
def test_a_passing_fault_is_tried_again_until_the_file_is_whole(portal, newest, tmp_path, kind):
    portal.misbehave(newest.name, kind, times=2)
    done = client().file(newest, tmp_path)
    assert done.sha256 == file_sha256(done.path)
    assert len(gets(portal, newest.name)) == 3
    assert visible(tmp_path) == [newest.name]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("503", "respondeu 503"),
        ("cut", "cortada no meio"),
        ("html", "página HTML"),
        ("empty", "vazio"),
        ("hang", "parou de responder"),
        ("truncated_ok", "está cortada"),
    ],
)
def test_a_lasting_fault_ends_with_one_line_and_no_file(portal, newest, tmp_path, kind, words):
    portal.misbehave(newest.name, kind)
    with pytest.raises(PortalError) as caught:
        client(attempts=2).file(newest, tmp_path)
    message = str(caught.value)
    assert words in message
    assert newest.url in message
    assert "2 tentativas" in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_an_answer_that_drips_is_given_up_after_the_deadline(portal, newest, tmp_path, monkeypatch):
    monkeypatch.setattr("pipeline.download.ANSWER_DEADLINE_S", 0.6)
    portal.misbehave(newest.name, "drip", times=1)
    assert client(attempts=2).file(newest, tmp_path).is_new
    portal.misbehave(newest.name, "drip")
    (tmp_path / f".{newest.name}.json").unlink()
    with pytest.raises(PortalError, match="não chegou inteira em"):
        client(attempts=1).file(newest, tmp_path)


def test_yesterdays_file_survives_a_portal_in_trouble(portal, newest, tmp_path):
    done = client().file(newest, tmp_path)
    (tmp_path / f".{newest.name}.json").unlink()
    portal.misbehave(newest.name, "cut")
    with pytest.raises(PortalError):
        client(attempts=1).file(newest, tmp_path)
    assert file_sha256(done.path) == done.sha256


def test_a_404_is_not_tried_again(portal, newest, tmp_path):
    portal.misbehave(newest.name, "404")
    with pytest.raises(PortalError, match=r"respondeu 404.*1 tentativa"):
        client().file(newest, tmp_path)
    assert gets(portal, newest.name) == [404]


def test_retry_after_is_obeyed_within_reason(portal, newest, tmp_path):
    portal.misbehave(newest.name, "503", times=1, retry_after=1)
    started = time.monotonic()
    client().file(newest, tmp_path)
    assert time.monotonic() - started >= 1


def test_a_portal_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PortalError, match=r"http://127\.0\.0\.1:9/x falhou em 2 tentativas"):
        client(attempts=2).page("http://127.0.0.1:9/x")


def test_a_full_disk_is_named_and_nothing_half_is_left(portal, newest, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(TerminalError, match=newest.name):
            client().file(newest, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_an_old_or_protected_spreadsheet_is_said_to_be_one(portal, newest, tmp_path):
    old = client().file(newest, tmp_path / "antes").path.read_bytes()
    portal.replace(newest.name, b"\xd0\xcf\x11\xe0" + b"x" * 5000)
    try:
        with pytest.raises(FileError, match="protegida por senha"):
            client().file(newest, tmp_path / "depois")
    finally:
        portal.replace(newest.name, old)


def test_the_manifest_is_readable(portal, newest, tmp_path):
    done = client().file(newest, tmp_path)
    manifest = json.loads((tmp_path / f".{newest.name}.json").read_text())
    assert manifest["sha256"] == done.sha256
    assert manifest["url"] == newest.url
