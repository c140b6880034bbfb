-- @note cidr -> inet, int -> oid, oid -> regtype rewrite nothing and change what rows read: a version for those that read otherwise, none for the rest
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_A_MODE=append
create table h(id int primary key, n cidr, i int, o oid, v varchar(3)); insert into h values (1,'10.0.0.1/32',-1,25,'a'),(2,'10.0.0.0/8',5,null,'b'),(3,null,null,23,'c');
create table s(like h including all); insert into s table h; create table a(like h including all); insert into a table h;
-- @once
delete from s where id=1;
-- @sleep 1.2
-- @once
alter table h alter n type inet; alter table s alter n type inet; alter table a alter n type inet;
alter table h alter v type varchar(9); alter table s alter v type text; alter table a alter v type text;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, _op, _is_current from h order by id, _valid_from => [[1,"r","false"],[1,"r","true"],[2,"r","true"],[3,"r","true"]]
-- @expect select n from h_current where id = 1 => [["10.0.0.1"]]
-- @expect select count(*) from h where not _is_current and id = 1 and to_json(h)::varchar like '%10.0.0.1/32%' => [[1]]
-- @expect select count(*) from s where _deleted_at is not null and id = 1 and to_json(s)::varchar like '%10.0.0.1/32%' => [[1]]
-- @expect select n, _op from a where id = 1 order by _seq desc limit 1 => [["10.0.0.1","r"]]
alter table h alter i type oid; alter table s alter i type oid; alter table a alter i type oid;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, i, _op from h where _is_current order by id => [[1,"4294967295","r"],[2,"5","r"],[3,null,"r"]]
-- @expect select count(*) from h where id = 1 and to_json(h)::varchar like '%:-1,%' => [[2]]
alter table h alter o type regtype; alter table s alter o type regtype; alter table a alter o type regtype;
-- @once
-- @rc 0
-- @cmp public.h id h_current
-- @expect select id, o from h_current order by id => [[1,"text"],[2,null],[3,"integer"]]
-- @expect select count(*) from h where id = 3 and regexp_matches(to_json(h)::varchar, ':"?23"?[,}]') => [[1]]
-- @expect select id, o from (from a qualify row_number() over (partition by id order by _seq desc) = 1) order by id => [[1,"text"],[2,null],[3,"integer"]]
