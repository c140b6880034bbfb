-- @note Postgres does not enforce how many dimensions an array has: what the list cannot hold is listed whole, JSON and text hold it
create table t(id int primary key, tags int[], grid text[][], v text);
insert into t values (1,'{1,2}','{{a,b},{c,d}}','fine'),(2,'{{1,2},{3,4}}','{a,b}','other'),(3,'[0:1]={5,6}','[0:1]={a,b}','shifted'),(4,'{}',null,'empty');
-- @once
-- @rc 0
-- @expect select id, tags, v from t order by id => [[1,"[1, 2]","fine"],[2,null,"other"],[3,"[5, 6]","shifted"],[4,"[]","empty"]]
-- @expect select key->>'id', column_name, value from _pg2duck.rejects order by all => [["2","grid","{a,b}"],["2","tags","{{1,2},{3,4}}"],["3","grid","[0:1]={a,b}"]]
-- @expect select reason from _pg2duck.rejects where column_name = 'tags' => [["an array of 2 dimensions in a column declared with 1; SYNC_TABLE_T_TYPE=tags:json holds it"]]
-- @note the setting alone copies the table afresh
-- @env SYNC_TABLE_T_TYPE=tags:json,grid:text
-- @once
-- @rc 0
-- @expect select id, tags, grid from t order by id => [[1,"[1,2]","{{a,b},{c,d}}"],[2,"[[1,2],[3,4]]","{a,b}"],[3,"[5,6]","[0:1]={a,b}"],[4,"[]",null]]
-- @expect select count(*) from _pg2duck.rejects => [[0]]
update t set tags = '{{{7}}}' where id = 1; insert into t values (5,'{8}','{{e}}','new'); delete from t where id = 4;
-- @sleep 1.2
-- @once
-- @expect select id, tags, grid from t order by id => [[1,"[[[7]]]","{{a,b},{c,d}}"],[2,"[[1,2],[3,4]]","{a,b}"],[3,"[5,6]","[0:1]={a,b}"],[5,"[8]","{{e}}"]]
-- @env SYNC_TABLE_T_TYPE=tags:jsn
-- @once
-- @rc 2
-- @says SYNC_TABLE_T_TYPE=tags:jsn
-- @says json or text
