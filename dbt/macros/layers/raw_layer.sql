{#- As loaded, with the moment of the capture. -#}
{% macro raw_layer(relation) %}
select
    loaded.*,
    files.capturado_em
from {{ relation }} as loaded
inner join {{ source("publico", "arquivos") }} as files
    on
        loaded.ano = files.ano
        and loaded.mes = files.mes
where files.vigente
{% endmacro %}
