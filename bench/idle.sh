#!/usr/bin/env bash
# What pg2duck costs while nothing changes: the time of `once`; memory and share of a core of `run` at one cycle a second, as
# started and after a bootstrap; and, by cost.sh, what the source pays for a cycle.
# Usage: make build && bench/idle.sh [ROWS [SECONDS]]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
rows=${1:-1000000} seconds=${2:-60}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    "$root/scripts/postgres.sh" with "$0" "$rows" "$seconds"
    exec "$root/bench/cost.sh" "$rows"
fi

pg2duck=${PG2DUCK:-$root/target/release/pg2duck}
sql=("$PG2DUCK_TEST_PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d postgres)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SYNC_TABLES=public.t SYNC_INTERVAL_SECONDS=1
export DUCKDB_PATH=$work/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state
plain=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres?sslmode=disable

"${sql[@]}" >/dev/null <<SQL
CREATE TABLE t (id bigint PRIMARY KEY, v text, n int, updated_at timestamptz NOT NULL DEFAULT now());
INSERT INTO t SELECT g, 'value ' || g, g, now() - (g || ' seconds')::interval FROM generate_series(1, $rows) g;
CREATE INDEX ON t (updated_at, id);
VACUUM (ANALYZE, FREEZE) t;
ALTER SYSTEM SET autovacuum = off;
SELECT pg_reload_conf();
SQL

# Kilobytes of /proc/PID/status, and hundredths of a second of user and system time.
kilobytes() { awk -v name="$2:" '$1 == name { print $2 }' "/proc/$1/status"; }
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# Follows for a while after the log says this, and tells what it took.
follow() {
    "$pg2duck" run 2>"$work/log" &
    local running=$! before
    until grep -q "$2" "$work/log"; do sleep 0.2; done
    sleep 3
    before=$(ticks "$running")
    sleep "$seconds"
    awk -v ticks="$(($(ticks "$running") - before))" -v per="$(getconf CLK_TCK)" -v seconds="$seconds" -v what="$1" \
        -v all="$(kilobytes "$running" VmRSS)" -v own="$(kilobytes "$running" RssAnon)" -v peak="$(kilobytes "$running" VmHWM)" \
        'BEGIN { printf "run, %s: %.2f %% of a core, %.0f MB resident (%.0f MB of it its own, the rest files), peak %.0f MB\n",
                 what, 100 * ticks / per / seconds, all / 1024, own / 1024, peak / 1024 }'
    kill -TERM "$running" && wait "$running"
}

# The median of 21, in milliseconds.
median() {
    "$pg2duck" once 2>/dev/null
    for _ in $(seq 21); do
        local begun=${EPOCHREALTIME/./}
        "$pg2duck" once 2>/dev/null
        echo $(((${EPOCHREALTIME/./} - begun) / 1000))
    done | sort -n | sed -n 11p
}

export DATABASE_URL=$plain
follow "after a bootstrap of $rows rows" applied
follow "as started" follows
echo "once: $(median) ms without TLS"
export DATABASE_URL=${plain/disable/require}
echo "once: $(median) ms with TLS"
