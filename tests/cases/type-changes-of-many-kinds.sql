-- @note of forty type changes most left a table stuck for ever; now all of them in one statement, in every mode that keeps the past
-- @env SYNC_TABLE_S_MODE=soft_delete SYNC_TABLE_H_MODE=history SYNC_TABLE_A_MODE=append
create type mood as enum('sad','ok');
create table m(id int primary key, c1 text, c2 int, c3 bigint, c4 int, c5 numeric(10,2), c6 numeric(10,2), c7 float8, c8 float8, c9 timestamptz, c10 timestamp, c11 date, c12 text, c13 uuid, c14 bool,
  c15 int, c16 json, c17 text, c18 text, c19 bytea, c20 int[], c21 text, c22 interval, c23 time, c24 varchar(5), c25 mood, c26 text, c27 inet, c28 oid, c29 int4range, c30 point, c31 char(4), c32 numeric, c33 money, c34 text[]);
insert into m values (1,'10',2,3,4,5.25,6.00,7.5,8.25,'2024-02-29 12:00+00','2024-02-29 12:00','2024-02-29','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11','a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12',true,
  1,'{"a" : 1}','[1]','x','\x00ff','{1,2}','t','1 mon','12:00','abcde','ok','sad','10.0.0.1',23,'[1,5)','(1,2)','ab',9.5,'12.50','{1,2}'); insert into m values (2),(3);
create table s(like m including all); insert into s table m; create table h(like m including all); insert into h table m; create table a(like m including all); insert into a table m;
-- @once
-- @rc 0
update s set c1='deleted' where id=1; delete from s where id=1;
-- @sleep 1.2
-- @once
do $$ declare t text; begin foreach t in array array['m','s','h','a'] loop execute format('alter table %I alter c1 type int using c1::int, alter c2 type smallint, alter c3 type int, alter c4 type text,
  alter c5 type numeric(8,1), alter c6 type int, alter c7 type float4, alter c8 type numeric(10,2), alter c9 type date, alter c10 type timestamptz using c10 at time zone ''UTC'', alter c11 type text,
  alter c12 type uuid using c12::uuid, alter c13 type text, alter c14 type int using c14::int, alter c15 type bool using c15::bool, alter c16 type jsonb, alter c17 type json using c17::json,
  alter c18 type bytea using c18::bytea, alter c19 type text using encode(c19,''hex''), alter c20 type text[], alter c21 type text[] using case when c21 is not null then array[c21] end, alter c22 type text, alter c23 type interval,
  alter c24 type varchar(2) using left(c24,2), alter c25 type text, alter c26 type mood using c26::mood, alter c27 type text, alter c28 type regtype, alter c29 type text, alter c30 type text using c30::text,
  alter c31 type text, alter c32 type bigint, alter c33 type numeric(12,2), alter c34 type int[] using c34::int[]', t); end loop; end $$;
-- @once
-- @rc 0
-- @cmp public.m id
-- @cmp public.h id h_current
-- @expect select id, _op, _is_current from h order by id, _valid_from => [[1,"r","false"],[1,"r","true"],[2,"r","true"],[3,"r","true"]]
-- @expect select id, _op from a order by id, _seq => [[1,"r"],[1,"r"],[2,"r"],[3,"r"]]
-- @expect select c1__2, c9__10 is not null, c12__13, c14__15, c20__21::varchar, c21__22, c24, c28, c32__33, c1 from h where id = 1 and not _is_current => [["10","true","a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","true","[1, 2]","t","abcde","23","9.5",null]]
-- @expect select count(*) from h where id = 1 and not _is_current and to_json(h)::varchar like '%"abcde"%' and to_json(h)::varchar like '%10.0.0.1%' => [[1]]
-- @expect select id, c1__2, c24, _op from s where _deleted_at is not null => [[1,"10","abcde","d"]]
-- @once
-- @rc 0
-- @expect select count(*) from h => [[4]]
