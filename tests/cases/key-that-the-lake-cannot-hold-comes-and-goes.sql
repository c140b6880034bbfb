-- @note a row that is missing for its key is listed as missing, by its key, and the line goes when the row does: keys compared
create table k(id numeric(6,2) primary key, v text); insert into k values (1,'a'),('NaN','b');
create table t(id timestamp, n int, d numeric(4,2), primary key (n, id)); insert into t values ('294276-12-31',1,'NaN'),('2024-01-01',1,1),('294276-12-30',2,2);
-- @env SYNC_TABLE_T_MODE=history
-- @once
-- @rc 0
-- @expect select key, missing_key, value, reason like '%row is missing%' from _pg2duck.rejects where source_table = 'k' => [["{\"id\":null}","{\"id\":\"NaN\"}","NaN","true"]]
-- @expect select missing_key->>'n', missing_key->>'id', column_name, reason like '%row is missing%' from _pg2duck.rejects where source_table = 't' order by all => [["1","294276-12-31 00:00:00.000000","d","false"],["1","294276-12-31 00:00:00.000000","id","true"],["2","294276-12-30 00:00:00.000000","id","true"]]
-- @note written again, mended elsewhere, another one
update k set v = 'c' where id = 'NaN'; update t set d = 3 where n = 1; insert into t values ('294276-12-31',3,null);
-- @once
-- @expect select missing_key->>'n', column_name from _pg2duck.rejects where source_table = 't' order by all => [["1","id"],["2","id"],["3","id"]]
-- @expect select count(*) from _pg2duck.rejects where source_table = 'k' => [["1"]]
-- @note one goes, one gets another key; the others stay
delete from k where id = 'NaN'; delete from t where n = 2; update t set id = '2024-02-02' where n = 3;
-- @sleep 1.2
-- @once
-- @expect select source_table, missing_key->>'n' from _pg2duck.rejects => [["t","1"]]
-- @expect select n, id from t_current order by all => [["1","2024-01-01 00:00:00"],["3","2024-02-02 00:00:00"]]
-- @sleep 1.2
-- @once
-- @expect select source_table, missing_key->>'n' from _pg2duck.rejects => [["t","1"]]
-- @note one that was not listed (a lake of an earlier version) is found by the comparison
insert into k values ('NaN','again');
-- @once
-- @expect select missing_key from _pg2duck.rejects where source_table = 'k' => [["{\"id\":\"NaN\"}"]]
delete from k where id = 'NaN'; delete from t where n = 1;
-- @sleep 1.2
-- @once
-- @expect select count(*) from _pg2duck.rejects => [["0"]]
-- @cmp public.k id
