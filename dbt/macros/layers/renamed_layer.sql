{#- Names of the data office's style manual, still text. The occupation's code is parted from its
    words (`517330 - VIGILANTE`; some codes have 4 digits, and before 2018 there are only words). -#}
{% macro renamed_layer(relation) %}
select
    ano,
    mes,
    id_terc as id_terceirizado,
    sg_orgao_sup_tabela_ug as sigla_orgao_superior_unidade_gestora,
    cd_ug_gestora as id_unidade_gestora,
    nm_ug_tabela_ug as nome_unidade_gestora,
    sg_ug_gestora as sigla_unidade_gestora,
    sg_orgao as sigla_orgao_trabalho,
    nm_orgao as nome_orgao_trabalho,
    cd_orgao_siafi as id_orgao_siafi,
    cd_orgao_siape as id_orgao_siape,
    nm_unidade_prestacao as nome_unidade_prestacao,
    {{ padded_cnpj("nr_cnpj") }} as cnpj_empresa,
    nm_razao_social as razao_social_empresa,
    nr_contrato as numero_contrato,
    nr_cpf as cpf,
    nm_terceirizado as nome,
    case
        when nm_categoria_profissional ~ '^[0-9]{6}( |-|$)' then left(nm_categoria_profissional, 6)
    end as cbo_2002,
    case
        when nm_categoria_profissional ~ '^[0-9]+ *-'
            then
                nullif(
                    btrim(
                        substr(
                            nm_categoria_profissional, strpos(nm_categoria_profissional, '-') + 1
                        )
                    ),
                    ''
                )
        when nm_categoria_profissional !~ '^[0-9]+$' then nm_categoria_profissional
    end as categoria_profissional,
    nm_escolaridade as escolaridade_exigida,
    nr_jornada as quantidade_horas_semanais,
    vl_mensal_salario as salario_mensal,
    vl_mensal_custo as custo_mensal,
    "Num_Mes_Carga" as mes_publicado,
    "Mes_Carga" as nome_mes_publicado,
    "Ano_Carga" as ano_publicado,
    arquivo_origem,
    linha_origem,
    reparado,
    capturado_em
from {{ relation }}
{% endmacro %}
