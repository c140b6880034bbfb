#!/usr/bin/env bash
# Hours of steady change in minutes: what a cycle of 1,000 upserts and 100 deletes in a table of 2 M rows costs early and late, in
# one process, on a throwaway Postgres. Usage: make build && bench/steady.sh [CYCLES] [ROWS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cycles=${1:-2000}
rows=${2:-2000000}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    (cd "$root" && cargo build --quiet --release --example steady)
    exec "$root/scripts/postgres.sh" with "$0" "$cycles" "$rows"
fi

target=${CARGO_TARGET_DIR:-$root/target}
pg2duck=${PG2DUCK:-$target/release/pg2duck}
work=$(mktemp -d)
# The overlap of 5 min holds ten cycles at the usual interval of 30 s. Here, too: polls read again what it holds.
export CURSOR_OVERLAP=${CURSOR_OVERLAP:-4s}
export DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres SYNC_TABLES=public.wide LISTEN=true NOTIFY_DEBOUNCE_MS=0
export DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state SYNC_INTERVAL_SECONDS=30 LOG_FORMAT=json
"$PG2DUCK_TEST_PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -v "rows=$rows" -d "$DATABASE_URL" -f "$root/bench/wide.sql"
"$pg2duck" setup --notify >/dev/null
"$pg2duck" once 2>/dev/null
"$pg2duck" run 2>"$work/log" &
running=$!
trap 'kill "$running" 2>/dev/null; wait "$running" 2>/dev/null; rm -rf "$work"' EXIT
sleep 2
"$target/release/examples/steady" "$cycles" "$work/log" "$running"
kill -TERM "$running" && wait "$running"
[ -z "${KEEP_LOG:-}" ] || cp "$work/log" "$KEEP_LOG"
echo "archive: $(find "$PARQUET_DIR" -name '*.parquet' | wc -l) files, $(du -sm "$PARQUET_DIR" | cut -f1) MB; state $(du -sm "$STATE_DIR" | cut -f1) MB"
steady=$(stat -c %s "$DUCKDB_PATH")
rm -rf "$work"/{lake.duckdb,parquet,state}
"$pg2duck" once 2>/dev/null
fresh=$(stat -c %s "$DUCKDB_PATH")
awk -v a="$steady" -v b="$fresh" 'BEGIN { printf "lake file: %.0f MB, a fresh copy %.0f MB, ratio %.2f\n", a / 1e6, b / 1e6, a / b }'
