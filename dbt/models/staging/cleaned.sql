{{ config(materialized="view", tags=["recente"]) }}
{{ cleaned_layer(ref("raw")) }}
