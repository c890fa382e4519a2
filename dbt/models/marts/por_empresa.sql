{{ config(indexes=[{"columns": ["cnpj_empresa"]}]) }}
{{ by_release_and(["cnpj_empresa"], ["razao_social_empresa"]) }}
