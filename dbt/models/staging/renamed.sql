{{ config(materialized="view", tags=["recente"]) }}
{{ renamed_layer(ref("cleaned")) }}
