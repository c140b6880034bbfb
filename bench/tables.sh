#!/usr/bin/env bash
# What a cycle costs where there are many tables and one of them has one changed row: time, processor time and memory of the
# process, statements and time on the server, transactions and writes of SQLite.
# Usage: make build && bench/tables.sh [TABLES] [CYCLES]      (PG2DUCK=path/to/another/binary to compare)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
tables=${1:-300} cycles=${2:-3}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    exec "$root/scripts/postgres.sh" with "$0" "$tables" "$cycles"
fi

pg2duck=${PG2DUCK:-$root/target/release/pg2duck}
sql=("$PG2DUCK_TEST_PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d postgres)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DATABASE_URL=postgres://reader:reader@127.0.0.1:$PGPORT/postgres SYNC_TABLES='public.*'
export DUCKDB_PATH=$work/lake/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state

"${sql[@]}" >/dev/null <<SQL
SELECT format('CREATE TABLE t%s (id bigint PRIMARY KEY, a text, b int, c numeric(12,2), d jsonb, updated_at timestamptz NOT NULL DEFAULT now());
               INSERT INTO t%1\$s (id, a, b) SELECT g, ''value '' || g, g FROM generate_series(1, 500) g; CREATE INDEX ON t%1\$s (updated_at)', n)
FROM generate_series(1, $tables) n \gexec
VACUUM ANALYZE;
CREATE ROLE reader LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data, pg_read_all_stats;
SQL
"$pg2duck" once 2>/dev/null
"${sql[@]}" -c "ALTER ROLE reader SET log_min_duration_statement = 0"
log=$PG2DUCK_TEST_DIR/postgres.log
change="UPDATE t7 SET b = b + 1, updated_at = clock_timestamp() WHERE id = 7"
# The first cycle warms what the bootstrap did not touch.
"${sql[@]}" -c "$change" && "$pg2duck" once 2>/dev/null

for _ in $(seq "$cycles"); do
    "${sql[@]}" -c "$change"
    before=$(wc -l <"$log")
    /usr/bin/time -f '%e s, %U + %S s of processor time, %M kB' -o "$work/time" "$pg2duck" once 2>/dev/null
    lines=$(tail -n +$((before + 1)) "$log" | grep -c 'duration: .* statement: ' || true)
    copies=$(tail -n +$((before + 1)) "$log" | grep -c 'statement: COPY' || true)
    server=$(tail -n +$((before + 1)) "$log" | sed -n 's/.*duration: \([0-9.]*\) ms .*statement: .*/\1/p' | awk '{s += $1} END {printf "%.0f", s}')
    echo "$tables tables: $(cat "$work/time"), $lines statements of which $copies COPY, $server ms on the server"
done
"${sql[@]}" -c "$change"
strace -f -y -e trace=fcntl,pwrite64 -o "$work/strace" "$pg2duck" once 2>/dev/null
# A transaction that writes locks byte 120 of the shared memory once (WAL_WRITE_LOCK).
echo "SQLite: $(grep -c 'checkpoints.db-shm.*F_WRLCK.*l_start=120' "$work/strace") transactions, $(grep -c 'pwrite64.*checkpoints.db-wal' "$work/strace") writes to the WAL"
