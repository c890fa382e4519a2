"""Captura e materializa em 1º de janeiro, maio e setembro; todo dia de novo até conseguir."""

from entry import finish, flow_options, goes_to_server

arguments = flow_options(__doc__)


def main() -> int:
    """Work until stopped; the demonstration ends by itself."""
    from flows.demonstration import show
    from flows.scheduler import work
    from pipeline.settings import load_settings

    if load_settings().is_demo:
        return show()
    return work(on_server=goes_to_server(arguments))


if __name__ == "__main__":
    finish(main)
