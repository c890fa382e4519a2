"""The questions about companies, bodies and contracts, answered by the marts as they stand.

People are counted, and medians taken, by the mart whose grain is asked for: people of several
groups cannot be added up, because one person may be in more than one. Only rows and money are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewer.pool import ReadPool, Row
from viewer.quality import Window
from viewer.releases import Release

MEASURES = (
    "linhas, pessoas, salario_total, custo_total, salario_mediano, custo_mediano, "
    "custo_hora_mediano"
)
IN_CONTRACTS = "marts.por_orgao_empresa"
SHORTEST_CODE = 4
MOST_WORDS = 20
PUNCTUATION = "./-"
CODE = re.compile(r"(?=.*[0-9])[0-9A-Za-z./-]+", re.ASCII)


@dataclass(frozen=True)
class Group:
    """What a page is about: its mart, the columns that tell one from another, those that name it.

    `more` is what only its own mart tells. A search looks in `texts`, and in `codes` without their
    punctuation.
    """

    table: str
    keys: tuple[str, ...]
    names: tuple[str, ...]
    texts: tuple[str, ...]
    codes: tuple[str, ...]
    more: tuple[str, ...] = ()


COMPANIES = Group(
    table="marts.por_empresa",
    keys=("cnpj_empresa",),
    names=("razao_social_empresa",),
    texts=("razao_social_empresa",),
    codes=("cnpj_empresa",),
)
BODIES = Group(
    table="marts.por_orgao",
    keys=("id_orgao_siafi",),
    names=("nome_orgao_trabalho", "sigla_orgao_trabalho"),
    texts=("nome_orgao_trabalho", "sigla_orgao_trabalho", "id_orgao_siafi"),
    codes=("id_orgao_siafi",),
    more=("sigla_orgao_superior_unidade_gestora",),
)
CONTRACTS = Group(
    table="marts.por_contrato",
    keys=("id_unidade_gestora", "numero_contrato", "cnpj_empresa"),
    names=("nome_unidade_gestora", "razao_social_empresa"),
    texts=(
        "numero_contrato",
        "razao_social_empresa",
        "nome_unidade_gestora",
        "id_unidade_gestora",
    ),
    codes=("numero_contrato", "cnpj_empresa"),
)


@dataclass(frozen=True)
class Top:
    """The costliest of a release, so many at most."""

    release: Release
    most: int

    @property
    def values(self) -> dict[str, int]:
        """Both as a query has them."""
        return {**_of(self.release), "most": self.most}


RELEASES = "select ano, mes from marts.versoes order by ano desc, mes desc"
OF_RELEASE = "ano = %(ano)s and mes = %(mes)s"
MISSING = """
    select ano, mes, data_referencia > ultima_versao as is_after
    from marts.cobertura
    where id_orgao_siafi = %(siafi)s
    order by ano, mes
