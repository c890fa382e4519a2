"""What the workers look like once published, and what a right reading must give back.

Both tables are built from the workers side by side: the truth of the `transformed` layer is never
read from the published text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sample.people import FOUR_DIGITS, SIX_DIGITS, WORDS_ONLY, Workforce
from sample.places import (
    cnpjs,
    company_names,
    contract_numbers,
    places,
    plain,
    superior_acronyms,
)
from sample.releases import COLUMNS, MONTHS, SampleRelease
from sample.words import FIRST_NAMES, LAST_NAMES, NULLS, OCCUPATIONS, SCHOOLING

FREE_TEXT = ("nm_ug_tabela_ug", "nm_razao_social", "nm_terceirizado", "nm_unidade_prestacao")
NUMBERS = frozenset(
    [
        *("id_terc", "cd_ug_gestora", "nr_contrato", "nr_cnpj", "nm_escolaridade", "nr_jornada"),
        *("vl_mensal_salario", "vl_mensal_custo", "Num_Mes_Carga", "Ano_Carga"),
        *("cd_orgao_siafi", "cd_orgao_siape"),
    ]
)
"""Columns that stand in numeric cells of a spreadsheet wherever they hold digits only."""

FIRST_ACCENT_ROW = 420
TYPED_NAMES = {
    "id_terc": "id_terceirizado",
    "sg_orgao_sup_tabela_ug": "sigla_orgao_superior_unidade_gestora",
    "cd_ug_gestora": "id_unidade_gestora",
    "nm_ug_tabela_ug": "nome_unidade_gestora",
    "sg_ug_gestora": "sigla_unidade_gestora",
    "nr_contrato": "numero_contrato",
    "nr_cnpj": "cnpj_empresa",
    "nm_razao_social": "razao_social_empresa",
    "nr_cpf": "cpf",
    "nm_terceirizado": "nome",
    "nm_unidade_prestacao": "nome_unidade_prestacao",
    "sg_orgao": "sigla_orgao_trabalho",
    "nm_orgao": "nome_orgao_trabalho",
    "cd_orgao_siafi": "id_orgao_siafi",
    "cd_orgao_siape": "id_orgao_siape",
}


def true_values(release: SampleRelease, workers: Workforce) -> dict[str, Any]:
    """Return the columns that are text in both tables: published name → values, null is null."""
    where, unit = places(), workers.unit

    def named(texts: Sequence[str], numbers: Any) -> Any:
        return pa.array([_spell(text, release) for text in texts]).take(pa.array(numbers))

    values = {
        "id_terc": _text(workers.id_terc),
        "sg_orgao_sup_tabela_ug": named(
            superior_acronyms(release.year, release.month), where.unit_superior[unit]
        ),
        "cd_ug_gestora": named(where.unit_codes, unit),
        "nm_ug_tabela_ug": named(where.unit_names, unit),
        "sg_ug_gestora": named(where.unit_acronyms, unit),
        "nr_contrato": named(contract_numbers(), workers.contract),
        "nr_cnpj": named(cnpjs(), workers.company),
        "nm_razao_social": named(company_names(), workers.company),
        "nr_cpf": _cpf(workers.cpf),
        "nm_terceirizado": _full_name(workers, named),
        "nm_unidade_prestacao": named(where.workplaces, workers.workplace),
        "sg_orgao": named(where.body_acronyms, workers.body),
        "nm_orgao": named(where.body_names, workers.body),
        "cd_orgao_siafi": named(where.body_siafi, workers.body),
        "cd_orgao_siape": named(where.body_siape, workers.body),
    }
    if release.is_plain:
        values["nm_unidade_prestacao"] = _late_accents(values["nm_unidade_prestacao"], release)
    if release.is_spreadsheet:
        for name in ("cd_ug_gestora", "nr_contrato", "cd_orgao_siafi", "cd_orgao_siape"):
            values[name] = _number_text(values[name])
    return {name: _without(array, workers.missing.get(name)) for name, array in values.items()}


def typed_table(release: SampleRelease, workers: Workforce, values: dict[str, Any]) -> Any:
    """Return what `transformed` must hold, all as text: `linha`, then its columns; null = none."""
    rows = len(workers.unit)
    codes, words = _occupation(release, workers)
    schooling = pa.array([row[1] for row in SCHOOLING]).take(
        pa.array(workers.schooling, mask=workers.schooling < 0)
    )
    month = f"{release.month}"
    columns = {"linha": _lines(release, rows)}
    columns |= {ours: values[published] for published, ours in TYPED_NAMES.items()}
    columns |= {
        "cbo_2002": _without(codes, workers.missing["nm_categoria_profissional"]),
        "categoria_profissional": _without(words, workers.missing["nm_categoria_profissional"]),
        "escolaridade_exigida": _without(schooling, workers.missing["nm_escolaridade"]),
        "quantidade_horas_semanais": _without(_text(workers.hours), workers.missing["nr_jornada"]),
        "salario_mensal": _money_text(workers.salary),
        "custo_mensal": _money_text(workers.cost),
        "mes": pa.repeat(month, rows),
        "ano": pa.repeat(f"{release.year}", rows),
        "data_referencia": pa.repeat(f"{release.label}-01", rows),
    }
    return pa.table(columns)


def published_table(release: SampleRelease, workers: Workforce, values: dict[str, Any]) -> Any:
    """Return the 23 columns as a right reader must deliver them: text, never null."""
    rows = len(workers.unit)
    columns = dict(values)
    columns["nm_categoria_profissional"] = _without(
        _published_occupation(release, workers), workers.missing["nm_categoria_profissional"]
    )
    columns["nm_escolaridade"] = _published_schooling(workers)
    columns["nr_jornada"] = _without(_text(workers.hours), workers.missing["nr_jornada"])
    columns["vl_mensal_salario"] = _published_money(release, workers.salary)
    columns["vl_mensal_custo"] = _published_money(release, workers.cost)
    columns["Num_Mes_Carga"] = pa.repeat(f"{release.month}", rows)
    columns["Mes_Carga"] = pa.repeat(MONTHS[release.month].upper(), rows)
    columns["Ano_Carga"] = pa.repeat(f"{release.year}", rows)
    for name in FREE_TEXT:
        columns[name] = _with_trailing_blanks(columns[name])
    for name, (_share, marks) in NULLS.items():
        columns[name] = _marked(columns[name], marks)
    if release.is_spreadsheet:
        columns["nr_cnpj"] = pc.utf8_ltrim(columns["nr_cnpj"], characters="0")
    else:
        columns["nr_jornada"] = pc.utf8_rpad(columns["nr_jornada"], 4)
    return pa.table({name: columns[name] for name in COLUMNS})


def published_truth(release: SampleRelease, table: Any) -> Any:
    """Put `linha` and `status` before the published values."""
    truth = table.add_column(0, "status", pa.repeat("carregada", table.num_rows))
    return truth.add_column(0, "linha", _lines(release, table.num_rows))


def _spell(text: str, release: SampleRelease) -> str:
    """Lose the typographic quotes as the release did, and the accents where it has none."""
    mark = "\x1a" if release.encoding == "utf-8-sig" else ""
    text = text.replace("“", mark).replace("”", mark)
    return plain(text) if release.is_plain else text


def _lines(release: SampleRelease, rows: int) -> Any:
    return _text(np.arange(rows) + 1 + release.has_header)


def _text(numbers: Any) -> Any:
    return pc.cast(pa.array(numbers), pa.string())


def _joined(*parts: Any) -> Any:
    return pc.binary_join_element_wise(*parts, "")


def _cpf(digits: Any) -> Any:
    text = pc.utf8_lpad(_text(digits), 6, "0")
    first, second = pc.utf8_slice_codeunits(text, 0, 3), pc.utf8_slice_codeunits(text, 3, 6)
    return _joined("***.", first, ".", second, "-**")


def _full_name(workers: Workforce, named: Any) -> Any:
    middles = [f"{name} " for name in LAST_NAMES] + [""]
    middle = pa.array(middles).take(pa.array(np.where(workers.middle < 0, len(LAST_NAMES), 0)))
    middle = pc.if_else(
        pa.array(workers.middle < 0),
        middle,
        _joined(named(LAST_NAMES, np.maximum(workers.middle, 0)), " "),
    )
    first = named(FIRST_NAMES, workers.first)
    return _joined(first, " ", middle, named(LAST_NAMES, workers.last))


def _late_accents(texts: Any, release: SampleRelease) -> Any:
    """Put the only accents of the file into a few late rows, as in 2022: 0xBA, 0xDD and 0x96."""
    rows = len(texts)
    first = min(rows // 2, FIRST_ACCENT_ROW)
    late = np.linspace(first, rows - 1, max(9, rows // 2_000)).astype(int)
    endings = (" 3º ANDAR", " BLOCO Ý", " – ANEXO" if release.encoding == "cp1252" else " 2ª ALA")
    mask = np.zeros(rows, bool)
    mask[late] = True
    changed = _joined(texts.filter(pa.array(mask)), pa.array(np.resize(endings, mask.sum())))
    return pc.replace_with_mask(texts, pa.array(mask), changed)


def _number_text(codes: Any) -> Any:
    """Return what is left of codes in numeric cells; a contract with a slash is text and stays."""
    is_number = pc.match_substring_regex(codes, r"^\d+$")
    return pc.if_else(is_number, pc.utf8_ltrim(codes, characters="0"), codes)


def _without(array: Any, rows: Any) -> Any:
    if rows is None:
        return array
    mask = np.zeros(len(array), bool)
    mask[rows] = True
    return pc.if_else(pa.array(mask), pa.scalar(None, pa.string()), array)


def _occupation(release: SampleRelease, workers: Workforce) -> tuple[Any, Any]:
    numbers = pa.array(workers.occupation)
    codes = pa.array([row[0] for row in OCCUPATIONS]).take(numbers)
    words = pa.array([_spell(row[1], release) for row in OCCUPATIONS]).take(numbers)
    is_whole = pa.array(workers.style == SIX_DIGITS)
    return pc.if_else(is_whole, codes, pa.scalar(None, pa.string())), words


def _published_occupation(release: SampleRelease, workers: Workforce) -> Any:
    numbers = pa.array(workers.occupation * 3 + workers.style)
    texts = []
    for code, words, *_rest in OCCUPATIONS:
        spelled = _spell(words, release)
        style = {
            WORDS_ONLY: spelled,
            FOUR_DIGITS: f"{code[:4]} - {spelled}",
            SIX_DIGITS: f"{code} - {spelled}",
        }
        texts += [style[WORDS_ONLY], style[FOUR_DIGITS], style[SIX_DIGITS]]
    return pa.array(texts).take(numbers)


def _published_schooling(workers: Workforce) -> Any:
    words = pa.array([row[0] for row in SCHOOLING]).take(pa.array(np.maximum(workers.schooling, 0)))
    words = _without(words, workers.missing["nm_escolaridade"])
    return pc.if_else(pa.array(workers.dragged >= 0), _text(workers.dragged), words)


def _money_text(cents: Any) -> Any:
    return _joined(_text(cents // 100), ".", pc.utf8_lpad(_text(cents % 100), 2, "0"))


def _published_money(release: SampleRelease, cents: Any) -> Any:
    reais = cents / 100
    if release.is_float32:
        reais = reais.astype(np.float32).astype(np.float64)
    return pc.replace_substring(_text(reais), ".", release.decimal_mark)


def _with_trailing_blanks(texts: Any) -> Any:
    mask = np.arange(len(texts)) % 37 == 5
    return pc.if_else(pa.array(mask), _joined(texts, "   "), texts)


def _marked(array: Any, marks: Sequence[str]) -> Any:
    """Fill the nulls with the marks, each in its turn."""
    is_null = pc.is_null(array)
    count = pc.sum(is_null).as_py() or 0
    return pc.replace_with_mask(array, is_null, pa.array(np.resize(marks, count), pa.string()))
