"""Comparar: two releases side by side, person by person and body by body.

In the address: `de` and `para` (AAAA-MM), `mudanca`, `siafi`, `busca`, `pagina`.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import dash
import dash_mantine_components as dmc
from dash import dcc, html

from viewer import address, comparison, formats, links, parts, privacy
from viewer.address import Asked
from viewer.comparison import Answer, Question
from viewer.pages import compare_bodies, controls
from viewer.pool import ReadPool, Row
from viewer.releases import Release
from viewer.state import label

PATH = "/comparar"
TITLE = "Comparar"
PEOPLE_A_PAGE = 25
TABS = {
    "": "Todas as mudanças",
    "entrou": "Entraram",
    "saiu": "Saíram",
    "empresa": "Outra empresa",
    "orgao": "Outro órgão",
    "ocupacao": "Outra ocupação",
    "salario": "Outro salário",
    "custo": "Outro custo",
}
WORDS = {name: title.lower() for name, title in TABS.items()} | {
    "entrou": "entrou",
    "saiu": "saiu",
}
FORMATS = {"csv": "CSV", "zip": "CSV com procedência", "parquet": "Parquet"}
HEADS = ("Pessoa", "O que mudou", "Empresa", "Órgão", "Ocupação", "Salário", "Custo")


def layout(pool: ReadPool, parameters: dict[str, str]) -> list[Any]:
    """Build the page; raises what the pool raises when the database does not answer."""
    heading = parts.heading(
        TITLE, "Quem entrou, quem saiu e o que mudou entre duas versões; a mudança maior primeiro."
    )
    totals = comparison.totals(pool)
    if len(totals) < 2:
        return [heading, _too_few()]
    asked = Asked(parameters)
    known = list(reversed(totals))
    after = asked.release("para", known) or known[0]
    before = asked.release("de", known) or _one_before(known, after)
    bodies = comparison.bodies(pool, Question(before, after))
    names = compare_bodies.names(bodies)
    question = Question(
        before,
        after,
        change=asked.one_of("mudanca", TABS, "mudança"),
        body=asked.one_of("siafi", names, "órgão com o código"),
        search=asked.text("busca"),
        names=not privacy.names_are_hidden(),
    )
    said = {**asked.kept, "de": label(before), "para": label(after)}
    controls_row = html.Div(
        [
            controls.release("comparar-de", known, before, "a anterior", "De"),
            controls.release("comparar-para", known, after, "a mais nova", "Para"),
            controls.choice("comparar-siafi", "Órgão", names.items(), question.body, "todos"),
            controls.text("comparar-busca", question.search, "pessoa ou empresa, sem acento"),
        ],
        className="controles",
    )
    if before == after:
        content = parts.empty("São a mesma versão: escolha duas diferentes.")
    else:
        content = parts.guarded(
            lambda: html.Div(_compared(pool, question, asked, totals, bodies), className="pagina")
        )
    return [
        heading,
        *controls.notices(asked.problems),
        controls.said("comparar", said),
        controls_row,
        content,
    ]


def register(app: dash.Dash, pool: ReadPool) -> None:
    """Add the callbacks: the controls' values into the address."""
    controls.follow(app, "comparar", "de", "para", "siafi", "busca")


def _too_few() -> dmc.Paper:
    return parts.empty(
        "Só se compara quando há duas versões nas tabelas. Para baixar a história, rode:",
        "python run/historic_capture.py",
        "python run/historic_materialize.py",
    )


def _one_before(known: Sequence[Release], after: Release) -> Release:
    """Return the release before this one; of the first, the one after it."""
    place = known.index(after)
    return known[place + 1] if place + 1 < len(known) else known[place - 1]


def _compared(
    pool: ReadPool,
    question: Question,
    asked: Asked,
    totals: dict[Release, Row],
    bodies: list[Row],
) -> list[Any]:
    page = asked.number("pagina")
    answer = comparison.answer(pool, question, page, PEOPLE_A_PAGE)
    last = controls.clamped(page, answer.total(question.change), PEOPLE_A_PAGE)
    if last != page:
        page, answer = last, comparison.answer(pool, question, last, PEOPLE_A_PAGE)
    return [
        _summary(question, answer, totals),
        _people(question, answer, asked, page),
        *([] if question.body else [compare_bodies.section(question, bodies, asked.kept)]),
    ]


def _summary(question: Question, answer: Answer, totals: dict[Release, Row]) -> html.Section:
    before, after = totals[question.before], totals[question.after]
    stayed = answer.same + answer.changed - answer.counts["entrou"] - answer.counts["saiu"]
    shares = [
        ("saiu", "saíram", answer.counts["saiu"]),
        ("mudou", "ficaram, com mudança", stayed - answer.same),
        ("igual", "ficaram iguais", answer.same),
        ("entrou", "entraram", answer.counts["entrou"]),
    ]
    cards = [
        parts.card(
            f"Pessoas em {formats.release(*question.after)}",
            formats.number(after["pessoas"]),
            _against(after["pessoas"], before["pessoas"], question.before),
        ),
        parts.card(
            f"Custo por mês em {formats.release(*question.after)}",
            formats.money(after["custo_total"] or Decimal(0), is_short=True),
            _against(after["custo_total"] or 0, before["custo_total"], question.before),
        ),
        parts.card("Entraram", formats.number(answer.counts["entrou"])),
        parts.card("Saíram", formats.number(answer.counts["saiu"])),
    ]
    return html.Section(
        [
            dmc.SimpleGrid(cards, cols={"base": 2, "lg": 4}),
            _shares(shares),
            html.P(_how_matched(answer), className="nota"),
        ],
        **parts.aria(label="Resumo"),
    )


