{{
    config(
        materialized="incremental",
        incremental_strategy="delete+insert",
        unique_key=["ano", "mes"],
        on_schema_change="fail",
        tags=["historico"],
        post_hook="{{ note_values() }}",
    )
}}
{%- set changed = is_changed_since(this) if is_incremental() else none -%}
{{ transformed_layer(ref("historic_renamed"), changed) }}
