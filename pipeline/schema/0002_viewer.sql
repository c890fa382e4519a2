-- What the viewer asks for: search without accents and case, and repaired lines as published.

create function public.sem_acento(texto text) returns text
language sql immutable strict parallel safe
as $$
select lower(
    case
        when octet_length(texto) = char_length(texto) then texto
        else translate(
            texto,
            'ÁÀÂÃÄÅáàâãäåÉÈÊËéèêëÍÌÎÏíìîïÓÒÔÕÖóòôõöÚÙÛÜúùûüÇçÑñÝýÿ',
            'aaaaaaaaaaaaeeeeeeeeiiiiiiiioooooooooouuuuuuuuccnnyyy'
        )
    end
)
$$;
comment on function public.sem_acento(text) is
'O texto em minúsculas e sem acentos: é assim que o visualizador compara e ordena.';

create function public.palavras(texto text) returns text []
language sql immutable strict parallel safe
as $$
select array_remove(
    string_to_array(
        translate(public.sem_acento(texto), e'.,;:/\\-_*()''"&+–\u00a0\t', '                  '),
        ' '
    ),
    ''
)
$$;
comment on function public.palavras(text) is
'As palavras do texto, sem acentos, pontuação e maiúsculas: o que o índice de busca guarda.';

create table public.vocabulario (palavra text primary key);
comment on table public.vocabulario is
'As palavras que há nas tabelas com índice de busca; acha as que contêm um pedaço de texto.';
comment on column public.vocabulario.palavra is 'Uma palavra, como public.palavras a escreve.';

alter table public.materializacoes add column busca bigint [] not null default '{}';
comment on column public.materializacoes.busca is
'Os arquivo_id cujas linhas já têm índices e vocabulário de busca, em ordem.';

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
