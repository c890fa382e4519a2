"""Errors in two branches: transient ones, which a retry may cure, and terminal ones, which stop.

Every message is one line of Portuguese that names the value, the file or the address, and ends
with what to do next. The entry points turn a class into an exit status (`exit_status`).
"""

from __future__ import annotations


class PipelineError(Exception):
    """Root of all errors this project raises on purpose."""

    exit_status = 1


class TransientError(PipelineError):
    """Something outside failed for now: another attempt may succeed."""


class TerminalError(PipelineError):
    """Another attempt would fail in the same way."""


class ConfigurationError(TerminalError):
    """Wrong use or configuration: a person has to change something first."""

    exit_status = 2


class PortalError(TransientError):
    """The portal did not answer as it should, after all attempts."""


class PageError(TerminalError):
    """The portal answered, but not with the page that lists the releases."""


class FileError(TerminalError):
    """A published file is not what it should be: not a table, or of another dataset."""


class DatabaseUnavailableError(TransientError):
    """PostgreSQL cannot be reached."""


class DatabaseError(TerminalError):
    """PostgreSQL refused a statement."""


class TransformError(TerminalError):
    """dbt ended with an error in a model, or a test failed."""
