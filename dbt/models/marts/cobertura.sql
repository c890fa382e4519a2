{{ config(materialized="table") }}
with bodies as (
    select
        id_orgao_siafi,
        max(nome_orgao_trabalho) as nome_orgao_trabalho,
        min(data_referencia) as primeira_versao,
        max(data_referencia) as ultima_versao
    from {{ ref("por_orgao") }}
    where id_orgao_siafi is not null
    group by id_orgao_siafi
)

select
    releases.ano,
    releases.mes,
    releases.data_referencia,
    bodies.id_orgao_siafi,
    bodies.nome_orgao_trabalho,
    bodies.primeira_versao,
    bodies.ultima_versao
from {{ ref("versoes") }} as releases
inner join bodies
    on releases.data_referencia >= bodies.primeira_versao
left join {{ ref("por_orgao") }} as reported
    on
        releases.ano = reported.ano
        and releases.mes = reported.mes
        and bodies.id_orgao_siafi = reported.id_orgao_siafi
where reported.ano is null
