-- @note another MASK_SALT, and a mask that is taken off: one column never holds hashes of two kinds as if they were the same
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_M_MASK=ssn SYNC_TABLE_S_MASK=ssn SYNC_TABLE_H_MASK=ssn MASK_SALT=one
create table m(id int primary key, ssn text, v int); insert into m values (1,'SSN-1',1),(2,'SSN-2',1); create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m;
-- @once
update h set v=2 where id=1;
-- @once
-- @env MASK_SALT=two
-- @once
-- @rc 0
-- @expect select id, ssn = sha256('twoSSN-' || id) from m order by id => [[1,"true"],[2,"true"]]
-- @expect select id, ssn = sha256('twoSSN-' || id) from s order by id => [[1,"true"],[2,"true"]]
-- @expect select id, ssn = sha256('twoSSN-' || id) from h_current order by id => [[1,"true"],[2,"true"]]
-- @expect select count(*) from h where id = 1 and not _is_current => [[2]]
-- @unenv SYNC_TABLE_M_MASK SYNC_TABLE_S_MASK SYNC_TABLE_H_MASK MASK_SALT
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.s id
-- @cmp public.h id h_current
-- @expect select count(*) filter (_is_current), count(*) filter (ssn like 'SSN%') from h => [[2,2]]
