-- The tables of `public`. Applied once, in one transaction (see pipeline/database.py).
-- There are no foreign keys to execucoes: the journal may reach the database after the data.

create table public.historic_raw (
    id_terc text,
    sg_orgao_sup_tabela_ug text,
    cd_ug_gestora text,
    nm_ug_tabela_ug text,
    sg_ug_gestora text,
    nr_contrato text,
    nr_cnpj text,
    nm_razao_social text,
    nr_cpf text,
    nm_terceirizado text,
    nm_categoria_profissional text,
    nm_escolaridade text,
    nr_jornada text,
    nm_unidade_prestacao text,
    vl_mensal_salario text,
    vl_mensal_custo text,
    "Num_Mes_Carga" text,
    "Mes_Carga" text,
    "Ano_Carga" text,
    sg_orgao text,
    nm_orgao text,
    cd_orgao_siafi text,
    cd_orgao_siape text,
    ano smallint not null,
    mes smallint not null,
    arquivo_origem text not null,
    linha_origem integer not null,
    reparado boolean not null default false
) partition by range (ano, mes);
comment on table public.historic_raw is
'Uma linha por linha publicada que pôde ser lida; uma partição por versão (ano e mês).';

-- Replaced by every capture so that it reads the partition of the newest release only.
create view public.raw as
select * from public.historic_raw
where false;
comment on view public.raw is 'As linhas da versão mais nova capturada.';

create table public.quarentena (
    ano smallint not null,
    mes smallint not null,
    arquivo text not null,
    linha integer not null,
    conteudo text not null,
    motivo text not null,
    execucao_id text,
    primary key (ano, mes, arquivo, linha)
);
comment on table public.quarentena is 'Uma linha por linha publicada que não pôde ser lida.';

create table public.arquivos (
    arquivo_id bigint generated always as identity primary key,
    ano smallint not null,
    mes smallint not null,
    url text not null,
    arquivo text not null,
    sha256 text not null,
    bytes bigint not null,
    etag text,
    modificado text,
    codificacao text,
    separador text,
    planilha text,
    tem_cabecalho boolean not null,
    linhas integer not null,
    linhas_cabecalho integer not null,
    linhas_em_branco integer not null,
    linhas_carregadas integer not null,
    linhas_reparadas integer not null,
    linhas_separadas integer not null,
    linhas_novas integer,
    linhas_removidas integer,
    linhas_alteradas integer,
    soma_salario numeric(18, 2) not null,
    soma_custo numeric(18, 2) not null,
    avisos text,
    baixado_em timestamptz not null,
    capturado_em timestamptz not null default now(),
    segundos numeric(10, 3) not null,
    execucao_id text,
    vigente boolean not null default true,
    constraint linhas_fecham check (
        linhas = linhas_cabecalho + linhas_em_branco + linhas_carregadas + linhas_separadas
    ),
    constraint reparadas_sao_carregadas check (linhas_reparadas <= linhas_carregadas)
);
create unique index arquivos_vigente on public.arquivos (ano, mes) where vigente;
comment on table public.arquivos is
'Uma linha por versão capturada de um arquivo; vigente = a que está nas tabelas.';
comment on column public.arquivos.linhas_novas is
'Linhas que a versão anterior da mesma publicação não tinha; nulo na primeira captura.';
comment on column public.arquivos.linhas_alteradas is
'Linhas com o mesmo id_terc e outro conteúdo.';
comment on column public.arquivos.soma_salario is
'Soma dos salários mensais das linhas carregadas, em reais, feita ao ler o arquivo; a camada
transformed tem de chegar à mesma.';
comment on column public.arquivos.soma_custo is
'Soma dos custos mensais das linhas carregadas, em reais, feita ao ler o arquivo; a camada
transformed tem de chegar à mesma.';

create table public.execucoes (
    execucao_id text primary key,
    flow text not null,
    estado text not null,
    mensagem text,
    inicio timestamptz not null,
    fim timestamptz,
    parametros jsonb,
    onde text
);
create index execucoes_inicio on public.execucoes (flow, inicio);
comment on table public.execucoes is 'Uma linha por execução de um flow.';

create table public.execucoes_tarefas (
    execucao_id text not null,
    tarefa text not null,
    indice integer not null,
    tentativa smallint not null,
    estado text not null,
    mensagem text,
    inicio timestamptz,
    fim timestamptz,
    primary key (execucao_id, tarefa, indice, tentativa)
);
comment on table public.execucoes_tarefas is
'Uma linha por tentativa de uma tarefa; indice -1 = tarefa não mapeada.';

create table public.registros (
    id bigint generated always as identity primary key,
    execucao_id text not null,
    processo text not null,
    sequencia integer not null,
    tarefa text,
    nivel text not null,
    momento timestamptz not null,
    mensagem text not null,
    unique (execucao_id, processo, sequencia)
);
create index registros_momento on public.registros (momento);
comment on table public.registros is 'Uma linha por registro de log.';

create table public.resultados_dbt (
    execucao_id text not null,
    no text not null,
    tipo text not null,
    descricao text,
    estado text not null,
    falhas bigint,
    mensagem text,
    segundos numeric(10, 3) not null,
    momento timestamptz not null,
    primary key (execucao_id, no)
);
comment on table public.resultados_dbt is
'Uma linha por modelo ou teste do dbt e execução; falhas = linhas que o teste apontou.';

create table public.materializacoes (
    alvo text primary key,
    arquivos bigint[] not null,
    modelos text not null,
    execucao_id text,
    momento timestamptz not null default now()
);
comment on table public.materializacoes is
'Uma linha por alvo (recente, historico): de que são feitas as tabelas de hoje.';
comment on column public.materializacoes.arquivos is
'Os arquivo_id cujas linhas estão nas tabelas e passaram pelos testes, em ordem.';
comment on column public.materializacoes.modelos is 'SHA-256 dos modelos, macros e testes do dbt.';

create view public.logs__capture as
select
    registros.id as id_log,
    registros.mensagem as log_content,
    registros.momento as timestamp_log_load
from public.registros
inner join public.execucoes using (execucao_id)
where execucoes.flow = 'Captura dos Dados'
order by execucoes.inicio, registros.id;

create view public.logs__materialize as
select
    registros.id as id_log,
    registros.mensagem as log_content,
    registros.momento as timestamp_log_load
from public.registros
inner join public.execucoes using (execucao_id)
where execucoes.flow = 'Materialização dos Dados'
order by execucoes.inicio, registros.id;

create view public.logs__historic_capture as
select
    registros.id as id_log,
    registros.mensagem as log_content,
    registros.momento as timestamp_log_load
from public.registros
inner join public.execucoes using (execucao_id)
where execucoes.flow = 'Captura dos Dados Históricos'
order by execucoes.inicio, registros.id;

create view public.logs__historic_materialize as
select
    registros.id as id_log,
    registros.mensagem as log_content,
    registros.momento as timestamp_log_load
from public.registros
inner join public.execucoes using (execucao_id)
where execucoes.flow = 'Materialização dos Dados Históricos'
order by execucoes.inicio, registros.id;
