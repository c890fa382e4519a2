{#- Each release has as many rows as the ledger says were loaded. -#}
{% test rows_equal_ledger(model) %}
with counted as (
    select
        ano,
        mes,
        count(*) as row_count
    from {{ model }}
    group by ano, mes
)

select
    counted.ano,
    counted.mes,
    counted.row_count,
    files.linhas_carregadas
from counted
left join {{ source("publico", "arquivos") }} as files
    on
        counted.ano = files.ano
        and counted.mes = files.mes
        and files.vigente
where counted.row_count is distinct from files.linhas_carregadas
{% endtest %}
