"""Materializa a versão mais nova: roda os modelos e os testes do dbt."""

from entry import REFRESH_TABLES, finish, options, run_flow

arguments = options(__doc__, refresh=REFRESH_TABLES)


def main() -> int:
    """Run the flow here and return its exit status."""
    from flows.materialize import build

    return run_flow(build, refresh=arguments.refresh)


if __name__ == "__main__":
    finish(main)
