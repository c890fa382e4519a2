"""Roda aqui o flow que FLOW nomeia, com os parâmetros de FLOW_PARAMETERS (JSON)."""

from entry import finish, options, run_here

options(__doc__)


def main() -> int:
    """Run it, its log on the terminal; return its exit status."""
    from flows.registry import entry_named
    from pipeline.settings import load_settings

    settings = load_settings()
    return run_here(entry_named(settings.flow).build(), settings.flow_parameters)


if __name__ == "__main__":
    finish(main)
