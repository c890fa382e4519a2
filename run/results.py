"""Abre o visualizador das tabelas, execuções e registros em http://localhost:8050."""

from entry import finish, options

options(__doc__)


def main() -> int:
    """Serve until stopped."""
    from pipeline.settings import load_settings
    from viewer.server import serve

    serve(load_settings())
    return 0


if __name__ == "__main__":
    finish(main)
