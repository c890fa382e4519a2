{#- Published names; values trimmed; one null for all null marks. -#}
{% macro cleaned_layer(relation) %}
{%- set columns = [
    "id_terc", "sg_orgao_sup_tabela_ug", "cd_ug_gestora", "nm_ug_tabela_ug", "sg_ug_gestora",
    "nr_contrato", "nr_cnpj", "nm_razao_social", "nr_cpf", "nm_terceirizado",
    "nm_categoria_profissional", "nm_escolaridade", "nr_jornada", "nm_unidade_prestacao",
    "vl_mensal_salario", "vl_mensal_custo", '"Num_Mes_Carga"', '"Mes_Carga"', '"Ano_Carga"',
    "sg_orgao", "nm_orgao", "cd_orgao_siafi", "cd_orgao_siape",
] -%}
select
    {%- for column in columns %}
    {{ without_null_marks(column, column.startswith("cd_")) }} as {{ column }},
    {%- endfor %}
    ano,
    mes,
    arquivo_origem,
    linha_origem,
    reparado,
    capturado_em
from {{ relation }}
{% endmacro %}
