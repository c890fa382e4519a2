"""Captura a versão mais nova do portal, ou um arquivo do disco: lê e carrega no banco."""

from entry import DRY_RUN, REFRESH_CAPTURE, finish, flow_options, run_flow

arguments = flow_options(__doc__, values=("file",), dry_run=DRY_RUN, refresh=REFRESH_CAPTURE)


def main() -> int:
    """Run the flow and return its exit status."""
    return run_flow("Captura dos Dados", arguments)


if __name__ == "__main__":
    finish(main)
