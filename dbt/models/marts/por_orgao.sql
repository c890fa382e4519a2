{{ config(indexes=[{"columns": ["id_orgao_siafi"]}]) }}
{{
    by_release_and(
        ["id_orgao_siafi"],
        ["nome_orgao_trabalho", "sigla_orgao_trabalho", "sigla_orgao_superior_unidade_gestora"],
    )
}}
