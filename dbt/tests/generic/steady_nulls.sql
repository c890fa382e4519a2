{#- No column's share of nulls moves by more than `most` (0 to 1) from one release to the next. -#}
{% test steady_nulls(model, most) %}
with compared as (
    select
        *,
        lag(fracao_nulos) over (partition by coluna order by ano, mes) as fracao_anterior
    from {{ model }}
)

select * from compared
where abs(fracao_nulos - fracao_anterior) > {{ most }}
{% endtest %}
