{{ config(materialized="view", tags=["historico"]) }}
{{ raw_layer(source("publico", "historic_raw")) }}
