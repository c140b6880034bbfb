-- @note {schema}.{table} means the source's schemas where somebody says it; unsaid, public is main
create schema main; create table t(id int primary key, v text); insert into t values (1,'public'); create table main.t(id int primary key, v text); insert into main.t values (1,'main');
-- @env SYNC_TABLES=public.t SYNC_MODE=history
-- @once
-- @rc 0
-- @expect select v from main.t => [["public"]]
-- @env SYNC_TABLES=public.t,main.t DUCKDB_TABLE={schema}.{table}
update t set v='moved';
-- @once
-- @note the name is free from then on
-- @once
-- @rc 0
-- @expect select v from public.t order by _valid_from => [["public"],["moved"]]
-- @expect select v from main.t => [["main"]]
-- @unenv DUCKDB_TABLE
-- @env SYNC_TABLES=public.t
-- @check
-- @says public.t: becomes main.t
