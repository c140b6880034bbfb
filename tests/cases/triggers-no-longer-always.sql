-- @note DISABLE and ENABLE TRIGGER ALL leave triggers that sessions which replay pass by: such a table is not followed by them, and says so, until setup repairs it
create table t(id int primary key, v text); insert into t select g, 'v' from generate_series(1, 60) g;
create table k(id int primary key, v text); insert into k select g, 'v' from generate_series(1, 60) g;
create table kept(id int primary key); insert into kept values (1),(2);
create table p(id int primary key, v text) partition by range(id); create table p1 partition of p for values from (0) to (100); insert into p select g, 'v' from generate_series(1, 60) g;
create table off(id int primary key, v text); insert into off select g, 'v' from generate_series(1, 60) g;
-- @setup --role reader
-- @once
-- @rc 0
delete from t where id = 1; delete from kept where id = 1;
alter table t disable trigger all; alter table t enable trigger all;
alter table k disable trigger zz_pg2duck_key; alter table k enable trigger zz_pg2duck_key;
alter table p1 disable trigger all; alter table p1 enable trigger all;
alter table off disable trigger pg2duck_delete;
-- @plan
-- @says its triggers are not relied on: trigger pg2duck_delete of public.t is not enabled ALWAYS; run: pg2duck setup
-- @says trigger zz_pg2duck_key of public.k is not enabled ALWAYS
-- @says trigger pg2duck_delete of public.p1 is not enabled ALWAYS
-- @says trigger pg2duck_delete of public.off is disabled
-- @check
-- @says trigger zz_pg2duck_key is not enabled ALWAYS
-- @once
-- @rc 0
-- @says its triggers are not relied on
-- @cmp public.t id
set session_replication_role = replica; delete from t where id = 2; update k set id = 200 where id = 2; delete from p1 where id = 2; delete from off where id = 2; delete from kept where id = 2; reset session_replication_role;
-- @sleep 1.2
-- @once
-- @rc 0
-- @cmp public.t id
-- @cmp public.k id
-- @cmp public.p id
-- @cmp public.off id
-- @cmp public.kept id
-- @status
-- @env SYNC_TABLE_K_DELETES=audit
-- @once
-- @rc 1
-- @says deletes of public.k may go unrecorded: trigger zz_pg2duck_key of public.k is not enabled ALWAYS; repair that with: pg2duck setup --tables public.k
-- @env DIFF_INTERVAL=1h
-- @setup --role reader
-- @rc 0
-- @once
-- @rc 0
set session_replication_role = replica; delete from t where id = 3; update k set id = 300 where id = 3; delete from p1 where id = 3; delete from off where id = 3; insert into kept values (9); reset session_replication_role;
-- @once
-- @rc 0
-- @cmp public.t id
-- @cmp public.k id
-- @cmp public.p id
-- @cmp public.off id
-- @cmp public.kept id
