"""The ledger: every captured version of a file, with counts that add up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html

from viewer import address, formats, links, parts, quality
from viewer.address import Asked
from viewer.pool import ReadPool, Row
from viewer.releases import Release
from viewer.state import label

PATH = "/qualidade"
HEADS = (
    "Versão",
    "Arquivo",
    "Cabeçalho",
    "Em branco",
    "Carregadas",
    "Separadas",
    "Linhas",
    "Reparadas",
    "Somas de controle",
    "Capturado em",
)
SIGNS = ("", "", "", "+", "+", "+", "=", "", "", "")
WAYS = {"linhas_novas": "novas", "linhas_removidas": "removidas", "linhas_alteradas": "alteradas"}


def content(pool: ReadPool, _asked: Asked, release: Release | None) -> list[Any]:
    """Show the ledger of all releases, or of one."""
    files, tables = quality.ledger(pool, release), quality.in_tables(pool)
    heads = [
        html.Th([html.Span(sign, className="sinal"), head], scope="col")
        for head, sign in zip(HEADS, SIGNS, strict=True)
    ]
    current = [file for file in files if file["vigente"]]
    body = [row for file in files for row in _rows(file, tables)]
    if len(current) > 1:
        body.append(_total(current))
    table = html.Table(
        [html.Thead(html.Tr(heads)), html.Tbody(body)],
        className="livro",
        **parts.aria(label="Livro de capturas"),
    )
    return [
        dmc.Text(_verdict(current, tables), size="sm"),
        html.Div(table, className="rolagem", tabIndex=0),
    ]


def _verdict(files: list[Row], tables: dict[Release, Row]) -> str:
    open_ones = [label((file["ano"], file["mes"])) for file in files if not _adds_up(file)]
    different = [
        label(release)
        for file in files
        if (release := (file["ano"], file["mes"])) in tables and not _is_same(file, tables[release])
    ]
    closed = (
        f"As linhas não fecham em {', '.join(open_ones)}."
        if open_ones
        else "Em cada arquivo, cabeçalho + em branco + carregadas + separadas = linhas."
    )
    if not tables:
        return f"{closed} As tabelas da história ainda não foram montadas."
    if different:
        return f"{closed} As tabelas diferem do arquivo em {', '.join(different)}."
    return f"{closed} As tabelas têm as mesmas linhas e as mesmas somas."


def _adds_up(file: Row) -> bool:
    kinds = ("linhas_cabecalho", "linhas_em_branco", "linhas_carregadas", "linhas_separadas")
    return bool(sum(file[kind] for kind in kinds) == file["linhas"])


def _is_same(file: Row, table: Row) -> bool:
    """Tell whether a table holds what the file's reading counted and summed."""
    mine = (file["linhas_carregadas"], file["soma_salario"], file["soma_custo"])
    theirs = (table["linhas"], table["salario_total"] or 0, table["custo_total"] or 0)
    return mine == theirs


def _rows(file: Row, tables: dict[Release, Row]) -> list[html.Tr]:
    release = (file["ano"], file["mes"])
    version = label(release)
    is_current = file["vigente"]
    name = formats.release(*release) if is_current else "versão anterior"
    loaded: Any = formats.number(file["linhas_carregadas"])
    if is_current:
        equal = {"ano": release[0], "mes": release[1]}
        loaded = dcc.Link(loaded, href=links.rows(links.HISTORY, equal))
    cells = [
        html.Th(name, scope="row"),
        html.Td(_file(file)),
        _number(formats.number(file["linhas_cabecalho"])),
        _number(formats.number(file["linhas_em_branco"])),
        _number(loaded),
        _number(_lines(file, "linhas_separadas", "separadas", version)),
        _number([formats.number(file["linhas"]), _mark(_adds_up(file), "fecha", "não fecha")]),
        _number(_lines(file, "linhas_reparadas", "reparadas", version)),
        _number([*_sums(file), *(_in_tables(file, tables.get(release)) if is_current else [])]),
        html.Td(_times(file)),
    ]
    rows = [html.Tr(cells, className="" if is_current else "antiga")]
    for text, kind in ((_news(file), "novidade"), (file["avisos"], "aviso")):
        if text:
            note = html.Td(text, colSpan=len(HEADS), className=f"linhas {kind}")
            rows.append(html.Tr(note, className="recado"))
    return rows


