-- @note 0 and -0 in one column and one batch keep their signs, also in arrays and composites, in copies and in changes
-- @env SYNC_TABLE_H_MODE=history
create type pair as (x float8, y real);
create table m(id int primary key, f float8, r real, ff float8[], c pair); insert into m values (1,0,'-0','{0,-0}',row('-0',0)),(2,'-0',0,'{-0,0}',row(0,'-0')),(3,0,0,'{0}',row(0,0));
create table h(like m including all); insert into h table m;
-- @once
-- @rc 0
-- @expect select id, f::varchar, r::varchar, ff::varchar, c.x::varchar, c.y::varchar from m order by id => [[1,"0.0","-0.0","[0.0, -0.0]","-0.0","0.0"],[2,"-0.0","0.0","[-0.0, 0.0]","0.0","-0.0"],[3,"0.0","0.0","[0.0]","0.0","0.0"]]
update m set f=-f, ff='{-0,-0,0}' where id<3; update h set f=-f where id<3;
-- @once
-- @rc 0
-- @expect select id, f::varchar, ff::varchar from m where id < 3 order by id => [[1,"-0.0","[-0.0, -0.0, 0.0]"],[2,"0.0","[-0.0, -0.0, 0.0]"]]
-- @expect select id, f::varchar, _op from h order by id, _valid_from => [[1,"0.0","r"],[1,"-0.0","u"],[2,"-0.0","r"],[2,"0.0","u"],[3,"0.0","r"]]