"""


def releases(pool: ReadPool) -> list[Release]:
    """Return the releases that the marts hold, newest first."""
    return [(row["ano"], row["mes"]) for row in pool.fetch(RELEASES)]


def history(pool: ReadPool, group: Group, keys: Mapping[str, str | None]) -> list[Row]:
    """Return one row per release, oldest first; where it is absent every measure is None."""
    query = f"""
        select versoes.ano, versoes.mes, versoes.data_referencia,
            {", ".join((*group.names, *group.more))},
            {_measures("of_group")}
        from marts.versoes
        left join {group.table} as of_group
            on versoes.ano = of_group.ano and versoes.mes = of_group.mes
            and {_has_keys("of_group", group.keys)}
        order by versoes.ano, versoes.mes
    """  # noqa: S608 - constants
    return pool.fetch(query, keys)


def count(pool: ReadPool, group: Group, release: Release, search: str) -> int:
    """Count the companies, bodies or contracts of a release that a search finds."""
    query = f"select count(*) as rows from {group.table} where {_found(group)}"  # noqa: S608
    return int(pool.fetch(query, _asked(release, search))[0]["rows"])


def listed(
    pool: ReadPool, group: Group, release: Release, search: str, window: Window
) -> list[Row]:
    """Return one page of them, the costliest first.

    A search is words that must all be there, the first twenty of them; an empty one finds all.
    """
    query = f"""
        select ano, mes, {", ".join((*group.keys, *group.names))}, {MEASURES}
        from {group.table}
        where {_found(group)}
        order by custo_total desc nulls last, {", ".join(group.keys)}
        limit %(limit)s offset %(start)s
    """  # noqa: S608 - constants
    return pool.fetch(query, {**_asked(release, search), **window.values})


def elsewhere(pool: ReadPool, group: Group, search: str) -> list[Row]:
    """Return how many a search finds (`linhas`) in each release that has any, newest first."""
    query = f"""
        select ano, mes, count(*) as linhas
        from {group.table}
        where {_matches(group)}
        group by ano, mes
        order by ano desc, mes desc
    """  # noqa: S608 - constants
    return pool.fetch(query, _words(search))


def bodies_of_company(pool: ReadPool, cnpj: str, top: Top) -> list[Row]:
    """Return the bodies that a company serves: contracts, rows and cost; `grupos` is how many."""
    return _summed(pool, BODIES, COMPANIES, cnpj, top)


def companies_of_body(pool: ReadPool, siafi: str, top: Top) -> list[Row]:
    """Return the companies that serve a body: contracts, rows and cost; `grupos` is how many."""
    return _summed(pool, COMPANIES, BODIES, siafi, top)


def contracts_of_company(pool: ReadPool, cnpj: str, top: Top) -> list[Row]:
    """Return the contracts of a company, all bodies together; `grupos` is how many there are."""
    return _within(pool, CONTRACTS.table, CONTRACTS, {"cnpj_empresa": cnpj}, top)


def contracts_of_body(pool: ReadPool, siafi: str, top: Top) -> list[Row]:
    """Return the contracts with people at a body, counting those alone."""
    return _within(pool, IN_CONTRACTS, CONTRACTS, {"id_orgao_siafi": siafi}, top)


def bodies_of_contract(pool: ReadPool, keys: Mapping[str, str | None], top: Top) -> list[Row]:
    """Return the bodies where the people of a contract work."""
    return _within(pool, IN_CONTRACTS, BODIES, keys, top)


def missing_releases(pool: ReadPool, siafi: str) -> list[Row]:
    """Return the releases without a body since its first; `is_after` its last one as well."""
    return pool.fetch(MISSING, {"siafi": siafi})


def _summed(pool: ReadPool, shown: Group, within: Group, key: str, top: Top) -> list[Row]:
    names = ", ".join(f"max({name}) as {name}" for name in shown.names)
    query = f"""
        select {shown.keys[0]}, {names}, count(*) as contratos,
            sum(linhas)::bigint as linhas, sum(custo_total) as custo_total,
            count(*) over () as grupos
        from {IN_CONTRACTS}
        where {OF_RELEASE} and {within.keys[0]} = %(key)s
        group by {shown.keys[0]}
        order by sum(custo_total) desc nulls last, {shown.keys[0]}
        limit %(most)s
    """  # noqa: S608 - constants
    return pool.fetch(query, {**top.values, "key": key})


def _within(
    pool: ReadPool,
    table: str,
    shown: Group,
    keys: Mapping[str, str | None],
    top: Top,
) -> list[Row]:
    names = ", ".join((*shown.keys, *shown.names))
    query = f"""
        select {names}, {MEASURES}, count(*) over () as grupos
        from {table} as of_group
        where {OF_RELEASE} and {_has_keys("of_group", tuple(keys))}
        order by custo_total desc nulls last, {", ".join(shown.keys)}
        limit %(most)s
    """  # noqa: S608 - constants
    return pool.fetch(query, {**top.values, **keys})


def _measures(table: str) -> str:
    return ", ".join(f"{table}.{name}" for name in MEASURES.split(", "))


def _has_keys(table: str, keys: tuple[str, ...]) -> str:
    return " and ".join(
        f"({table}.{key} = %({key})s or ({table}.{key} is null and %({key})s::text is null))"
        for key in keys
    )


def _found(group: Group) -> str:
    """Say that a row is of the release and that the search finds it."""
    return f"{OF_RELEASE} and {_matches(group)}"


def _matches(group: Group) -> str:
    """Say that each word of the search is somewhere in a row."""
    return f"""
        not exists (
            select from unnest(%(words)s::text[], %(codes)s::text[]) as asked (word, code)
            where
                strpos(
                    public.sem_acento(concat_ws(' ', {", ".join(group.texts)})),
                    public.sem_acento(asked.word)
                ) = 0
                and (
                    asked.code = ''
                    or strpos(
                        translate(concat_ws(' ', {", ".join(group.codes)}), '{PUNCTUATION}', ''),
                        asked.code
                    ) = 0
                )
        )
    """


def _asked(release: Release, search: str) -> dict[str, Any]:
    return {**_of(release), **_words(search)}


def _words(search: str) -> dict[str, Any]:
    words = list(dict.fromkeys(search.split()))[:MOST_WORDS]
    return {"words": words, "codes": [_code(word) for word in words]}


def _code(word: str) -> str:
    """Return a number without its punctuation; nothing for what is none, or too short for one."""
    bare = word.translate(str.maketrans("", "", PUNCTUATION)).upper()
    return bare if CODE.fullmatch(word) and len(bare) >= SHORTEST_CODE else ""


def _of(release: Release) -> dict[str, int]:
    return {"ano": release[0], "mes": release[1]}
