-- @note date becomes timestamp, real becomes double precision: both hold every value and print it otherwise, so what is kept of the past stays in a column of its own
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_FA_MODE=full_append SYNC_TABLE_K_MODE=history SYNC_TABLE_KA_MODE=append
create table m(id int primary key, day date, ratio real, qty int, price numeric(10,2)); insert into m values (1,'2024-02-14',0.1,1,1.50),(2,'2024-02-15',0.2,2,2.50),(3,null,null,3,3.50);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m; create table fa(like m including all); insert into fa table m;
create table k(day date primary key, n int); insert into k values ('2024-02-14',1),('2024-02-15',2); create table ka(like k including all); insert into ka table k;
-- @setup --no-notify --audit full --role reader
-- @once
-- @rc 0
update h set qty=9 where id=1; update a set qty=9 where id=1; delete from s where id=2; delete from k where n=2; delete from ka where n=2;
do $$ declare t text; begin foreach t in array array['m','s','h','a','fa'] loop execute format('alter table %I alter day type timestamp, alter ratio type double precision, alter qty type bigint, alter price type numeric(12,2)', t); end loop; end $$;
alter table k alter day type timestamp; alter table ka alter day type timestamp; update h set qty=8 where id=3;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @cmp public.k day k_current
-- @expect select column_name, data_type from duckdb_columns() where table_name = 'm' order by column_index => [["id","INTEGER"],["day","TIMESTAMP"],["ratio","DOUBLE"],["qty","BIGINT"],["price","DECIMAL(12,2)"]]
-- @expect select id, day__2, ratio__3, day, ratio, qty, price, _op from h order by id, _valid_from, _op desc => [[1,"2024-02-14","0.1",null,null,1,"1.50","r"],[1,"2024-02-14","0.1",null,null,9,"1.50","u"],[1,null,null,"2024-02-14 00:00:00","0.10000000149011612",9,"1.50","r"],[2,"2024-02-15","0.2",null,null,2,"2.50","r"],[2,null,null,"2024-02-15 00:00:00","0.20000000298023224",2,"2.50","r"],[3,null,null,null,null,3,"3.50","r"],[3,null,null,null,null,8,"3.50","u"]]
-- @expect select id, day__2, ratio__3, day, ratio, qty, _op from a order by id, _seq => [[1,"2024-02-14","0.1",null,null,1,"r"],[1,"2024-02-14","0.1",null,null,9,"u"],[1,null,null,"2024-02-14 00:00:00","0.10000000149011612",9,"r"],[2,"2024-02-15","0.2",null,null,2,"r"],[2,null,null,"2024-02-15 00:00:00","0.20000000298023224",2,"r"],[3,null,null,null,null,3,"r"]]
-- @expect select id, day__2, ratio__3, day, ratio, _deleted_at is null from s order by id => [[1,null,null,"2024-02-14 00:00:00","0.10000000149011612","true"],[2,"2024-02-15","0.2",null,null,"false"],[3,null,null,null,null,"true"]]
-- @expect select count(day__2), count(ratio__3), count(day), count(ratio), count(*) from fa => [[2,2,2,2,6]]
-- @expect select day__1, day, n, _op from k order by n, _valid_from, _op desc => [["2024-02-14",null,1,"r"],[null,"2024-02-14 00:00:00",1,"r"],["2024-02-15",null,2,"r"],["2024-02-15",null,2,"d"]]
-- @expect select day__1, day, n, _op from ka order by _seq => [["2024-02-14",null,1,"r"],["2024-02-15",null,2,"r"],["2024-02-15",null,null,"d"],["2024-02-14",null,null,"d"],[null,"2024-02-14 00:00:00",1,"r"]]
-- @once
-- @rc 0
-- @expect select (select count(*) from h), (select count(*) from a), (select count(*) from s), (select count(*) from k) => [[7,6,3,4]]
