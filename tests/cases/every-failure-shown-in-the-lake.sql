-- @note whatever fails, whenever: _pg2duck.sync says so at once, its lag grows from then on, and it is taken back once all is well
create table t(id int primary key, v text); insert into t values (1,'1');
create table u(id int primary key); insert into u values (1);
create table h(id int primary key, v text); insert into h values (1,'1');
-- @env SYNC_TABLE_H_MODE=history
-- @once
-- @expect select count(*), count(last_error) from _pg2duck.sync => [["3","0"]]
-- @note a table that was never copied
create table keyless(v text);
-- @once
-- @rc 1
-- @expect select source_table, lake_table, as_of, lag_seconds, last_error like '%SYNC_TABLE_KEYLESS_PRIMARY_KEY%' from _pg2duck.sync where last_error is not null => [["keyless","keyless",null,null,"true"]]
alter table keyless add primary key (v);
-- @once
-- @rc 0
-- @expect select count(*), count(as_of), count(last_error) from _pg2duck.sync => [["4","4","0"]]
-- @note a table that is to be copied again and cannot be, and one of another mode that cannot be followed
alter table t rename v to _pg2duck_v; alter table h rename v to _op;
-- @resync t
-- @once
-- @rc 1
-- @expect select source_table, last_error is not null from _pg2duck.sync order by 1 => [["h","true"],["keyless","false"],["t","true"],["u","false"]]
-- @sleep 1.5
-- @once
-- @rc 1
-- @expect select source_table, lag_seconds >= 1.5, lag_seconds between epoch(now()) - epoch(as_of) - 60 and epoch(now()) - epoch(as_of) from _pg2duck.sync where last_error is not null order by 1 => [["h","true","true"],["t","true","true"]]
-- @note a lake table that somebody replaced: the failure arises when the rows are applied
alter table t rename _pg2duck_v to v; alter table h rename _op to v;
-- @once
-- @rc 0
-- @expect select count(*), count(last_error) from _pg2duck.sync => [["4","0"]]
-- @note the whole source is away, twice
-- @env DATABASE_URL=postgres://u:p@127.0.0.1:1/nowhere
-- @once
-- @rc 2
-- @expect select count(*) from _pg2duck.sync where last_error like '%127.0.0.1:1%' => [["4"]]
-- @sleep 1.5
-- @once
-- @expect select count(*) from _pg2duck.sync where last_error like '%127.0.0.1:1%' and lag_seconds >= 1.5 => [["4"]]
-- @env DATABASE_URL=postgres://reader:r@127.0.0.1:$PORT/$DB
-- @once
-- @rc 0
-- @expect select count(*), count(last_error), max(lag_seconds) < 1.5 from _pg2duck.sync => [["4","0","true"]]
-- @cmp public.t id
