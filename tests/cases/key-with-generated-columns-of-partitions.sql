-- @note a key of generated columns changes with what they are made of: by name, in partitions that make them in another way, through levels, with moves; texts and constants, too
create table g(a int, "B b" text, g text generated always as ("B b" || 'x') stored, c int generated always as (7) stored, v text, primary key(a,g,c)) partition by range(a);
create table g1 partition of g for values from (0) to (100); create table g2 partition of g for values from (100) to (200) partition by list(a); create table g2a partition of g2 default;
create table named(a int, r int, k int generated always as (a*2) stored, v text) partition by range(r); create table named1 partition of named for values from (0) to (100); create table named2 partition of named for values from (100) to (200);
create table one(a int, g int generated always as (a*2) stored primary key, v text);
insert into g(a,"B b",v) select i, 't'||i, 'v' from generate_series(1,150) i; insert into named(a,r,v) select i, i, 'v' from generate_series(1,50) i; insert into one(a,v) select i,'v' from generate_series(1,20) i;
-- @env SYNC_TABLE_NAMED_PRIMARY_KEY=k DIFF_INTERVAL=1h
-- @setup --role reader
-- @rc 0
-- @once
-- @rc 0
update g set "B b"='other' where a=5; update g1 set "B b"='y' where a=6; update g set a=a+60 where a=90; update g2a set a=199 where a=110; delete from g2 where a=120; update g set v='w' where a=8;
update named set a=a+1000 where a=5; update named set r=150, a=2000 where a=6; update named set r=160 where a=7; update one set a=100 where a=3; update one set v='w' where a=4;
-- @once
-- @rc 0
-- @cmp public.g a,g,c
-- @cmp public.named k
-- @cmp public.one g
-- @check
-- @setup --audit full --role reader
-- @rc 0
-- @once
update g set "B b"='again' where a=5; delete from g where a=7; update named set a=3000 where a=8; update one set a=101 where a=5;
-- @once
-- @rc 0
-- @cmp public.g a,g,c
-- @cmp public.named k
-- @cmp public.one g
