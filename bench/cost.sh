#!/usr/bin/env bash
# What an idle cycle costs the source: buffers and time of every statement that pg2duck sends in it, for a table of 2 M rows,
# on a throwaway Postgres with auto_explain. Usage: make build && bench/cost.sh [ROWS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
rows=${1:-2000000}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    exec "$root/scripts/postgres.sh" with "$0" "$rows"
fi

pg2duck=${PG2DUCK:-$root/target/release/pg2duck}
sql=("$PG2DUCK_TEST_PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d postgres)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres SYNC_TABLES=public.t
export DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state

"${sql[@]}" <<SQL
LOAD 'auto_explain';
CREATE TABLE t (id bigint PRIMARY KEY, v text, n int, updated_at timestamptz NOT NULL DEFAULT now());
INSERT INTO t SELECT g, 'value ' || g, g, now() - (g || ' seconds')::interval FROM generate_series(1, $rows) g;
CREATE INDEX ON t (updated_at, id);
VACUUM (ANALYZE, FREEZE) t;
ALTER SYSTEM SET session_preload_libraries = 'auto_explain';
ALTER SYSTEM SET auto_explain.log_analyze = on;
ALTER SYSTEM SET auto_explain.log_buffers = on;
ALTER SYSTEM SET auto_explain.log_timing = off;
ALTER SYSTEM SET auto_explain.log_format = json;
SQL
"$pg2duck" once 2>/dev/null
# The first cycle after the copy warms what the copy did not touch; the one after it is measured.
"$pg2duck" once 2>/dev/null
"${sql[@]}" -c 'CHECKPOINT' -c "LOAD 'auto_explain'" \
    -c "ALTER SYSTEM SET log_min_duration_statement = 0" -c "ALTER SYSTEM SET auto_explain.log_min_duration = 0" -c "SELECT pg_reload_conf()" >/dev/null
log=$PG2DUCK_TEST_DIR/postgres.log
before=$(wc -l <"$log")
SYNC_INTERVAL_SECONDS=1 "$pg2duck" run 2>"$work/log" &
running=$!
# Some cycles of one connection: the catalog caches of a new one are cold, which is no cost of a cycle.
for _ in $(seq 300); do
    [ "$(tail -n +$((before + 1)) "$log" | grep -c 'statement: BEGIN ISOLATION')" -lt 5 ] || break
    sleep 0.1
done
kill -TERM "$running" && wait "$running"
tail -n +$((before + 1)) "$log" | python3 "$root/bench/cost.py"
