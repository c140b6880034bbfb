-- @note a masked column is renamed, and a new one takes its name: the old one is not copied in clear; resync says that it may be
-- @env SYNC_MODE=history MASK_SALT=x SYNC_TABLE_T_MASK=ssn SYNC_TABLE_W_MASK=a
create table t(id int primary key, ssn text); insert into t values (1, 'TOPSECRET'); create table w(id int primary key, a text, b text); insert into w values (1, 'TOPSECRET', 'open');
-- @once
-- @rc 0
alter table t rename ssn to ssn_old; alter table t add ssn text; update t set ssn_old = ssn_old;
alter table w rename a to x; alter table w rename b to a; alter table w rename x to b;
-- @once
-- @rc 1
-- @says pg2duck resync public.t
-- @expect select (select count(*) from t where t::varchar like '%TOP%'), (select count(*) from w where w::varchar like '%TOP%') => [[0, 0]]
-- @resync public.t
-- @expect select ssn_old from t_current => [["TOPSECRET"]]
