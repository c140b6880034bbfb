-- @note settings hide columns by name, the lake follows tables by number: what was hidden is not copied in clear under another name of its table, in any mode, until that is asked for
-- @env MASK_SALT=x SYNC_TABLE_H_MODE=history SYNC_TABLE_H_MASK=ssn SYNC_TABLE_H_EXCLUDE=pin SYNC_TABLE_M_COLUMNS=id SYNC_TABLE_F_MODE=full SYNC_TABLE_F_EXCLUDE=ssn
create table h(id int primary key, ssn text, pin text); insert into h values (1, 'TOPSECRET', 'TOPPIN');
create table m(id int primary key, ssn text, pin text); insert into m table h; create table f(id int primary key, ssn text); insert into f select id, ssn from h; create table other(id int primary key); insert into other values (1);
-- @once
-- @rc 0
alter table h rename to h2; alter table m rename to m2; alter table f rename to f2; update h2 set ssn = ssn; insert into other values (2);
-- @env SYNC_TABLE_H2_MODE=history SYNC_TABLE_F2_MODE=full
-- @once
-- @rc 1
-- @says SYNC_TABLE_H2_MASK
-- @cmp public.other id
-- @expect select count(*) from duckdb_columns() where column_name = 'pin' => [[0]]
-- @expect select (select count(*) from h where h::varchar like '%TOP%'), (select count(*) from m where m::varchar like '%TOP%'), (select count(*) from f where f::varchar like '%TOP%') => [[0, 0, 0]]
-- @env SYNC_TABLE_H2_MASK=ssn SYNC_TABLE_H2_EXCLUDE=pin SYNC_TABLE_M2_COLUMNS=id SYNC_TABLE_F2_EXCLUDE=ssn
-- @once
-- @rc 0
-- @expect select count(*), count(*) filter (len(ssn) = 64) from h2 => [[1, 1]]
-- @unenv SYNC_TABLE_M2_COLUMNS
-- @once
-- @rc 0
-- @expect select ssn, pin from m2 => [["TOPSECRET", "TOPPIN"]]
