{#- Types and column order. A value that cannot be converted is null, and its name stands in
    `campos_invalidos`; no row is dropped and no cast aborts. `ano` and `mes` are the release's; what
    the row says of them is checked, not kept.
    `offset 0` keeps PostgreSQL from working out an expression once for every place that uses it;
    `only` (a condition on ano and mes) stands below it, so that it still reaches the partitions. -#}
{% macro transformed_layer(relation, only=none) %}
with renamed as (
    select * from {{ relation }}
    {% if only -%}
    where {{ only }}
    {% endif -%}
    offset 0
),

converted as (
    select
        renamed.*,
        {{ as_bigint("id_terceirizado") }} as id_number,
        {{ as_schooling("escolaridade_exigida") }} as schooling,
        {{ as_hours("quantidade_horas_semanais") }} as hours,
        {{ as_money("salario_mensal") }} as salary,
        {{ as_money("custo_mensal") }} as cost,
        {{ as_smallint("mes_publicado") }} as published_month,
        {{ as_smallint("ano_publicado") }} as published_year,
        case when cnpj_empresa ~ '^[0-9A-Z]{12}[0-9]{2}$' then cnpj_empresa::bytea end as cnpj_bytes
    from renamed
    offset 0
),

final_step as (
    select
        ano,
        mes,
        make_date(ano, mes, 1) as data_referencia,
        id_number as id_terceirizado,
        sigla_orgao_superior_unidade_gestora,
        id_unidade_gestora,
        nome_unidade_gestora,
        sigla_unidade_gestora,
        sigla_orgao_trabalho,
        nome_orgao_trabalho,
        id_orgao_siafi,
        id_orgao_siape,
        nome_unidade_prestacao,
        case when cnpj_bytes is not null then cnpj_empresa end as cnpj_empresa,
        {{ is_valid_cnpj("cnpj_bytes") }} as indicador_cnpj_valido,
        razao_social_empresa,
        numero_contrato,
        cpf,
        nome,
        cbo_2002,
        categoria_profissional,
        schooling as escolaridade_exigida,
        hours as quantidade_horas_semanais,
        salary::numeric(12, 2) as salario_mensal,
        cost::numeric(12, 2) as custo_mensal,
        arquivo_origem,
        linha_origem,
        reparado,
        capturado_em,
        {{ invalid_fields() }} as campos_invalidos
    from converted
)

select * from final_step
{% endmacro %}

{#- Our names of the fields that were published and could not be converted; null where there is none.
    The cheap test comes first: hardly any row has one. -#}
{% macro invalid_fields() -%}
    {%- set failed = {
        "id_terceirizado": "id_number is null and id_terceirizado is not null",
        "cnpj_empresa": "cnpj_bytes is null and cnpj_empresa is not null",
        "escolaridade_exigida": "schooling is null and escolaridade_exigida is not null",
        "quantidade_horas_semanais": "hours is null and quantidade_horas_semanais is not null",
        "salario_mensal": "salary is null and salario_mensal is not null",
        "custo_mensal": "cost is null and custo_mensal is not null",
        "ano": "ano_publicado is not null and coalesce(ano <> published_year, true)",
        "mes": "mes_publicado is not null and coalesce(mes <> published_month, true)",
    } -%}
    case
        when {{ failed.values() | join("\n            or ") }}
            then array_remove(
                array[
                    {%- for field, condition in failed.items() %}
                    case when {{ condition }} then '{{ field }}' end{{ "," if not loop.last }}
                    {%- endfor %}
                ],
                null
            )
    end
{%- endmacro %}
