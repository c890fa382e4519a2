"""Materializa a história: transforma as versões que mudaram e roda os testes do dbt."""

from entry import REFRESH_TABLES, finish, flow_options, run_flow

arguments = flow_options(__doc__, refresh=REFRESH_TABLES)


def main() -> int:
    """Run the flow and return its exit status."""
    return run_flow("Materialização dos Dados Históricos", arguments)


if __name__ == "__main__":
    finish(main)
