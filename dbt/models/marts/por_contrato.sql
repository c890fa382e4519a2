{{ config(indexes=[{"columns": ["cnpj_empresa"]}, {"columns": ["numero_contrato"]}]) }}
{{
    by_release_and(
        ["id_unidade_gestora", "numero_contrato", "cnpj_empresa"],
        ["nome_unidade_gestora", "razao_social_empresa"],
    )
}}
