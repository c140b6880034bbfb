#!/usr/bin/env bash
# Extraction, decoding and Parquet against the limit: psql's binary COPY to /dev/null, interleaved on one throwaway server.
# Prints medians and their ratio. Usage: make build && bench/extraction.sh [ROWS] [RUNS]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
rows=${1:-2000000}
runs=${2:-5}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    exec "$root/scripts/postgres.sh" with "$0" "$rows" "$runs"
fi

pg2duck=${PG2DUCK:-$root/target/release/pg2duck}
sql=("$PG2DUCK_TEST_PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -v "rows=$rows" -d "postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres SYNC_TABLES=public.wide NO_COLOR=1
"${sql[@]}" -f "$root/bench/wide.sql"

limit() {
    local start end
    start=$(date +%s%N)
    "${sql[@]}" -c 'COPY (SELECT * FROM wide) TO STDOUT (FORMAT binary)' >/dev/null
    end=$(date +%s%N)
    echo $(((end - start) / 1000000))
}

# The time that the log gives for reading the table: from the first chunk's snapshot to the last durable Parquet file.
ours() {
    rm -rf "$work"/*
    DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state "$pg2duck" once 2>&1 |
        sed -n 's/.*read completely.*seconds="\{0,1\}\([0-9.]*\).*/\1/p' | awk '{ print int($1 * 1000) }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

limit >/dev/null
for _ in $(seq "$runs"); do
    limit >>"$work.limit"
    ours >>"$work.ours"
done
a=$(median <"$work.limit") b=$(median <"$work.ours")
printf 'psql binary COPY to /dev/null: %s ms (%s)\n' "$a" "$(paste -sd' ' "$work.limit")"
printf 'pg2duck, to durable Parquet:   %s ms (%s)\n' "$b" "$(paste -sd' ' "$work.ours")"
awk -v a="$a" -v b="$b" 'BEGIN { printf "ratio %.2f\n", b / a }'
rm -f "$work.limit" "$work.ours"