def _number(value: Any) -> html.Td:
    return html.Td(value, className="numero")


def _mark(is_right: bool, right: str, wrong: str) -> html.Span:
    words, kind = (f"✓ {right}", "certo") if is_right else (f"✕ {wrong}", "errado")
    return html.Span(words, className=f"marca-{kind}")


def _file(file: Row) -> list[Any]:
    sheet = f"planilha {file['planilha'] or ''}".strip()
    read = f"{file['codificacao']}, separador “{_separator(file)}”"
    header = "com cabeçalho" if file["tem_cabecalho"] else "sem cabeçalho"
    size = f"{formats.number(file['bytes'])} bytes"
    return [
        html.Div(file["arquivo"], className="quebra", title=file["url"]),
        html.Small(f"{read if file['codificacao'] else sheet}, {header}, {size}"),
        html.Small(
            ["sha256 ", html.Code(f"{file['sha256'][:12]}…", title=file["sha256"])],
        ),
    ]


def _separator(file: Row) -> str:
    return "tabulação" if file["separador"] == "\t" else str(file["separador"] or "?")


def _lines(file: Row, column: str, part: str, version: str) -> Any:
    text = formats.number(file[column])
    if not file[column] or not file["vigente"]:
        return text
    return dcc.Link(text, href=address.to(PATH, {"parte": part, "versao": version}))


def _sums(file: Row) -> list[Any]:
    return [
        html.Div(["salários ", formats.money(Decimal(file["soma_salario"]))]),
        html.Div(["custos ", formats.money(Decimal(file["soma_custo"]))]),
    ]


def _in_tables(file: Row, table: Row | None) -> list[Any]:
    if table is None:
        return [html.Small("não está nas tabelas")]
    if _is_same(file, table):
        return [_mark(True, "iguais nas tabelas", "")]
    return [
        _mark(False, "", "diferem nas tabelas"),
        html.Small(f"{formats.number(table['linhas'])} linhas"),
        html.Small(f"salários {formats.money(table['salario_total'] or Decimal(0))}"),
        html.Small(f"custos {formats.money(table['custo_total'] or Decimal(0))}"),
    ]


def _times(file: Row) -> list[Any]:
    captured: Any = formats.moment(file["capturado_em"])
    if file["execucao_id"]:
        captured = dcc.Link(captured, href=links.run(file["execucao_id"]))
    return [
        html.Div(captured, className="quando"),
        html.Small(["baixado em ", html.Span(formats.moment(file["baixado_em"]))]),
        html.Small(f"lido e gravado em {formats.duration(float(file['segundos']))}"),
    ]


def _news(file: Row) -> str:
    """Say how a file that was published again differs from what was there before."""
    if file["linhas_novas"] is None:
        return ""
    ways = [
        f"{formats.number(file[name] or 0)} {word[:-1] if file[name] == 1 else word}"
        for name, word in WAYS.items()
    ]
    return f"Publicado de novo: {', '.join(ways)} em relação à versão anterior."


def _total(files: list[Row]) -> html.Tr:
    def total(column: str) -> html.Td:
        return _number(formats.number(sum(file[column] for file in files)))

    return html.Tr(
        [
            html.Th("Total", scope="row"),
            html.Td(f"{formats.number(len(files))} arquivos"),
            total("linhas_cabecalho"),
            total("linhas_em_branco"),
            total("linhas_carregadas"),
            total("linhas_separadas"),
            total("linhas"),
            total("linhas_reparadas"),
            html.Td(colSpan=2),
        ],
        className="total-geral",
    )
