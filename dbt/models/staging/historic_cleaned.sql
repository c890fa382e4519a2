{{ config(materialized="view", tags=["historico"]) }}
{{ cleaned_layer(ref("historic_raw")) }}
