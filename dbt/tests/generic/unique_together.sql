{#- No two rows agree in all of the columns. -#}
{% test unique_together(model, columns) %}
select
    {{ columns | join(",\n    ") }},
    count(*) as row_count
from {{ model }}
group by
    {{ columns | join(",\n    ") }}
having count(*) > 1
{% endtest %}
