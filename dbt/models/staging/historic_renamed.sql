{{ config(materialized="view", tags=["historico"]) }}
{{ renamed_layer(ref("historic_cleaned")) }}
