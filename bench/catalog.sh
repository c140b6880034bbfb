#!/usr/bin/env bash
# What looking at the catalog costs the source in a cycle over many tables of which none changes: every statement that reads
# catalogs, how often a cycle sends it, and what it takes in the server. A tenth of the tables are partitioned, with 12 partitions
# each; every table has 15 columns, one of them added later with a default.
# Usage: make build && bench/catalog.sh [TABLES [CYCLES]]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
tables=${1:-1000} cycles=${2:-5}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    exec "$root/scripts/postgres.sh" with "$0" "$tables" "$cycles"
fi

pg2duck=${PG2DUCK:-$root/target/release/pg2duck}
sql=("$PG2DUCK_TEST_PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d postgres)
log=$PG2DUCK_TEST_DIR/postgres.log
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DATABASE_URL=postgres://reader:reader@127.0.0.1:$PGPORT/postgres SYNC_TABLES='public.*' SYNC_INTERVAL_SECONDS=1
export DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state

# One transaction would hold more locks than a server grants.
"${sql[@]}" >/dev/null <<SQL
CREATE TYPE mood AS ENUM ('calm', 'busy');
SELECT format('CREATE TABLE t%s (id bigint, a int, b text, c numeric(12,2), d date, e timestamptz, f boolean, g jsonb, h uuid,
               i double precision, j varchar(40), k text[], l mood, updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (id))
               %s', g, CASE WHEN g % 10 = 0 THEN 'PARTITION BY RANGE (id)' END) FROM generate_series(1, $tables) g \gexec
SELECT format('CREATE TABLE t%s_%s PARTITION OF t%s FOR VALUES FROM (%s) TO (%s)', g, p, g, p, p + 1)
  FROM generate_series(10, $tables, 10) g, generate_series(1, 12) p \gexec
SELECT format('INSERT INTO t%s (id) VALUES (1)', g) FROM generate_series(1, $tables) g \gexec
SELECT format('ALTER TABLE t%s ADD COLUMN later int NOT NULL DEFAULT 1', g) FROM generate_series(1, $tables) g \gexec
SELECT format('CREATE INDEX ON t%s (updated_at)', g) FROM generate_series(1, $tables) g \gexec
VACUUM (ANALYZE, FREEZE);
ALTER SYSTEM SET autovacuum = off;
SELECT pg_reload_conf();
CREATE ROLE reader LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data, pg_read_all_stats;
SQL
# What records deletes; the bootstrap; and a cycle that warms what that left cold.
SETUP_DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres "$pg2duck" setup >/dev/null
"$pg2duck" once 2>/dev/null
"$pg2duck" once 2>/dev/null
"${sql[@]}" -c "ALTER ROLE reader SET log_statement_stats = on" -c 'CREATE SCHEMA elsewhere' -c 'CREATE TABLE elsewhere.n (n int)'

# A probe finds nothing as long as nobody writes anywhere.
before=$(wc -l <"$log")
"$pg2duck" run 2>"$work/log" &
running=$!
until [ "$(tail -n +$((before + 1)) "$log" | grep -c 'SET LOCAL idle_in_transaction_session_timeout')" -gt "$cycles" ]; do
    "${sql[@]}" -c 'INSERT INTO elsewhere.n VALUES (1)'
    sleep 0.3
done
kill -TERM "$running" && wait "$running"
tail -n +$((before + 1)) "$log" | python3 "$root/bench/catalog.py"
