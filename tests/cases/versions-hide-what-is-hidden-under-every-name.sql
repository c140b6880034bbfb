-- @note a column that is left out, or masked, is so in what was recorded under its former name, too
-- @env SYNC_MODE=append AUDIT=full SYNC_TABLE_T_EXCLUDE=secret2 SYNC_TABLE_T_MASK=email2
create table t(id int primary key, secret2 text, email2 text, v text); insert into t values (1,'s','e','a');
-- @setup --audit full --role reader
-- @once
alter table t rename secret2 to secret; alter table t rename email2 to email;
update t set v='b', secret='s2', email='e2';
alter table t rename secret to secret2; alter table t rename email to email2;
update t set v='c';
-- @once
-- @rc 0
-- @expect select v, length(email2), _before::varchar from t order by _seq => [["a",64,null],["b",64,"{\"v\": \"a\", \"id\": 1}"],["c",64,"{\"v\": \"b\", \"id\": 1}"]]
-- @expect select count(distinct email2) from t => [[2]]
