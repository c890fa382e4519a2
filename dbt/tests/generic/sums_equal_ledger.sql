{#- The amounts of each release add up to what the capture added up on its own, to the cent. -#}
{% test sums_equal_ledger(model) %}
with added as (
    select
        ano,
        mes,
        coalesce(sum(salario_mensal), 0) as soma_salario,
        coalesce(sum(custo_mensal), 0) as soma_custo
    from {{ model }}
    group by ano, mes
)

select
    added.*,
    files.soma_salario as soma_salario_publicada,
    files.soma_custo as soma_custo_publicada
from added
left join {{ source("publico", "arquivos") }} as files
    on
        added.ano = files.ano
        and added.mes = files.mes
        and files.vigente
where
    added.soma_salario is distinct from files.soma_salario
    or added.soma_custo is distinct from files.soma_custo
{% endtest %}
