{{ config(indexes=[{"columns": ["ano", "mes"]}]) }}
{%- set changed = is_changed_since(this) if is_incremental() else "true" %}
with rows as (
    select
        ano,
        mes,
        data_referencia,
        nome_orgao_trabalho,
        cnpj_empresa,
        razao_social_empresa,
        numero_contrato,
        nome,
        cbo_2002,
        categoria_profissional,
        quantidade_horas_semanais,
        salario_mensal,
        custo_mensal,
        arquivo_origem,
        linha_origem,
        capturado_em
    from {{ ref("historic_transformed") }}
    where {{ changed }}
),

-- In a group of fewer than 1000 the percentile is its greatest value, which nothing exceeds.
occupations as (
    select
        ano,
        mes,
        cbo_2002,
        categoria_profissional,
        percentile_disc(0.999) within group (order by custo_mensal) as custo_limite
    from rows
    group by
        ano,
        mes,
        cbo_2002,
        categoria_profissional
),

judged as (
    select
        rows.*,
        array_remove(array[
            case
                when rows.custo_mensal < rows.salario_mensal then 'custo menor que o salário'
            end,
            case
                when rows.custo_mensal > 3 * rows.salario_mensal
                    then 'custo acima de 3 vezes o salário'
            end,
            case
                when rows.custo_mensal > occupations.custo_limite
                    then 'custo acima do percentil 99,9 da ocupação na versão'
            end,
            case
                when rows.quantidade_horas_semanais > 44 then 'mais de 44 horas semanais'
            end
        ], null) as motivos
    from rows
    left join occupations
        on
            rows.ano = occupations.ano
            and rows.mes = occupations.mes
            and coalesce(rows.cbo_2002, '') = coalesce(occupations.cbo_2002, '')
            and coalesce(rows.categoria_profissional, '')
            = coalesce(occupations.categoria_profissional, '')
)

select
    ano,
    mes,
    data_referencia,
    array_to_string(motivos, '; ') as motivo,
    nome_orgao_trabalho,
    cnpj_empresa,
    razao_social_empresa,
    numero_contrato,
    nome,
    categoria_profissional,
    quantidade_horas_semanais,
    salario_mensal,
    custo_mensal,
    round(custo_mensal / nullif(salario_mensal, 0), 2) as razao_custo_salario,
    arquivo_origem,
    linha_origem,
    capturado_em
from judged
where motivos <> '{}'
