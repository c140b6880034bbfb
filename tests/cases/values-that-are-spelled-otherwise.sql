-- @note values that the two databases print in different ways are equal to @cmp
create table spelled(id int primary key, b bool, f float8, r float4, n numeric(12,3), d date, ts timestamp, tz timestamptz, i interval,
  h bytea, u uuid, j jsonb, t time, words text[], grid int[][], bools bool[], spans interval[], "It's ""x""" text);
insert into spelled values
 (1, true, 1, 0.1, 1.5, '2024-02-29', '2024-02-29 12:00', '2024-02-29 12:00:00.5+02', '1 mon', '\x00ff', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  '{"a": [1, null]}', '12:00', '{a,NULL,"NULL","b, {c}","d\"e"}', '{{1,2},{3,NULL}}', '{t,f,NULL}', '{1 mon,2 days}', 'x'),
 (2, false, 'infinity', '-infinity', -0.5, '0044-03-15 BC', '0044-03-15 12:00 BC', '0044-03-15 12:00+00 BC', '3 days', '', null, 'null', '00:00', '{}', '{}', '{}', '{}', ''),
 (3, null, 'NaN', 1e10, 0, '0800-01-02', '0800-01-02', '0800-01-02', '-1 day', null, null, null, null, null, null, null, null, null),
 (4, null, 1e300, 3, 100, 'infinity', '-infinity', 'infinity', '2 years 3 mons 4 days 05:06:07.89', null, null, '"text"', '23:59:59.999999', '{""}', '{{1}}', null, '{00:00:01}', 'é');
-- @once
-- @rc 0
-- @cmp public.spelled id
create table flags(b bool, "Two Words" text, v int, primary key(b, "Two Words")); insert into flags values (true, 'a', 1), (false, 'a', 2);
-- @once
-- @cmp public.flags b,"Two Words"
