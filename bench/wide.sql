-- The table of the benchmarks: 13 columns, 2 M rows make a heap of about 600 MB. psql -v rows=2000000 -f wide.sql
CREATE TABLE wide AS
SELECT g::bigint AS id, gen_random_uuid() AS uuid, 'user' || g || '@example.com' AS email, md5(g::text) AS note,
       (random() * 100000)::numeric(12, 2) AS amount, (random() * 100)::int AS seats,
       jsonb_build_object('plan', (ARRAY['free', 'pro', 'team'])[1 + g % 3], 'n', g, 'nested', jsonb_build_object('a', g % 7)) AS meta,
       ARRAY['t' || g % 10, 'tag' || g % 100] AS tags, g % 2 = 0 AS active,
       now() - g % 1000000 * interval '1 s' AS created_at, now() - g % 500000 * interval '1 s' AS updated_at,
       CASE WHEN g % 20 = 0 THEN now() END AS deleted_at, repeat('x', 40) || g AS pad
FROM generate_series(1, :rows) g;
ALTER TABLE wide ADD PRIMARY KEY (id), ALTER updated_at SET NOT NULL;
CREATE INDEX ON wide (updated_at, id);
VACUUM (ANALYZE, FREEZE) wide;
CHECKPOINT;
