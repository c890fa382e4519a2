{#- Which releases a run is about. -#}

{#- A condition: the releases whose file is another than the one that `table` was made from. -#}
{% macro is_changed_since(table) -%}
(ano, mes) in (
    select
        files.ano,
        files.mes
    from {{ source("publico", "arquivos") }} as files
    where
        files.vigente
        and not exists (
            select 1 from {{ table }} as present
            where
                present.ano = files.ano
                and present.mes = files.mes
                and present.capturado_em = files.capturado_em
        )
)
{%- endmacro %}

{#- Every test reads its table through this. With the variable `versoes` ([[2025, 9], …]: those that
    no earlier run has tested) it sees these releases only, unless it has a `where` of its own. -#}
{% macro postgres__get_where_subquery(relation) -%}
    {%- set releases = var("versoes", none) -%}
    {%- set where = config.get("where") -%}
    {%- if not where and releases -%}
        {%- set where -%}
            (ano, mes) in (
            {%- for release in releases -%}
                ({{ release | join(", ") }}){{ ", " if not loop.last }}
            {%- endfor -%}
            )
        {%- endset -%}
    {%- endif -%}
    {%- if where -%}
        {%- do return("(select * from " ~ relation ~ " where " ~ where ~ ") as tested") -%}
    {%- endif -%}
    {%- do return(relation) -%}
{%- endmacro %}
