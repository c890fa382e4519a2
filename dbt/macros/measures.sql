{#- What is counted of a group of rows of historic_transformed, the same in every mart. A person is a
    masked CPF and a name together, the best key that is published. An hour is worth the month's
    amount over five times the weekly hours, the divisor of Brazilian labour law (44 h a week: 220).
    Medians are values that occur (the lower of the two in the middle). -#}
{% macro measures() %}
count(*) as linhas,
count(distinct hashtextextended(coalesce(cpf, '') || '|' || coalesce(nome, ''), 0)) as pessoas,
sum(salario_mensal) as salario_total,
sum(custo_mensal) as custo_total,
percentile_disc(0.5) within group (order by salario_mensal) as salario_mediano,
percentile_disc(0.5) within group (order by custo_mensal) as custo_mediano,
round(
    percentile_disc(0.5) within group (
        order by custo_mensal / nullif(5 * quantidade_horas_semanais, 0)
    ), 2
) as custo_hora_mediano
{% endmacro %}

{#- One row per release and group: its keys, one value of each attribute (the greatest of those that
    the release has for the group), how many distinct values of what `counts` names, the measures. -#}
{% macro by_release_and(keys=[], attributes=[], counts={}) %}
select
    ano,
    mes,
    data_referencia,
    capturado_em,
    {%- for key in keys %}
    {{ key }},
    {%- endfor %}
    {%- for attribute in attributes %}
    max({{ attribute }}) as {{ attribute }},
    {%- endfor %}
    {%- for name, value in counts.items() %}
    count(distinct {{ value }}) as {{ name }},
    {%- endfor %}
    {{ measures() | indent(4) }}
from {{ ref("historic_transformed") }}
{% if is_incremental() -%}
where {{ is_changed_since(this) }}
{% endif -%}
group by
    ano,
    mes,
    data_referencia,
    capturado_em
    {%- for key in keys %},
    {{ key }}
    {%- endfor %}
{% endmacro %}
