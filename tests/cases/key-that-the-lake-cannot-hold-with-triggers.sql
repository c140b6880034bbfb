-- @note the same where triggers record deletes and versions, in every mode
create table m(id numeric(6,2) primary key, v text, w numeric(3,1)); insert into m values (1,'a',1),('NaN','b','NaN');
create table s(id numeric(6,2) primary key, v text, w numeric(3,1)); insert into s select * from m;
create table h(id numeric(6,2) primary key, v text, w numeric(3,1)); insert into h select * from m;
create table l(id numeric(6,2) primary key, v text, w numeric(3,1)); insert into l select * from m;
create table f(id numeric(6,2) primary key, v text, w numeric(3,1)); insert into f select * from m;
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_L_MODE=append SYNC_TABLE_F_MODE=full DIFF_INTERVAL=1h
-- @setup --audit full
-- @once
-- @rc 0
-- @expect select source_table, string_agg(column_name, ' ' order by column_name), min(missing_key) from _pg2duck.rejects group by all order by 1 => [["f","id w","{\"id\":\"NaN\"}"],["h","id w","{\"id\":\"NaN\"}"],["l","id w","{\"id\":\"NaN\"}"],["m","id w","{\"id\":\"NaN\"}"],["s","id w","{\"id\":\"NaN\"}"]]
-- @note one value of the missing row is mended; then it goes and comes back
update m set w = 1; update s set w = 1; update h set w = 1; update l set w = 1; update f set w = 1;
-- @once
-- @expect select source_table, column_name from _pg2duck.rejects order by 1 => [["f","id"],["h","id"],["l","id"],["m","id"],["s","id"]]
delete from m where id = 'NaN'; delete from s where id = 'NaN'; delete from h where id = 'NaN'; delete from l where id = 'NaN'; delete from f where id = 'NaN';
insert into m values ('NaN','n',2); insert into s values ('NaN','n',2); insert into h values ('NaN','n',2); insert into l values ('NaN','n',2); insert into f values ('NaN','n',2);
-- @once
-- @expect select source_table, column_name from _pg2duck.rejects order by 1 => [["f","id"],["h","id"],["l","id"],["m","id"],["s","id"]]
delete from m where id = 'NaN'; update s set id = 2 where id = 'NaN'; delete from h where id = 'NaN'; update l set id = 2 where id = 'NaN'; delete from f where id = 'NaN';
-- @once
-- @rc 0
-- @expect select count(*) from _pg2duck.rejects => [["0"]]
-- @cmp public.m id
-- @cmp public.f id
-- @expect select id from h_current => [["1.00"]]
-- @expect select id from s order by id => [["1.00"],["2.00"]]
