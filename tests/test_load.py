"""Loading: whole or not at all, once, and the counts add up."""

import threading
from dataclasses import replace

import pytest

from pipeline import database, ledger, load, parse
from pipeline.columns import PUBLISHED
from pipeline.download import Download, file_sha256
from pipeline.errors import DatabaseError
from pipeline.source import Release
from tests.test_parse import FIELDS, HEADER, ROW


@pytest.fixture
def capture(tmp_path):
    def make(text: str, year: int = 2025, month: int = 9) -> ledger.Capture:
        path = tmp_path / f"{year}{month}.csv"
        path.write_text(text, encoding="utf-8")
        release = Release(year, month, f"http://portal.test/{path.name}")
        download = Download(
            path, release.url, file_sha256(path), path.stat().st_size, '"e"', None,
            "2026-05-01T00:00:00+00:00", is_new=True,
        )  # fmt: skip
        return ledger.Capture(release, download, parse.parse(path), ("aviso",), 0.5, "run-1")

    return make


def test_rows_arrive_with_their_lineage(settings, rows, capture):
    assert load.load(settings, capture(f"{HEADER}\n{ROW}\n\n{ROW}\n")) is True
    names = ", ".join(f'"{name}"' for name in PUBLISHED)
    assert rows(f"select {names} from public.raw") == [tuple(FIELDS)] * 2
    assert rows(
        "select ano, mes, arquivo_origem, linha_origem, reparado from public.historic_raw "
        "order by linha_origem"
    ) == [(2025, 9, "20259.csv", 2, False), (2025, 9, "20259.csv", 4, False)]


def test_the_ledger_adds_up_and_set_aside_lines_are_kept(settings, rows, capture):
    load.load(settings, capture(f"{HEADER}\n{ROW}\n\na;b\n"))
    assert rows(
        "select linhas, linhas_cabecalho, linhas_em_branco, linhas_carregadas, linhas_separadas, "
        "vigente, execucao_id, avisos from public.arquivos"
    ) == [(4, 1, 1, 1, 1, True, "run-1", "aviso")]
    assert rows("select ano, mes, arquivo, linha, conteudo, execucao_id from quarentena") == [
        (2025, 9, "20259.csv", 4, "a;b", "run-1")
    ]


def test_a_repaired_line_is_kept_as_it_was_published(settings, rows, capture):
    shifted = ROW.replace("AD'S, LTDA", "AD'S; LTDA")
    load.load(settings, capture(f"{HEADER}\n{ROW}\n{shifted}\n"))
    kept = "select ano, mes, arquivo, linha, conteudo, execucao_id from public.reparos"
    assert rows(kept) == [(2025, 9, "20259.csv", 3, shifted, "run-1")]
    assert rows("select linha_origem from historic_raw where reparado") == [(3,)]
    load.load(settings, capture(f"{HEADER}\n{ROW}\n"))
    assert rows(kept) == []


def test_postgresql_refuses_a_ledger_that_does_not_add_up(settings, capture):
    good = capture(f"{HEADER}\n{ROW}\n")
    with pytest.raises(DatabaseError, match="linhas_fecham"):
        load.load(settings, replace(good, parsed=replace(good.parsed, lines=99)))


def test_the_same_file_twice_changes_nothing(settings, rows, capture):
    same = capture(f"{HEADER}\n{ROW}\n")
    assert load.load(settings, same) is True
    assert load.load(settings, same) is False
    assert rows("select count(*) from public.historic_raw") == [(1,)]
    assert rows("select count(*) from public.arquivos") == [(1,)]


def test_a_file_published_again_replaces_its_release_only(settings, rows, capture):
    load.load(settings, capture(f"{HEADER}\n{ROW}\n", month=5))
    load.load(settings, capture(f"{HEADER}\n{ROW}\nx\n"))
    load.load(settings, capture(f"{HEADER}\n{ROW}\n{ROW}\n{ROW}\n"))
    assert rows("select mes, count(*) from historic_raw group by mes order by mes") == [
        (5, 1),
        (9, 3),
    ]
    assert rows("select count(*) from public.quarentena") == [(0,)]
    assert rows("select mes, vigente from arquivos order by arquivo_id") == [
        (5, True),
        (9, False),
        (9, True),
    ]


def test_raw_is_the_newest_release_whatever_the_order_of_capture(settings, rows, capture):
    load.load(settings, capture(f"{HEADER}\n{ROW}\n{ROW}\n", month=9))
    load.load(settings, capture(f"{HEADER}\n{ROW}\n", month=5))
    assert rows("select mes, count(*) from public.raw group by mes") == [(9, 2)]


def test_a_failure_in_the_middle_leaves_the_old_rows(settings, rows, capture, monkeypatch):
    load.load(settings, capture(f"{HEADER}\n{ROW}\n"))

    def broken(connection, _capture, _difference):
        with connection.cursor() as cursor:
            cursor.execute("select 1 / 0")

    monkeypatch.setattr(ledger, "enter", broken)
    with pytest.raises(DatabaseError):
        load.load(settings, capture(f"{HEADER}\n{ROW}\n{ROW}\n"))
    assert rows("select count(*) from public.raw") == [(1,)]
    assert rows("select count(*) from pg_class where relname like 'chegando%%'") == [(0,)]


def test_two_loads_at_once_neither_double_nor_interleave(settings, rows, capture):
    same = capture(f"{HEADER}\n" + f"{ROW}\n" * 2000)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda: results.append(load.load(settings, same))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False, False, True]
    assert rows("select count(*) from public.historic_raw") == [(2000,)]


def test_readers_never_see_an_empty_table(settings, rows, capture):
    load.load(settings, capture(f"{HEADER}\n{ROW}\n"))
    counts: set[int] = set()
    stop = threading.Event()

    def read():
        connection = database.connect(settings, read_only=True)
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute("select count(*) from public.raw")
                counts.add(cursor.fetchone()[0])
        connection.close()

    thread = threading.Thread(target=read)
    thread.start()
    for number in range(2, 8):
        load.load(settings, capture(f"{HEADER}\n" + f"{ROW}\n" * number))
    stop.set()
    thread.join()
    assert counts <= set(range(1, 8))
    assert len(counts) > 1


def test_every_published_character_survives(settings, rows, capture):
    odd = ROW.replace("CAMPUS", 'a"b,c\\d\x1a é\té')
    load.load(settings, capture(f"{HEADER}\n{odd}\n"))
    assert rows("select nm_unidade_prestacao from public.raw") == [('a"b,c\\d\x1a é\té',)]


def test_a_file_published_again_says_what_came_left_and_changed(settings, rows, capture):
    other = ROW.replace("8761995", "{}")
    first = "\n".join([HEADER, *(other.format(number) for number in (10001, 10002, 10003))])
    second = [other.format(10001), other.format(10002).replace("CAMPUS", "SEDE"), other.format(4)]
    load.load(settings, capture(first + "\n"))
    load.load(settings, capture("\n".join([HEADER, *second, other.format(5)]) + "\n"))
    assert rows(
        "select linhas_novas, linhas_removidas, linhas_alteradas from arquivos order by arquivo_id"
    ) == [(None, None, None), (2, 1, 1)]
