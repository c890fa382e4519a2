{#- Values and words of the text columns, for the search of the viewer (see pipeline/search.py). -#}

{#- Notes those of the rows that this very transaction wrote, so that no reader ever sees a row that
    the search does not know. In order: two runs at once then never wait for each other in turns. -#}
{% macro note_values() -%}
{%- set columns = [
    "sigla_orgao_superior_unidade_gestora", "id_unidade_gestora", "nome_unidade_gestora",
    "sigla_unidade_gestora", "sigla_orgao_trabalho", "nome_orgao_trabalho", "id_orgao_siafi",
    "id_orgao_siape", "nome_unidade_prestacao", "cnpj_empresa", "razao_social_empresa",
    "numero_contrato", "cbo_2002", "categoria_profissional", "escolaridade_exigida",
    "arquivo_origem",
] -%}
insert into public.valores (coluna, valor)
select distinct
    grouped.coluna,
    public.sem_acento(grouped.valor) as valor
from (
    select
        case
            {%- for column in columns %}
            when grouping({{ column }}) = 0 then '{{ column }}'
            {%- endfor %}
        end as coluna,
        coalesce({{ columns | join(", ") }}) as valor
    from {{ this }}
    where xmin = pg_current_xact_id()::xid
    group by grouping sets (
        {%- for column in columns %}
        ({{ column }}){{ "," if not loop.last }}
        {%- endfor %}
    )
) as grouped
where grouped.valor is not null
order by
    coluna,
    valor
on conflict do nothing;

insert into public.vocabulario (palavra)
select distinct unnest(public.palavras(texts.valor)) as palavra
from (
    select distinct listed.valor
    from {{ this }} as written
    cross join lateral (
        values (written.nome), (replace(written.cpf, '.', ' '))
    ) as listed (valor)
    where
        written.xmin = pg_current_xact_id()::xid
        and listed.valor is not null
) as texts
order by palavra
on conflict do nothing
{%- endmacro %}
