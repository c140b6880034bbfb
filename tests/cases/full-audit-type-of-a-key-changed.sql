-- @note the triggers of --audit full compared keys as of the type that they had when setup ran: once it changed, every UPDATE of the application failed
-- @env SYNC_TABLES=test.* SYNC_TABLE_CLOCK_MODE=append
create schema test; create table test.clock(round int primary key); insert into test.clock values (1);
do $$ declare mode text; kind text[]; begin
  foreach mode in array array['m','h','a'] loop
    foreach kind slice 1 in array array[['ti','text'],['it','int'],['ib','int'],['tj','text'],['ij','int'],['tu','varchar(40)'],['il','int'],['nt','numeric'],['dt','date'],['bt','bytea']] loop
      execute format('create table test.%s_%s(id %s primary key, v text)', mode, kind[1], kind[2]);
      execute format('insert into test.%s_%s select %s, ''a'' from generate_series(1,4) g', mode, kind[1],
        case kind[1] when 'tu' then 'lpad(g::text, 32, ''0'')::uuid::text' when 'dt' then '''2024-01-01''::date + g' when 'bt' then 'g::text::bytea' else 'g' end);
    end loop;
    execute format('create table test.%s_comp(tenant text, id int, at date, v text, primary key(tenant, id, at))', mode);
    execute format('insert into test.%s_comp select t, g, ''2024-01-01'', ''a'' from generate_series(1,2) g, unnest(array[''1'',''2'']) t', mode);
  end loop; end $$;
-- @env SYNC_TABLE_H_TI_MODE=history SYNC_TABLE_H_IT_MODE=history SYNC_TABLE_H_IB_MODE=history SYNC_TABLE_H_TJ_MODE=history SYNC_TABLE_H_IJ_MODE=history SYNC_TABLE_H_TU_MODE=history
-- @env SYNC_TABLE_H_IL_MODE=history SYNC_TABLE_H_NT_MODE=history SYNC_TABLE_H_DT_MODE=history SYNC_TABLE_H_BT_MODE=history SYNC_TABLE_H_COMP_MODE=history
-- @env SYNC_TABLE_A_TI_MODE=append SYNC_TABLE_A_IT_MODE=append SYNC_TABLE_A_IB_MODE=append SYNC_TABLE_A_TJ_MODE=append SYNC_TABLE_A_IJ_MODE=append SYNC_TABLE_A_TU_MODE=append
-- @env SYNC_TABLE_A_IL_MODE=append SYNC_TABLE_A_NT_MODE=append SYNC_TABLE_A_DT_MODE=append SYNC_TABLE_A_BT_MODE=append SYNC_TABLE_A_COMP_MODE=append
-- @setup --audit full --role reader
-- @rc 0
-- @once
-- @rc 0
create function test.work(v text, gone int) returns void language plpgsql as $$ declare t text; k text; begin
  for t in select relname from pg_class where relnamespace = 'test'::regnamespace and relkind = 'r' and relname like '__%' and relname like '%\_%' order by 1 loop
    execute format('update test.%I set v = %L', t, v);
    execute format('delete from test.%1$I where ctid in (select ctid from test.%1$I order by id::text limit %2$s)', t, gone);
  end loop; end $$;
create function test.alter(kind text, statement text) returns void language plpgsql as $$ declare mode text; begin
  foreach mode in array array['m','h','a'] loop execute format('alter table test.%s_%s %s', mode, kind, statement); end loop; end $$;
select test.work('b', 0);
select test.alter('ti', 'alter id type int using id::int'), test.alter('it', 'alter id type text'), test.alter('ib', 'alter id type bigint'), test.alter('tj', 'alter id type jsonb using to_jsonb(id)'),
  test.alter('ij', 'alter id type jsonb using to_jsonb(id)'), test.alter('tu', 'alter id type uuid using id::uuid'), test.alter('il', 'alter id type int[] using array_fill(id, array[id])'),
  test.alter('nt', 'alter id type text'), test.alter('dt', 'alter id type timestamptz'), test.alter('bt', 'alter id type text using encode(id, ''hex'')'),
  test.alter('comp', 'alter id type text, alter tenant type jsonb using to_jsonb(tenant), alter at type text');
select test.work('c', 1);
insert into test.clock values (2);
do $$ declare mode text; begin foreach mode in array array['m','h','a'] loop
  execute format('insert into test.%1$s_ti values (77,''n''); insert into test.%1$s_it values (''new'',''n''); insert into test.%1$s_ib values (5000000000,''n''); insert into test.%1$s_tj values (''"x"'',''n'');
    insert into test.%1$s_ij values (''{"a": [1]}'',''n''); insert into test.%1$s_il values (''{{1,2},{3,4}}'',''n''); insert into test.%1$s_comp values (''"new"'',''z'',''then'',''n'');
    update test.%1$s_ti set id = id + 100 where id > 3; update test.%1$s_it set id = ''other'' where id = ''4''; update test.%1$s_comp set id = ''y'' where id = ''z''', mode); end loop; end $$;
