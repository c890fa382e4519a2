-- Who may do what in the container's PostgreSQL. Nobody comes in over the network as a superuser.
-- The owner of the tables cannot log in; the loader logs in and acts as the owner; the reader of
-- the viewer gets what pipeline/database.py grants it.
\getenv base DB_NAME
\getenv loader DB_USER
\getenv loader_password DB_PASSWORD
\getenv reader_password DB_READER_PASSWORD
select :'base' || '_dono' as owner, :'base' || '_leitura' as reader \gset

select format('create role %I', name)
from unnest(array[:'owner', :'loader', :'reader']) as name
where not exists (select from pg_roles where rolname = name)
\gexec

alter role :"owner" nologin createdb;
grant :"owner" to :"loader";
alter role :"loader" login password :'loader_password';
alter role :"loader" set role to :"owner";
alter role :"reader" login password :'reader_password';
