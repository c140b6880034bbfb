-- @note append carries the time of writing, the order to read by and the transaction; they are what the source says of them
-- @env SYNC_MODE=append
create table t(id int primary key, v text, at timestamptz, x bigint); create table u(id int primary key, x bigint);
insert into t values (1,'a',null,null);
-- @setup --audit full --role reader
-- @once
-- @expect select column_name, data_type from duckdb_columns() where table_name = 't' and column_name like '\_%' escape '\' order by 1 => [["_before","JSON"],["_changed_at","TIMESTAMP WITH TIME ZONE"],["_op","VARCHAR"],["_seq","BIGINT"],["_synced_at","TIMESTAMP WITH TIME ZONE"],["_xid","BIGINT"]]
-- @expect select _changed_at, _xid, _seq is null, _op from t => [[null,null,"false","r"]]
insert into t values (2,'b',clock_timestamp(),pg_current_xact_id()::text::bigint); insert into u values (1,pg_current_xact_id()::text::bigint); update t set v='b2', at=clock_timestamp() where id=2; update u set id=9;
-- @note another transaction
update t set v='a2', at=clock_timestamp(), x=pg_current_xact_id()::text::bigint where id=1; delete from t where id=1; update t set v='b3', at=clock_timestamp() where id=2; insert into t values (1,'again',clock_timestamp(),pg_current_xact_id()::text::bigint);
-- @once
-- @rc 0
-- @expect select id, v, _op from t order by _seq => [[1,"a","r"],[2,"b","c"],[2,"b2","u"],[1,"a2","u"],[1,null,"d"],[2,"b3","u"],[1,"again","c"]]
-- @expect select count(*) from t where _op <> 'd' and "at" is not null and abs(epoch(_changed_at) - epoch("at")) > 1 => [[0]]
-- @expect select count(*) from t where _changed_at is null => [[1]]
-- @expect select count(distinct _xid) from t where _xid is not null => [[2]]
-- @expect select count(*) from t where _op <> 'd' and _xid <> x and v in ('b','b2','a2','again') => [[0]]
-- @expect select (select _xid from u where _op = 'c' order by _seq limit 1) = (select _xid from t where v = 'b') => [["true"]]
-- @expect select id, _op from u order by _seq => [[1,"c"],[1,"d"],[9,"c"]]
-- @expect select count(*), count(distinct _seq), min(_synced_at) < max(_synced_at) from t => [[7,7,"true"]]
-- @resync public.t
insert into t values (3,'c',clock_timestamp(),0);
-- @once
-- @expect select id, v, _op from (from t order by _seq desc limit 1) => [[3,"c","c"]]
-- @expect select count(*), count(distinct _seq) from t => [[8,8]]
