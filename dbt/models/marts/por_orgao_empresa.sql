{{
    config(
        indexes=[{"columns": ["id_orgao_siafi"]}, {"columns": ["cnpj_empresa"]}],
    )
}}
{{
    by_release_and(
        ["id_orgao_siafi", "cnpj_empresa", "id_unidade_gestora", "numero_contrato"],
        [
            "nome_orgao_trabalho",
            "sigla_orgao_trabalho",
            "razao_social_empresa",
            "nome_unidade_gestora",
        ],
    )
}}
