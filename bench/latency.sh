#!/usr/bin/env bash
# From COMMIT to visible in the lake, with LISTEN=true: one row at a time, a lake of about 100 MB, on a throwaway Postgres.
# Usage: make build && bench/latency.sh [COMMITS] [ROWS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
commits=${1:-200}
rows=${2:-700000}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    [ -x "${CARGO_TARGET_DIR:-$root/target}/release/examples/latency" ] || (cd "$root" && cargo build --release --example latency)
    exec "$root/scripts/postgres.sh" with "$0" "$commits" "$rows"
fi

target=${CARGO_TARGET_DIR:-$root/target}
pg2duck=${PG2DUCK:-$target/release/pg2duck}
work=$(mktemp -d)
export DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres SYNC_TABLES=public.wide LISTEN=true
export DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state SYNC_INTERVAL_SECONDS=30
"$PG2DUCK_TEST_PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -v "rows=$rows" -d "$DATABASE_URL" -f "$root/bench/wide.sql"
"$pg2duck" setup >/dev/null
"$pg2duck" once 2>/dev/null
echo "lake: $(($(stat -c %s "$DUCKDB_PATH") / 1000000)) MB"
"$pg2duck" run 2>"$work/log" &
running=$!
trap 'kill "$running" 2>/dev/null; wait "$running" 2>/dev/null; rm -rf "$work"' EXIT
sleep 2
"$target/release/examples/latency" "$DUCKDB_PATH" "$commits"
