"""Two releases side by side: who entered, who left, what changed for those who stayed.

A person is known by the masked CPF and the name, written without accents or case: the best key
there is, since `id_terceirizado` is a record of one release. Somebody with several records has the
sums of their pay and cost, and the sets of their companies, bodies and occupations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from viewer.catalog import Column
from viewer.pool import ReadPool, Row
from viewer.releases import Release

CHANGES = ("entrou", "saiu", "empresa", "orgao", "ocupacao", "salario", "custo")
TIMEOUT_MS = 20_000
COMPARED = """
    with people as materialized (
        select
            (ano, mes) = (%(after_year)s, %(after_month)s) as is_after,
            cpf,
            public.sem_acento(nome) as chave,
            max(nome) as nome,
            count(*) as registros,
            array_agg(distinct id_orgao_siafi) as siafis,
            array_agg(distinct nome_orgao_trabalho) as orgaos,
            array_agg(distinct cnpj_empresa) as cnpjs,
            array_agg(distinct razao_social_empresa) as empresas,
            array_agg(distinct categoria_profissional) as ocupacoes,
            sum(salario_mensal) as salario,
            sum(custo_mensal) as custo
        from staging.historic_transformed
        where (ano = %(before_year)s and mes = %(before_month)s)
            or (ano = %(after_year)s and mes = %(after_month)s)
        group by 1, 2, 3
    ),

    matched as (
        select
            cpf,
            chave,
            coalesce(depois.nome, antes.nome) as nome,
            antes.registros as registros_antes,
            depois.registros as registros_depois,
            antes.siafis as siafis_antes,
            depois.siafis as siafis_depois,
            antes.orgaos as orgaos_antes,
            depois.orgaos as orgaos_depois,
            antes.cnpjs as cnpjs_antes,
            depois.cnpjs as cnpjs_depois,
            antes.empresas as empresas_antes,
            depois.empresas as empresas_depois,
            antes.ocupacoes as ocupacoes_antes,
            depois.ocupacoes as ocupacoes_depois,
            antes.salario as salario_antes,
            depois.salario as salario_depois,
            antes.custo as custo_antes,
            depois.custo as custo_depois
        from (select * from people where not is_after) as antes
        full join (select * from people where is_after) as depois using (cpf, chave)
        where cpf is not null and chave is not null
    ),

    compared as (
        select
            *,
            case
                when registros_antes is null then array['entrou']
                when registros_depois is null then array['saiu']
                else array_remove(array[
                    case when cnpjs_antes <> cnpjs_depois then 'empresa' end,
                    case when siafis_antes <> siafis_depois then 'orgao' end,
                    case when ocupacoes_antes <> ocupacoes_depois then 'ocupacao' end,
                    case when salario_antes is distinct from salario_depois then 'salario' end,
                    case when custo_antes is distinct from custo_depois then 'custo' end
                ], null)
            end as mudancas,
            abs(coalesce(custo_depois, 0) - coalesce(custo_antes, 0)) as peso
        from matched
    ),

    asked as materialized (
        select * from compared
        where (%(body)s = '' or %(body)s = any(siafis_antes) or %(body)s = any(siafis_depois))
            and (
                %(search)s = ''
                or (%(names)s and position(public.sem_acento(%(search)s) in chave) > 0)
                or position(public.sem_acento(%(search)s) in public.sem_acento(
                    array_to_string(empresas_antes || empresas_depois, ' ')
                )) > 0
            )
    ),

    chosen as (
        select * from asked
        where mudancas <> '{}' and (%(change)s = '' or %(change)s = any(mudancas))
        order by peso desc, chave, cpf
    )
"""
PAGE = """
    select
        (
            select coalesce(jsonb_object_agg(counts.mudanca, counts.pessoas), '{}')
            from (
                select unnest(mudancas) as mudanca, count(*) as pessoas from asked group by 1
            ) as counts
        ) as counts,
        (select count(*) from asked where mudancas = '{}') as iguais,
        (select count(*) from asked where mudancas <> '{}') as mudaram,
        (select coalesce(sum(registros), 0)::bigint from people
            where cpf is null or chave is null) as sem_chave,
        (
            select coalesce(jsonb_agg(page), '[]')
            from (
                select
                    cpf, nome, mudancas, siafis_antes, siafis_depois, orgaos_antes, orgaos_depois,
                    cnpjs_antes, cnpjs_depois, empresas_antes, empresas_depois,
                    ocupacoes_antes, ocupacoes_depois,
                    salario_antes::text as salario_antes, salario_depois::text as salario_depois,
                    custo_antes::text as custo_antes, custo_depois::text as custo_depois
                from chosen
                limit %(limit)s offset %(start)s
            ) as page
        ) as people
