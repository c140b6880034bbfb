-- @note what nobody has analysed is as small as the server has counted its rows: small tables are scanned at every cycle, large ones are not
create table small(id int primary key, v text, updated_at timestamptz not null default '2001-01-01'); create index on small(updated_at);
create table large(id int primary key, v text, updated_at timestamptz not null default '2001-01-01'); create index on large(updated_at);
create table parts(id int primary key, v text, updated_at timestamptz not null default '2001-01-01') partition by range(id); create table p1 partition of parts default; create index on parts(updated_at);
create table emptied(id int primary key, v text, updated_at timestamptz not null default '2001-01-01');
insert into small select g,'v' from generate_series(1,50) g; insert into large select g,'v' from generate_series(1,5000) g; insert into parts select g,'v' from generate_series(1,50) g;
-- @note VACUUM and the like stand alone
analyze emptied;
-- @note as the server counts them
select pg_stat_force_next_flush();
-- @once
-- @rc 0
update small set v='backdated' where id=7; update large set v='backdated' where id=7; update parts set v='backdated' where id=7; insert into emptied values (1,'v');
-- @plan
-- @says full scan by xmin: it is small
-- @says by updated_at since
-- @once
-- @rc 0
-- @cmp public.small id
-- @cmp public.parts id
-- @cmp public.emptied id
-- @expect select v from large where id = 7 => [["v"]]
analyze;
-- @once
-- @cmp public.small id
-- @expect select v from large where id = 7 => [["v"]]
