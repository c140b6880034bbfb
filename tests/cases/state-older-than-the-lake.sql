-- @note a state folder that is older than the lake: what triggers recorded and the lake has taken in is not taken in once more
-- @env SYNC_TABLE_H_MODE=history SYNC_TABLE_L_MODE=append
create table h(id int primary key, a text); create table l(id int primary key, a text); insert into h values (1,'a'); insert into l values (1,'a');
-- @setup --audit full --role reader
-- @once
-- @note the other state folder stands for what happened between the backup of the state and its return
-- @env STATE_DIR=$DIR/state2
-- @once
update h set a = 'v'; update l set a = 'v';
-- @once
-- @env STATE_DIR=$DIR/state
update h set a = 'w'; update l set a = 'w';
-- @once
-- @rc 0
-- @expect select a, _op from h order by _valid_from => [["a","r"],["v","u"],["w","u"]]
-- @expect select a, _op from l order by _seq => [["a","r"],["v","u"],["w","u"]]
