select
    ano,
    mes,
    data_referencia,
    capturado_em,
    count(distinct id_orgao_siafi) as orgaos,
    count(distinct cnpj_empresa) as empresas,
    count(distinct (id_unidade_gestora, numero_contrato, cnpj_empresa)) as contratos,
    {{ measures() | indent(4) }}
from {{ ref("historic_transformed") }}
{% if is_incremental() -%}
where {{ is_changed_since(this) }}
{% endif -%}
group by
    ano,
    mes,
    data_referencia,
    capturado_em
