-- @note NUMERIC=text later: every digit from then on, and what was a double stays beside it
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append SYNC_TABLE_F_MODE=full SYNC_TABLE_FA_MODE=full_append
create table m(id int primary key, price numeric, v int); insert into m values (1,1.10,1),(2,12345678901234567890.5,1),(3,null,1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
create table f(like m including all); insert into f table m; create table fa(like m including all); insert into fa table m;
-- @once
delete from s where id=1; update h set v=2 where id=1;
-- @sleep 1.2
-- @once
-- @env NUMERIC=text
-- @once
-- @rc 0
-- @expect select id, price from m order by id => [[1,"1.10"],[2,"12345678901234567890.5"],[3,null]]
-- @expect select id, price from f order by id => [[1,"1.10"],[2,"12345678901234567890.5"],[3,null]]
-- @expect select id, price__2, price, v, _op from h where id <> 2 order by id, _valid_from => [[1,"1.1",null,1,"r"],[1,"1.1",null,2,"u"],[1,null,"1.10",2,"r"],[3,null,null,1,"r"]]
-- @expect select price from h_current where id = 2 => [["12345678901234567890.5"]]
-- @expect select id, price__2, price from s where _deleted_at is not null => [[1,"1.1",null]]
-- @expect select price__2, price, _op from a where id = 1 order by _seq => [["1.1",null,"r"],[null,"1.10","r"]]
-- @expect select price__2, price, count(*) from fa where id = 1 group by all order by all => [["1.1",null,2],[null,"1.10",1]]
update h set price = 1.100 where id=1;
-- @once
-- @rc 0
-- @expect select price, _op from h where id = 1 and _is_current => [["1.100","u"]]
-- @unenv NUMERIC
-- @once
-- @rc 0
-- @expect select price__2, price__2_2, price, _op from h where id = 1 order by _valid_from => [["1.1",null,null,"r"],["1.1",null,null,"u"],[null,"1.10",null,"r"],[null,"1.100",null,"u"],[null,null,"1.1","r"]]
-- @expect select data_type from duckdb_columns() where table_name = 'm' and column_name = 'price' => [["DOUBLE"]]
