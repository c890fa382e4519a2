{#- A condition that holds for every row; false or unknown is a failure. -#}
{% test holds(model, condition) %}
select *
from {{ model }}
where ({{ condition }}) is not true
{% endtest %}
