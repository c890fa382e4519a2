"""One way to PostgreSQL, embedded or not: connections, the schema and the read-only role.

`prepare` makes the database, applies `schema/NNNN_*.sql` (each once, in order, in a transaction)
and the role that the viewer uses. `connect` is the only place that opens a connection, and
`translated` the only place that turns a driver's error into one of ours.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import errorcodes, sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a type

from pipeline import embedded
from pipeline.errors import ConfigurationError, DatabaseError, DatabaseUnavailableError
from pipeline.settings import Settings

SCHEMA_DIR = Path(__file__).parent / "schema"
SCHEMAS = ("staging", "marts")
LOCK_TIMEOUT_MS = 3_600_000
MINIMUM_VERSION = 130000
# A refused connection has no error code; its text may be in the server's language.
MISSING = re.compile(r"database .* (does not exist|não existe)|banco de dados .* não existe")
REFUSED = re.compile(
    r"password authentication failed|no password supplied|role \".*\" does not exist"
    r"|no pg_hba.conf entry|permission denied|Peer authentication|autentica[çc][ãa]o",
    re.IGNORECASE,
)


def reader_role(settings: Settings) -> str:
    """Name the role that may only read; one for each database."""
    return f"{settings.db_name}_leitura"


def connection_parameters(settings: Settings, *, read_only: bool = False) -> dict[str, Any]:
    """Return libpq's parameters; starts the embedded server where it does not run."""
    user = reader_role(settings) if read_only else settings.db_user
    password = _reader_password(settings) if read_only else settings.db_password
    if not settings.is_embedded:
        return {
            "host": settings.db_host,
            "port": settings.db_port,
            "user": user,
            "password": password,
            "dbname": settings.db_name,
        }
    folder = settings.data_dir / "postgres"
    socket_dir = embedded.running_socket_dir(folder) or embedded.start(folder)
    return {
        "host": str(socket_dir),
        "port": 5432,
        "user": user if read_only else embedded.OWNER,
        "password": "",
        "dbname": settings.db_name,
    }


def connect(settings: Settings, *, read_only: bool = False, dbname: str = "") -> Connection:
    """Open a connection; with `read_only`, as the role that cannot write.

    Raises ConfigurationError when the server refuses the user, DatabaseUnavailableError when it
    cannot be reached.
    """
    parameters = connection_parameters(settings, read_only=read_only)
    if dbname:
        parameters["dbname"] = dbname
    options = f"-c client_min_messages=warning -c lock_timeout={LOCK_TIMEOUT_MS}"
    if read_only:
        options = "-c default_transaction_read_only=on -c statement_timeout=30000"
    try:
        connection: Connection = psycopg2.connect(
            **parameters, connect_timeout=10, application_name="terceirizados", options=options
        )
    except psycopg2.OperationalError as error:
        raise _connection_error(settings, error) from error
    return connection


@contextmanager
def transaction(settings: Settings) -> Iterator[Connection]:
    """Open a connection for one transaction: committed at the end, rolled back on any error."""
    with translated():
        connection = connect(settings)
        try:
            with connection:
                yield connection
        finally:
            connection.close()