"""
MONEY = ("salario_antes", "salario_depois", "custo_antes", "custo_depois")
BODIES = """
    select
        coalesce(depois.id_orgao_siafi, antes.id_orgao_siafi) as id_orgao_siafi,
        coalesce(depois.nome_orgao_trabalho, antes.nome_orgao_trabalho) as nome_orgao_trabalho,
        antes.pessoas as pessoas_antes,
        depois.pessoas as pessoas_depois,
        antes.custo_total as custo_antes,
        depois.custo_total as custo_depois
    from (
        select * from marts.por_orgao where ano = %(before_year)s and mes = %(before_month)s
    ) as antes
    full join (
        select * from marts.por_orgao where ano = %(after_year)s and mes = %(after_month)s
    ) as depois
        on coalesce(depois.id_orgao_siafi, '') = coalesce(antes.id_orgao_siafi, '')
    order by
        abs(coalesce(depois.custo_total, 0) - coalesce(antes.custo_total, 0)) desc, 1, 2
"""
MADE = """
    select array_agg(xmin::text order by ano, mes) as made
    from marts.versoes
    where (ano = %(before_year)s and mes = %(before_month)s)
        or (ano = %(after_year)s and mes = %(after_month)s)
"""
"""What is another whenever one of the two releases is materialized again."""
TOTALS = "select ano, mes, pessoas, linhas, custo_total from marts.versoes order by ano, mes"
EXPORTED = (
    Column("cpf", "text", "text"),
    Column("nome", "text", "text"),
    Column("mudancas", "text[]", "other"),
    *(
        Column(f"{name}_{when}", "text[]", "other")
        for name in ("siafis", "orgaos", "cnpjs", "empresas", "ocupacoes")
        for when in ("antes", "depois")
    ),
    *(
        Column(f"{name}_{when}", "numeric(14,2)", "number")
        for name in ("salario", "custo")
        for when in ("antes", "depois")
    ),
)
"""The columns of an exported comparison, one row per person."""


@dataclass(frozen=True)
class Question:
    """Which releases, and whom of them; an empty text means all.

    `change` is one of CHANGES, `body` a SIAFI code, `search` a text in the name of the person or
    of the company. Without `names` no person is found by name.
    """

    before: Release
    after: Release
    change: str = ""
    body: str = ""
    search: str = ""
    names: bool = True

    @property
    def values(self) -> dict[str, Any]:
        """The question as the queries have it."""
        return {
            "before_year": self.before[0],
            "before_month": self.before[1],
            "after_year": self.after[0],
            "after_month": self.after[1],
            "change": self.change,
            "body": self.body,
            "search": self.search,
            "names": self.names,
        }


@dataclass(frozen=True)
class Answer:
    """How many people changed in which way, how many not at all, and one page of those asked for.

    `counts` has a number for each of CHANGES; `without_key` counts records without CPF or name.
    """

    counts: dict[str, int]
    same: int
    changed: int
    without_key: int
    people: list[Row]

    def total(self, change: str) -> int:
        """Return how many people have this change; any, where it is empty."""
        return self.counts[change] if change else self.changed


def totals(pool: ReadPool) -> dict[Release, Row]:
    """Return people, rows and cost of each release that can be compared, oldest first."""
    return {(row["ano"], row["mes"]): row for row in pool.fetch(TOTALS)}


def bodies(pool: ReadPool, question: Question) -> list[Row]:
    """Return people and cost of each body, before and after; None where it sent nothing."""
    return pool.fetch(BODIES, question.values)


def answer(pool: ReadPool, question: Question, page: int, size: int) -> Answer:
    """Compare; `page` counts from 1. The greatest change of cost comes first."""
    made = tuple(pool.fetch(MADE, question.values)[0]["made"] or ())
    key = (question, page, size, made)
    return pool.remembered(key, lambda: _answer(pool, question, page, size))


def _answer(pool: ReadPool, question: Question, page: int, size: int) -> Answer:
    values = {**question.values, "limit": size, "start": (page - 1) * size}
    row = pool.fetch(COMPARED + PAGE, values, timeout_ms=TIMEOUT_MS)[0]
    return Answer(
        counts={change: row["counts"].get(change, 0) for change in CHANGES},
        same=row["iguais"],
        changed=row["mudaram"],
        without_key=row["sem_chave"],
        people=[_with_money(person) for person in row["people"]],
    )


def _with_money(person: Row) -> Row:
    amounts = {name: person[name] and Decimal(person[name]) for name in MONEY}
    return {**person, **amounts}


def stream(
    pool: ReadPool, question: Question, columns: Sequence[Column]
) -> Iterator[list[tuple[Any, ...]]]:
    """Give all people asked for, as values of these columns of EXPORTED."""
    names = ", ".join(column.name for column in columns)
    return pool.stream(f"{COMPARED} select {names} from chosen", question.values)  # noqa: S608
