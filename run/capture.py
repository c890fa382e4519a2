"""Captura a versão mais nova do portal, ou um arquivo do disco: lê e carrega no banco."""

from entry import DRY_RUN, REFRESH_CAPTURE, finish, options, run_flow

arguments = options(__doc__, values=("file",), dry_run=DRY_RUN, refresh=REFRESH_CAPTURE)


def main() -> int:
    """Run the flow here and return its exit status."""
    from flows.capture import build

    return run_flow(build, **vars(arguments))


if __name__ == "__main__":
    finish(main)