-- @once
-- @rc 0
-- @cmp test.m_ti id test.m_ti
-- @cmp test.h_ti id test.h_ti_current
-- @cmp test.m_it id test.m_it
-- @cmp test.h_it id test.h_it_current
-- @cmp test.m_ib id test.m_ib
-- @cmp test.h_ib id test.h_ib_current
-- @cmp test.m_tj id test.m_tj
-- @cmp test.h_tj id test.h_tj_current
-- @cmp test.m_ij id test.m_ij
-- @cmp test.h_ij id test.h_ij_current
-- @cmp test.m_tu id test.m_tu
-- @cmp test.h_tu id test.h_tu_current
-- @cmp test.m_nt id test.m_nt
-- @cmp test.h_nt id test.h_nt_current
-- @cmp test.m_dt id test.m_dt
-- @cmp test.h_dt id test.h_dt_current
-- @cmp test.m_bt id test.m_bt
-- @cmp test.h_bt id test.h_bt_current
-- @cmp test.m_comp tenant,id,at test.m_comp
-- @cmp test.h_comp tenant,id,at test.h_comp_current
-- @expect select id, v from test.m_il order by len(id) => [["{2,2}","c"],["{3,3,3}","c"],["{4,4,4,4}","c"],["{{1,2},{3,4}}","n"]]
-- @expect select id, v from test.h_il_current order by len(id) => [["{2,2}","c"],["{3,3,3}","c"],["{4,4,4,4}","c"],["{{1,2},{3,4}}","n"]]
-- @expect select v, _op from test.h_ti where id = 3 or id__1 = '3' order by _valid_from => [["a","r"],["b","u"],["c","u"],["c","r"]]
-- @expect select _op, v, _before->>'v' from test.a_ti where id = 4 or id__1 = '4' order by _seq => [["r","a",null],["u","b","a"],["u","c","b"],["d",null,"c"],["d",null,null]]
select test.work('d', 1); insert into test.clock values (3);
-- @once
-- @rc 0
-- @cmp test.m_ti id test.m_ti
-- @cmp test.h_ti id test.h_ti_current
-- @cmp test.m_it id test.m_it
-- @cmp test.h_it id test.h_it_current
-- @cmp test.m_ib id test.m_ib
-- @cmp test.h_ib id test.h_ib_current
-- @cmp test.m_tj id test.m_tj
-- @cmp test.h_tj id test.h_tj_current
-- @cmp test.m_ij id test.m_ij
-- @cmp test.h_ij id test.h_ij_current
-- @cmp test.m_tu id test.m_tu
-- @cmp test.h_tu id test.h_tu_current
-- @cmp test.m_nt id test.m_nt
-- @cmp test.h_nt id test.h_nt_current
-- @cmp test.m_dt id test.m_dt
-- @cmp test.h_dt id test.h_dt_current
-- @cmp test.m_bt id test.m_bt
-- @cmp test.h_bt id test.h_bt_current
-- @cmp test.m_comp tenant,id,at test.m_comp
-- @cmp test.h_comp tenant,id,at test.h_comp_current
-- @setup --audit full --role reader
-- @rc 0
select test.work('e', 1); insert into test.clock values (4);
-- @once
-- @rc 0
-- @cmp test.m_ti id test.m_ti
-- @cmp test.h_ti id test.h_ti_current
-- @cmp test.m_it id test.m_it
-- @cmp test.h_it id test.h_it_current
-- @cmp test.m_ib id test.m_ib
-- @cmp test.h_ib id test.h_ib_current
-- @cmp test.m_tj id test.m_tj
-- @cmp test.h_tj id test.h_tj_current
-- @cmp test.m_ij id test.m_ij
-- @cmp test.h_ij id test.h_ij_current
-- @cmp test.m_tu id test.m_tu
-- @cmp test.h_tu id test.h_tu_current
-- @cmp test.m_nt id test.m_nt
-- @cmp test.h_nt id test.h_nt_current
-- @cmp test.m_dt id test.m_dt
-- @cmp test.h_dt id test.h_dt_current
-- @cmp test.m_bt id test.m_bt
-- @cmp test.h_bt id test.h_bt_current
-- @cmp test.m_comp tenant,id,at test.m_comp
-- @cmp test.h_comp tenant,id,at test.h_comp_current
select test.work('f', 1); insert into test.clock values (5);
-- @once
-- @rc 0
-- @cmp test.m_ti id test.m_ti
-- @cmp test.h_ti id test.h_ti_current
-- @cmp test.m_it id test.m_it
-- @cmp test.h_it id test.h_it_current
-- @cmp test.m_ib id test.m_ib
-- @cmp test.h_ib id test.h_ib_current
-- @cmp test.m_tj id test.m_tj
-- @cmp test.h_tj id test.h_tj_current
-- @cmp test.m_ij id test.m_ij
-- @cmp test.h_ij id test.h_ij_current
-- @cmp test.m_tu id test.m_tu
-- @cmp test.h_tu id test.h_tu_current
-- @cmp test.m_nt id test.m_nt
-- @cmp test.h_nt id test.h_nt_current
-- @cmp test.m_dt id test.m_dt
-- @cmp test.h_dt id test.h_dt_current
-- @cmp test.m_bt id test.m_bt
-- @cmp test.h_bt id test.h_bt_current
-- @cmp test.m_comp tenant,id,at test.m_comp
-- @cmp test.h_comp tenant,id,at test.h_comp_current
-- @expect select v, _op from test.h_ti where id = 177 order by _valid_from, _valid_to => [["n","c"],["n","r"],["d","u"],["e","u"],["e","d"]]
-- @expect select id, v, _op from test.h_tj where id in ('"x"', '"4"') order by id, _valid_from, _op desc => [["\"4\"","c","u"],["\"4\"","d","u"],["\"4\"","e","u"],["\"4\"","f","u"],["\"4\"","f","d"],["\"x\"","n","c"],["\"x\"","d","u"],["\"x\"","e","u"],["\"x\"","f","u"]]
