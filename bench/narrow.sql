-- The narrow table of the benchmarks: 6 columns, small rows. psql -v rows=2000000 -f narrow.sql
CREATE TABLE narrow AS
SELECT g::bigint AS id, (random() * 100000)::int AS customer, (random() * 100)::int AS quantity,
       floor(random() * 40000) / 4 AS price, 'sku-' || g % 5000 AS sku,
       now() - g % 500000 * interval '1 s' AS updated_at
FROM generate_series(1, :rows) g;
ALTER TABLE narrow ADD PRIMARY KEY (id), ALTER updated_at SET NOT NULL;
CREATE INDEX ON narrow (updated_at, id);
VACUUM (ANALYZE, FREEZE) narrow;
CHECKPOINT;
