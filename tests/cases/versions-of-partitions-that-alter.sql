-- @note a partition whose columns have other numbers than its parent's
-- @env SYNC_MODE=history AUDIT=full
create table t(id int, region text, dropped int, v text, primary key (id, region)) partition by list (region);
alter table t drop column dropped;
create table eu(v text, region text not null, id int not null);
alter table t attach partition eu for values in ('eu');
create table us partition of t for values in ('us');
insert into t values (1,'eu','a'),(2,'us','b');
-- @setup --audit full --role reader
-- @once
update eu set v='a2'; update t set v='b2' where id=2; update eu set v='a3'; update us set v='b3';
alter table t rename v to w; alter table t alter w type varchar(20);
update eu set w='a4'; update t set w='b4' where region='us'; update us set w='b5';
-- @once
-- @rc 0
-- @cmp public.t id,region t_current
-- @expect select id, w, _op from t order by id, _valid_from, _op => [[1,"a","r"],[1,"a2","u"],[1,"a3","u"],[1,"a4","u"],[2,"b","r"],[2,"b2","u"],[2,"b3","u"],[2,"b4","u"],[2,"b5","u"]]
