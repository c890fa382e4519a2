"""Captura a versão mais nova do portal: baixa, lê e carrega no banco."""

from entry import finish, options, run_flow

options(__doc__)


def main() -> int:
    """Run the flow here and return its exit status."""
    from flows.capture import build

    return run_flow(build)


if __name__ == "__main__":
    finish(main)