@contextmanager
def exclusive(settings: Settings, name: str) -> Iterator[bool]:
    """Hold a lock of that name in the database; give False where another process holds it.

    The lock is gone with the process, also one that was killed.
    """
    with translated():
        connection = connect(settings)
    try:
        with translated(), connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(hashtext(%s))", [name])
            is_ours = cursor.fetchone() == (True,)
        connection.commit()
        yield is_ours
    finally:
        connection.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours: transient where another attempt may succeed."""
    try:
        yield
    except psycopg2.Error as error:
        message = _first_line(error)
        if isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)) and (
            error.pgcode is None or error.pgcode.startswith(("08", "57P", "40"))
        ):
            raise DatabaseUnavailableError(
                f"a conexão com o PostgreSQL caiu: {message}. Verifique o servidor e repita"
            ) from error
        if error.pgcode == errorcodes.DISK_FULL:
            message += " (disco cheio: libere espaço)"
        raise DatabaseError(f"o PostgreSQL recusou: {message} [{error.pgcode}]") from error


def prepare(settings: Settings, *, dbname: str = "") -> None:
    """Make the database, its tables, schemas and the read-only role, where they are missing.

    A database of an earlier version is brought to this one's. With `dbname`, another database that
    exists is made to look like that of the settings.
    """
    try:
        connection = connect(settings, dbname=dbname)
    except DatabaseUnavailableError as error:
        if not MISSING.search(str(error)):
            raise
        _create_database(settings)
        connection = connect(settings)
    try:
        with translated():
            _check_version(connection)
            with connection:
                _migrate(connection)
                _grant_reading(connection, settings)
    finally:
        connection.close()


def _check_version(connection: Connection) -> None:
    if connection.server_version < MINIMUM_VERSION:
        raise ConfigurationError(
            f"o servidor é PostgreSQL {connection.server_version // 10000}; é preciso 13 ou mais "
            "novo: ajuste DB_HOST, ou deixe-a vazia para o PostgreSQL embutido"
        )


def _create_database(settings: Settings) -> None:
    connection = connect(settings, dbname="postgres")
    statement = sql.SQL("create database {} encoding 'UTF8' template template0")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement.format(sql.Identifier(settings.db_name)))
    except (psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
        return  # another command has just created it
    except psycopg2.Error as error:
        raise ConfigurationError(
            f"o banco {settings.db_name!r} não existe e não pôde ser criado: {_first_line(error)}. "
            f"Crie-o com: create database {settings.db_name} owner {settings.db_user}"
        ) from error
    finally:
        connection.close()


def _migrate(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('public.migracoes') is not null")
        if not _scalar(cursor):
            cursor.execute("select pg_advisory_xact_lock(hashtext('terceirizados.migracoes'))")
            cursor.execute(
                "create table if not exists public.migracoes "
                "(nome text primary key, momento timestamptz not null default now())"
            )
        cursor.execute("select nome from public.migracoes")
        applied = {row[0] for row in cursor.fetchall()}
        pending = [path for path in sorted(SCHEMA_DIR.glob("*.sql")) if path.name not in applied]
        if not pending:
            return
        cursor.execute("lock table public.migracoes in exclusive mode")
        cursor.execute("select nome from public.migracoes")
        applied = {row[0] for row in cursor.fetchall()}
        for path in pending:
            if path.name not in applied:
                cursor.execute(path.read_text(encoding="utf-8"))
                cursor.execute("insert into public.migracoes (nome) values (%s)", [path.name])


def _grant_reading(connection: Connection, settings: Settings) -> None:
    role = reader_role(settings)
    with connection.cursor() as cursor:
        cursor.execute(
            "select has_schema_privilege(oid, to_regnamespace('marts')::oid, 'usage') "
            "from pg_roles where rolname = %s",
            [role],
        )
        known = cursor.fetchone()
        if known == (True,):
            return
        if known is None:
            _create_role(cursor, settings)
        for schema in ("public", *SCHEMAS):
            names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
            for statement in (
                "create schema if not exists {schema}",
                "grant usage on schema {schema} to {role}",
                "grant select on all tables in schema {schema} to {role}",
                "alter default privileges in schema {schema} grant select on tables to {role}",
            ):
                cursor.execute(sql.SQL(statement).format(**names))


def _create_role(cursor: Any, settings: Settings) -> None:
    role = reader_role(settings)
    try:
        cursor.execute(
            sql.SQL("create role {} login password {}").format(
                sql.Identifier(role), sql.Literal(_reader_password(settings))
            )
        )
    except psycopg2.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"o usuário {settings.db_user!r} não pode criar o papel de leitura {role!r}. Peça ao "
            f"administrador do banco: alter role {settings.db_user} createrole"
        ) from error


def _reader_password(settings: Settings) -> str:
    """Return the reader's password; derived, where no second secret is configured."""
    if settings.db_reader_password:
        return settings.db_reader_password
    key = settings.db_password.encode()
    return hmac.new(key, reader_role(settings).encode(), hashlib.sha256).hexdigest()


def _connection_error(settings: Settings, error: psycopg2.Error) -> Exception:
    message = _first_line(error)
    where = settings.db_host or settings.data_dir / "postgres"
    if REFUSED.search(message) and "database" not in message.split("FATAL:")[-1][:12]:
        return ConfigurationError(
            f"o PostgreSQL em {where} recusou o usuário {settings.db_user!r}: {message}. "
            "Confira DB_USER e DB_PASSWORD no .env"
        )
    return DatabaseUnavailableError(
        f"o PostgreSQL em {where}:{settings.db_port} não respondeu: {message}. "
        "Confira se ele está no ar e DB_HOST e DB_PORT no .env"
    )


def _first_line(error: psycopg2.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _scalar(cursor: Any) -> Any:
    row = cursor.fetchone()
    return row[0] if row else None
