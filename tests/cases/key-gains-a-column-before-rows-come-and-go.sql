-- @note rows that are born and deleted after their table got another key, before the lake knows: the log ends them by both
-- @env SYNC_MODE=append
create table t(uid int primary key, v text); insert into t values (1,'a'),(2,'b');
-- @setup --audit full --role reader
-- @once
alter table t add tenant int not null default 1, drop constraint t_pkey, add primary key (tenant, uid);
-- @setup --audit full --role reader
delete from t where uid = 2; begin; insert into t values (8,'x',1),(9,'y',1); delete from t where uid > 7; commit;
-- @once
-- @rc 0
-- @expect select tenant, uid, v from (from t qualify row_number() over (partition by tenant, uid order by _seq desc) = 1) where _op <> 'd' => [[1,1,"a"]]
-- @expect select uid, v from (from t qualify row_number() over (partition by uid order by _seq desc) = 1) where _op <> 'd' => [[1,"a"]]
