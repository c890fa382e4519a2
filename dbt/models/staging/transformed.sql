{{ config(materialized="table", tags=["recente"], post_hook="{{ note_values() }}") }}
{{ transformed_layer(ref("renamed")) }}
