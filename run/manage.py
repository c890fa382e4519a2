"""Outros projetos de captura ao lado deste: cria um a partir do modelo, lista os que há."""

from entry import commands, finish

arguments = commands(
    __doc__,
    {
        "add-project": ("NOME", "cria um projeto que já roda: constantes, tarefas, flow, agenda"),
        "list-projects": ("", "mostra projetos, flows, agendas, etiquetas e nomes reservados"),
    },
)


def main() -> int:
    """Carry out the command."""
    from flows.projects import add_project, list_projects

    if arguments.command == "add-project":
        return add_project(arguments.argument)
    return list_projects()


if __name__ == "__main__":
    finish(main)
