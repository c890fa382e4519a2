{{
    by_release_and(
        counts={
            "orgaos": "id_orgao_siafi",
            "empresas": "cnpj_empresa",
            "contratos": "concat_ws('|', id_unidade_gestora, numero_contrato, cnpj_empresa)",
        }
    )
}}
