"""The tests that dbt runs: their last results, and in words what each of them checks.

A test without a description of its own is described by its name, which dbt makes of the kind of
test, the model and the columns: `unique_together_por_orgao_ano__mes__id_orgao_siafi`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from viewer import links
from viewer.pool import ReadPool, Row

HISTORY_RUNS = 15
TESTS = """
    with ranked as (
        select
            resultados_dbt.no,
            resultados_dbt.descricao,
            resultados_dbt.estado,
            resultados_dbt.falhas,
            resultados_dbt.momento,
            resultados_dbt.execucao_id,
            execucoes.flow,
            row_number() over (
                partition by resultados_dbt.no
                order by resultados_dbt.momento desc, resultados_dbt.execucao_id
            ) as place,
            first_value(resultados_dbt.execucao_id) over (
                partition by execucoes.flow order by resultados_dbt.momento desc
            ) as newest_run
        from public.resultados_dbt
        left join public.execucoes on execucoes.execucao_id = resultados_dbt.execucao_id
        where resultados_dbt.tipo = 'test'
    )

    select * from ranked where place <= %(most)s order by no, place desc
"""
MODELS = "select distinct no as name from public.resultados_dbt where tipo = 'model' order by no"
KINDS = {
    "unique_together": "{columns}: juntas, não se repetem.",
    "unique": "{columns} não se repete.",
    "not_null": "{columns} está sempre preenchida.",
    "rows_equal_ledger": "As linhas são tantas quantas o livro de capturas diz.",
    "sums_equal_ledger": "Salários e custos somam o que somam os arquivos lidos.",
    "adds_up": "Os grupos somam o total da versão.",
    "steady_nulls": "A fração de nulos de uma coluna não salta de uma versão para a seguinte.",
    "does_not_shrink": "Uma versão não encolhe muito em relação à anterior.",
    "holds": "Uma condição vale em todas as linhas.",
}
"""What a kind of test checks; the first kind that a name begins with is its kind."""
FAILING: dict[str, dict[str, Any]] = {
    "campos_invalidos_is_null": {
        "campos_invalidos": {"filterType": "text", "type": "notBlank"},
    },
    "indicador_cnpj_valido_is_not_false": {
        "indicador_cnpj_valido": {"filterType": "text", "type": "false"},
    },
}
"""The rows that a test points at, as a filter of its table, by the end of the test's name."""
TABLES = {name: f"staging.{name}" for name in ("transformed", "historic_transformed")}


@dataclass(frozen=True)
class Check:
    """One dbt test; `results` are its last ones, oldest first.

    `is_current`: the newest run of its flow that tested anything ran it.
    """

    name: str
    model: str
    about: str
    flow: str
    is_current: bool
    results: Sequence[Row]

    @property
    def last(self) -> Row:
        """The newest result."""
        return self.results[-1]

    @property
    def rows(self) -> str:
        """The address of the rows that it points at, or an empty text where none is known."""
        known = (model for end, model in FAILING.items() if self.name.endswith(end))
        found = next(known, None) if self.model in TABLES else None
        return links.rows(TABLES[self.model], filters=found) if found else ""


def checks(pool: ReadPool) -> list[Check]:
    """Return every dbt test with its last results, by flow, model and name."""
    models = [row["name"] for row in pool.fetch(MODELS)]
    by_name: dict[str, list[Row]] = {}
    for row in pool.fetch(TESTS, {"most": HISTORY_RUNS}):
        by_name.setdefault(row["no"], []).append(row)
    found = [_check(name, rows, models) for name, rows in by_name.items()]
    return sorted(found, key=lambda check: (check.flow, check.model, check.name))


def _check(name: str, results: list[Row], models: Collection[str]) -> Check:
    last = results[-1]
    model, about = described(name, models)
    return Check(
        name=name,
        model=model,
        about=last["descricao"] or about,
        flow=last["flow"] or "",
        is_current=last["execucao_id"] == last["newest_run"],
        results=results,
    )


def described(name: str, models: Collection[str]) -> tuple[str, str]:
    """Return the model of a test and what it checks, from its name; ("", the name) if unknown."""
    kind = next((kind for kind in KINDS if name.startswith(f"{kind}_")), "")
    rest = name.removeprefix(f"{kind}_")
    fitting = [model for model in models if rest.startswith(f"{model}_")]
    if not kind or not fitting:
        return "", name
    model = max(fitting, key=len)
    columns = rest.removeprefix(f"{model}_").replace("__", ", ")
    return model, KINDS[kind].format(columns=columns)
