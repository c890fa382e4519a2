{{ config(materialized="view", tags=["recente"]) }}
{{ raw_layer(source("publico", "raw")) }}
