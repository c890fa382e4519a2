"""Registra todos os flows no servidor do Prefect; cria antes o tenant e os projetos que faltam."""

from entry import finish, options

arguments = options(__doc__, dry_run="só mostra o que seria registrado")


def main() -> int:
    """Register what changed; return 1 where a flow could not be."""
    from flows.server import deploy
    from pipeline.settings import load_settings

    return deploy(load_settings(), dry_run=arguments.dry_run)


if __name__ == "__main__":
    finish(main)
