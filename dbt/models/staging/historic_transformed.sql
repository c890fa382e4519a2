{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["ano", "mes"],
        on_schema_change="fail",
        indexes=[{"columns": ["ano", "mes"]}],
        tags=["historico"],
    )
}}
{#- Only the releases whose file is another than the one the table was made from. -#}
{% set changed %}
(ano, mes) in (
    select
        files.ano,
        files.mes
    from {{ source("publico", "arquivos") }} as files
    where
        files.vigente
        and not exists (
            select 1 from {{ this }} as present
            where
                present.ano = files.ano
                and present.mes = files.mes
                and present.capturado_em = files.capturado_em
        )
)
{% endset %}
{{ transformed_layer(ref("historic_renamed"), changed if is_incremental() else none) }}
