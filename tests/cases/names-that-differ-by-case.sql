-- @note who has a name in the lake keeps it; the newcomer is refused
create table t(id int primary key, v int); insert into t values (1, 1);
-- @env SYNC_TABLES=*.*
-- @once
-- @rc 0
create schema "Main"; create table "Main".t(id int primary key, v int); insert into "Main".t values (7, 7);
update t set v = 2;
-- @once
-- @rc 1
-- @says lake table Main.t would hold both public.t and Main.t
-- @cmp public.t id
-- @expect select id, v from main.t => [["1", "2"]]
