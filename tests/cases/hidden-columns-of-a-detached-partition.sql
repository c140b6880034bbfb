-- @note what was hidden as part of a partitioned table is not copied in clear once the partition is a table of its own: detached, renamed, its column renamed or elsewhere, the parent gone, in any mode, until settings name it or that is asked for
-- @env MASK_SALT=x SYNC_TABLE_P_MASK=secret SYNC_TABLE_E_MODE=history SYNC_TABLE_E_EXCLUDE=secret SYNC_TABLE_C_COLUMNS=id,z SYNC_TABLE_D_MODE=full SYNC_TABLE_D_MASK=secret
create table p(id int, z int, secret text, primary key(id, z)) partition by list(z);
create table p1 partition of p for values in (1);
create table p2(gone int, secret text, z int not null, id int not null); alter table p2 drop column gone; alter table p2 add primary key(id, z); alter table p attach partition p2 for values in (2);
create table p3 partition of p for values in (3) partition by list(id); create table p31 partition of p3 default;
create table p4 partition of p default;
insert into p select g, g, 'TOP' || g from generate_series(1, 9) g;
create table e(like p including all) partition by list(z); create table e1 partition of e for values in (1); create table e2 partition of e default; insert into e table p;
create table c(like p including all) partition by list(z); create table c1 partition of c for values in (1); create table c2 partition of c default; insert into c table p;
create table d(like p including all) partition by list(z); create table d1 partition of d for values in (1); create table d2 partition of d default; insert into d table p;
create table other(id int primary key); insert into other values (1);
-- @once
-- @rc 0
alter table p detach partition p1; alter table p detach partition p2; alter table p2 rename to q; alter table q rename secret to s; alter table p detach partition p3; alter table p3 detach partition p31; drop table p3;
alter table e detach partition e1; alter table e1 rename to f; alter table c detach partition c1; alter table d detach partition d1; drop table d; alter table d1 rename to dd; insert into other values (2);
-- @once
-- @rc 1
-- @says SYNC_TABLE_P1_MASK
-- @says was left out or masked as "secret" of public.p
-- @cmp public.other id
-- @expect select count(*) from duckdb_tables() where schema_name = 'main' and table_name in ('p1', 'q', 'p3', 'p31', 'f', 'c1', 'dd') => [[0]]
insert into other values (3); insert into p values (20, 20, 'TOP');
-- @once
-- @rc 1
-- @cmp public.other id
-- @expect select count(*) from duckdb_tables() where schema_name = 'main' and table_name in ('p1', 'q', 'p3', 'p31', 'f', 'c1', 'dd') => [[0]]
-- @expect select count(*) from p where len(secret) = 64 => [[7]]
-- @env SYNC_TABLE_P1_MASK=secret SYNC_TABLE_Q_EXCLUDE=s SYNC_TABLE_P31_MASK=secret SYNC_TABLE_F_MODE=history SYNC_TABLE_F_EXCLUDE=secret SYNC_TABLE_C1_COLUMNS=id,z SYNC_TABLE_DD_EXCLUDE=secret
-- @once
-- @rc 0
-- @expect select (select count(*) from p1 where len(secret) = 64), (select count(*) from p31 where len(secret) = 64), (select count(*) from q), (select count(*) from f), (select count(*) from c1), (select count(*) from dd) => [[1, 1, 1, 1, 1, 1]]
-- @expect select count(*) from duckdb_columns() where schema_name = 'main' and table_name in ('q', 'f', 'c1', 'dd') and column_name in ('s', 'secret') => [[0]]
alter table p detach partition p4; insert into p4 values (21, 21, 'TOP');
-- @once
-- @rc 1
-- @resync public.p4
-- @rc 0
-- @expect select count(*) from p4 where secret like 'TOP%' => [[8]]
insert into p4 values (22, 22, 'TOP'); update p4 set secret = 'TOPMOST' where id = 21;
-- @once
-- @rc 0
-- @cmp public.p4 id
-- @unenv SYNC_TABLE_P1_MASK
update p1 set secret = 'TOP';
-- @once
-- @expect select secret from p1 => [["TOP"]]
