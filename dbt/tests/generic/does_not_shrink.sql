{#- No release has less than `least` (0 to 1) of the rows of the one before it. -#}
{% test does_not_shrink(model, least) %}
with compared as (
    select
        *,
        lag(linhas) over (order by ano, mes) as linhas_anteriores
    from {{ model }}
)

select * from compared
where linhas < {{ least }} * linhas_anteriores
{% endtest %}
