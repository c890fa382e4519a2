-- What the viewer asks for: search without accents and case, and repaired lines as published.

create function public.sem_acento(texto text) returns text
language sql immutable parallel safe
as $$
select lower(
    case
        when octet_length(texto) = char_length(texto) then texto
        else replace(replace(replace(replace(replace(replace(
            normalize(texto, nfd),
            u&'\0300', ''), u&'\0301', ''), u&'\0302', ''),
            u&'\0303', ''), u&'\0308', ''), u&'\0327', '')
    end
)
$$;
comment on function public.sem_acento(text) is
'O texto em minúsculas e sem acentos: é assim que o visualizador compara e ordena.';

create function public.palavras(texto text) returns text[]
language sql immutable parallel safe
as $$
select string_to_array(public.sem_acento(texto), ' ')
$$;
comment on function public.palavras(text) is
'As palavras do texto, em minúsculas e sem acentos: o que o índice de busca guarda.';

create table public.valores (
    coluna text not null,
    valor text collate "C" not null,
    primary key (coluna, valor)
);
comment on table public.valores is
'Os valores de cada coluna de texto das tabelas transformed e historic_transformed, menos nome e
cpf: são poucos, e acham-se aqui os que contêm um pedaço de texto.';
comment on column public.valores.coluna is 'A coluna.';
comment on column public.valores.valor is 'O valor, como public.sem_acento o escreve.';

create table public.vocabulario (palavra text collate "C" primary key);
comment on table public.vocabulario is
'As palavras dos nomes e CPFs das tabelas transformed e historic_transformed: acham-se aqui as que
contêm um pedaço de texto, e pelo índice de palavras as linhas que as têm.';
comment on column public.vocabulario.palavra is 'Uma palavra, como public.palavras a escreve.';

create table public.reparos (
    ano smallint not null,
    mes smallint not null,
    arquivo text not null,
    linha integer not null,
    conteudo text not null,
    execucao_id text,
    primary key (ano, mes, arquivo, linha)
);
comment on table public.reparos is
'Uma linha por linha publicada que estava deslocada e foi realinhada, como foi publicada.';
