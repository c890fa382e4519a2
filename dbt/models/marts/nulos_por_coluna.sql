{% set columns = [
    "id_terceirizado", "sigla_orgao_superior_unidade_gestora", "id_unidade_gestora",
    "nome_unidade_gestora", "sigla_unidade_gestora", "sigla_orgao_trabalho",
    "nome_orgao_trabalho", "id_orgao_siafi", "id_orgao_siape", "nome_unidade_prestacao",
    "cnpj_empresa", "razao_social_empresa", "numero_contrato", "cpf", "nome", "cbo_2002",
    "categoria_profissional", "escolaridade_exigida", "quantidade_horas_semanais",
    "salario_mensal", "custo_mensal",
] -%}
{%- set changed = is_changed_since(this) if is_incremental() else "true" %}
with counted as (
    select
        {%- for column in columns %}
            count({{ column }}) as {{ column }},
        {%- endfor %}
        ano,
        mes,
        data_referencia,
        capturado_em,
        count(*) as linhas
    from {{ ref("historic_transformed") }}
    where {{ changed }}
    group by
        ano,
        mes,
        data_referencia,
        capturado_em
)

select
    counted.ano,
    counted.mes,
    counted.data_referencia,
    by_column.coluna,
    counted.linhas,
    counted.linhas - by_column.preenchidas as nulos,
    round((counted.linhas - by_column.preenchidas) / counted.linhas::numeric, 4) as fracao_nulos,
    counted.capturado_em
from counted
cross join
    unnest(
        array[
            {%- for column in columns %}
                '{{ column }}'{{ "," if not loop.last }}
            {%- endfor %}
        ],
        array[
            {%- for column in columns %}
                counted.{{ column }}{{ "," if not loop.last }}
            {%- endfor %}
        ]
    ) as by_column (coluna, preenchidas)
