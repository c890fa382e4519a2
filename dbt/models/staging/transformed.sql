{{ config(materialized="table", tags=["recente"]) }}
{{ transformed_layer(ref("renamed")) }}
