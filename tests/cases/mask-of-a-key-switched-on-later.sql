-- @note a key that is masked later: rows are found by their hashes from then on, and no clear key stays with any version or deleted row
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create table m(email text, kind int, v int, primary key(email,kind)); insert into m values ('a@x',1,1),('b@x',1,1),('c@x',1,1);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
-- @once
update h set v=2 where email='a@x'; delete from s where email='c@x'; delete from h where email='c@x'; delete from a where email='c@x';
-- @sleep 1.2
-- @once
-- @env SYNC_TABLE_M_MASK=email SYNC_TABLE_S_MASK=email SYNC_TABLE_H_MASK=email SYNC_TABLE_A_MASK=email MASK_SALT=s
-- @once
-- @rc 0
update h set v=3 where email='a@x'; update a set v=3 where email='a@x'; delete from s where email='b@x'; delete from h where email='b@x'; delete from m where email='b@x';
-- @sleep 1.2
-- @once
-- @rc 0
-- @expect select email = sha256('sa@x'), v from m order by 1 desc => [["true",1],["false",1]]
-- @expect select email = sha256('sa@x'), v from h_current order by 1 desc => [["true",3]]
-- @expect select email = sha256('sa@x'), v from s where _deleted_at is null => [["true",1]]
-- @expect select count(*), count(email) from s where _deleted_at is not null => [[2,1]]
-- @expect select v, _op from h where email = sha256('sb@x') order by _valid_from, _op desc => [[1,"r"],[1,"d"]]
-- @expect select (select count(*) from h where to_json(h)::varchar like '%@x%'), (select count(*) from s where to_json(s)::varchar like '%@x%'), (select count(*) from a where to_json(a)::varchar like '%@x%') => [[0,0,0]]
-- @expect select email = sha256('sa@x'), v from (from a where email is not null qualify row_number() over (partition by email order by _seq desc) = 1) where _op <> 'd' order by 1 desc => [["true",3],["false",1]]