def _against(now: Any, before: Any, release: Release) -> str:
    change = formats.change(now, before)
    return f"{change} desde {formats.release(*release)}" if change else ""


def _shares(shares: list[tuple[str, str, int]]) -> html.Div:
    """Draw how the people of both releases divide, as one bar with its legend."""
    total = sum(number for _, _, number in shares) or 1
    bar = [
        html.Span(className=name, style={"flexGrow": str(number)}, title=words)
        for name, words, number in shares
        if number
    ]
    legend = [
        html.Li(
            [
                html.Span(className=f"cor {name}"),
                f"{formats.number(number)} {words} ({formats.share(number, total)})",
            ]
        )
        for name, words, number in shares
    ]
    return html.Div([html.Div(bar, className="faixa"), html.Ul(legend)], className="divisao")


def _how_matched(answer: Answer) -> str:
    text = (
        "As pessoas são reconhecidas pelo CPF mascarado e pelo nome, a melhor chave que a fonte "
        "dá: id_terceirizado é de um registro, não de uma pessoa. Um nome escrito de outro modo "
        "conta como uma saída e uma entrada; homônimos com o mesmo trecho de CPF contam como um só."
    )
    if answer.without_key:
        number = formats.number(answer.without_key)
        text += f" Ficaram fora {number} registros sem CPF ou nome."
    return text


def _people(question: Question, answer: Answer, asked: Asked, page: int) -> html.Section:
    total = answer.total(question.change)
    window = (page, PEOPLE_A_PAGE, total)
    table = parts.table(HEADS, [_row(one) for one in answer.people], "Pessoas que mudaram")
    empty = parts.empty("Ninguém, com estes filtros.")
    return parts.section(
        "Pessoa a pessoa",
        _tabs(question, answer, asked.kept),
        html.Div(table, className="mudancas") if answer.people else empty,
        html.Div(
            [
                controls.pages(PATH, asked.kept, window, ("pessoa", "pessoas")),
                html.Span(["Exportar: ", *_exports(question)], className="exportar"),
            ],
            className="controles",
        ),
    )


def _tabs(question: Question, answer: Answer, kept: dict[str, str]) -> html.Nav:
    items = [
        html.Li(
            dcc.Link(
                [title, " ", html.Span(formats.number(answer.total(name)))],
                href=address.to(PATH, {**kept, "mudanca": name, "pagina": ""}),
            ),
            **(parts.aria(current="page") if name == question.change else {}),
        )
        for name, title in TABS.items()
    ]
    return html.Nav(html.Ul(items), className="abas", **parts.aria(label="Mudanças"))


def _exports(question: Question) -> list[Any]:
    parameters = {
        "de": label(question.before),
        "para": label(question.after),
        "mudanca": question.change,
        "siafi": question.body,
        "busca": question.search,
    }
    kept = {name: value for name, value in parameters.items() if value}
    found: list[Any] = []
    for kind, text in FORMATS.items():
        href = f"/exportar/comparacao?{urlencode({**kept, 'formato': kind})}"
        found += [" · " if found else "", html.A(text, href=href, download="")]
    return found


def _row(person: Row) -> list[Any]:
    name = privacy.person(person["nome"])
    return [
        [dcc.Link(name, href=_records(person)), html.Div(person["cpf"], className="discreto")],
        html.Ul([html.Li(WORDS[change]) for change in person["mudancas"]], className="motivos"),
        _pair(person, "empresas", "cnpjs", links.company),
        _pair(person, "orgaos", "siafis", links.body),
        _pair(person, "ocupacoes", "ocupacoes"),
        _amounts(person["salario_antes"], person["salario_depois"]),
        _amounts(person["custo_antes"], person["custo_depois"]),
    ]


def _records(person: Row) -> str:
    """Address the person's records in all of history."""
    key = {"cpf": person["cpf"]}
    if not privacy.names_are_hidden():
        key["nome"] = person["nome"]
    return links.rows(links.HISTORY, key)


def _pair(person: Row, names: str, keys: str, page: Any = None) -> Any:
    """Show what was and what is; once, where it is the same."""
    before, after = person[f"{names}_antes"], person[f"{names}_depois"]
    old, new = person[f"{keys}_antes"], person[f"{keys}_depois"]
    if before is None or after is None or old == new:
        return _listed(after or before, new or old, page)
    return [
        html.Del(_listed(before, old, page)),
        html.Span("→", className="seta"),
        html.Ins(_listed(after, new, page)),
    ]


def _listed(names: Sequence[str | None], keys: Sequence[str | None], page: Any) -> Any:
    texts = "; ".join(name for name in names if name) or "—"
    if page and len(keys) == 1 and keys[0]:
        return dcc.Link(texts, href=page(keys[0]))
    return texts


def _amounts(before: Decimal | None, after: Decimal | None) -> Any:
    if before == after or before is None or after is None:
        return html.Span(_money(before if after is None else after), className="quando")
    return [
        html.Del(_money(before), className="quando"),
        html.Span("→", className="seta"),
        html.Ins(_money(after), className="quando"),
    ]


def _money(value: Decimal | None) -> str:
    return "—" if value is None else formats.money(value)
