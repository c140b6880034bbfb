-- @note Postgres compares char(n) without its padding; with CHAR=trimmed so does the lake, keys and recorded deletes included
-- @env AUDIT=keys CHAR=trimmed
create table c(code char(5) primary key, v char(3), list char(2)[]); insert into c values ('ab','x','{a,bc}'),('abcde','',null),('',null,'{}');
-- @setup --audit keys --role reader
-- @once
-- @rc 0
-- @expect select code, v, list from c order by code => [["",null,"[]"],["ab","x","[a, bc]"],["abcde","",null]]
update c set v = 'y' where code = 'ab'; delete from c where code in ('', 'abcde'); insert into c values ('n','n',null);
-- @once
-- @expect select code, v from c order by code => [["ab","y"],["n","n"]]
-- @note padded, as Postgres prints it, is what everybody gets who says nothing
-- @unenv CHAR
-- @once
-- @expect select code, v from c order by code => [["ab   ","y  "],["n    ","n  "]]
delete from c where code = 'n';
-- @once
-- @expect select code, v from c => [["ab   ","y  "]]
