{#- The groups of each release add up to marts.versoes: rows, salaries and costs, to the cent. -#}
{% test adds_up(model) %}
with added as (
    select
        ano,
        mes,
        sum(linhas) as linhas,
        sum(salario_total) as salario_total,
        sum(custo_total) as custo_total
    from {{ model }}
    group by ano, mes
)

select added.*
from added
full join {{ ref("versoes") }} as releases
    on
        added.ano = releases.ano
        and added.mes = releases.mes
where
    (added.linhas, added.salario_total, added.custo_total)
    is distinct from (releases.linhas, releases.salario_total, releases.custo_total)
{% endtest %}
