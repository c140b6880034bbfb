#!/usr/bin/env bash
# What a cycle without changes costs the source: buffers and time of every statement that pg2duck sends in it, for a table of
# 2 M rows, on a throwaway Postgres with auto_explain; while nothing happens there, and while others write to other tables.
# Usage: make build && bench/cost.sh [ROWS]
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
export DATABASE_URL=postgres://reader:reader@127.0.0.1:$PGPORT/postgres SYNC_TABLES=public.t SYNC_INTERVAL_SECONDS=1
export DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state

"${sql[@]}" >/dev/null <<SQL
CREATE TABLE t (id bigint PRIMARY KEY, v text, n int, updated_at timestamptz NOT NULL DEFAULT now());
INSERT INTO t SELECT g, 'value ' || g, g, now() - (g || ' seconds')::interval FROM generate_series(1, $rows) g;
CREATE INDEX ON t (updated_at, id);
VACUUM (ANALYZE, FREEZE) t;
ALTER SYSTEM SET autovacuum = off;
SELECT pg_reload_conf();
CREATE ROLE reader LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data, pg_read_all_stats;
SQL
"$pg2duck" once 2>/dev/null
# The first cycle after the copy warms what the copy did not touch; the one after it is measured.
"$pg2duck" once 2>/dev/null
# What pg2duck sends, and nobody else.
"${sql[@]}" -c CHECKPOINT -c "LOAD 'auto_explain'" -f - <<SQL
ALTER ROLE reader SET session_preload_libraries = 'auto_explain';
ALTER ROLE reader SET auto_explain.log_analyze = on;
ALTER ROLE reader SET auto_explain.log_buffers = on;
ALTER ROLE reader SET auto_explain.log_timing = off;
ALTER ROLE reader SET auto_explain.log_format = json;
ALTER ROLE reader SET auto_explain.log_min_duration = 0;
ALTER ROLE reader SET log_min_duration_statement = 0;
SQL
log=$PG2DUCK_TEST_DIR/postgres.log

# Some cycles of one connection: the catalog caches of a new one are cold, which is no cost of a cycle.
measure() {
    local before running
    before=$(wc -l <"$log")
    "$pg2duck" run 2>"$work/log" &
    running=$!
    for _ in $(seq 300); do
        [ "$(tail -n +$((before + 1)) "$log" | grep -c 'statement: /. pg2duck: probe')" -lt 6 ] || break
        sleep 0.1
    done
    kill -TERM "$running" && wait "$running"
    echo "$1:"
    tail -n +$((before + 1)) "$log" | python3 "$root/bench/cost.py"
}

measure "nothing happens"
# Others write: a transaction id ten times a second.
while "${sql[@]}" -c 'SELECT pg_current_xact_id()' >/dev/null 2>&1; do sleep 0.1; done &
writer=$!
measure "others write to other tables"
kill "$writer" 2>/dev/null || true
