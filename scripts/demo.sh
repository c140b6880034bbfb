#!/usr/bin/env bash
# The main job end to end, for `make demo`: a throwaway Postgres in .demo/, a bootstrap, live changes, a second sync.
# It fails unless every row and column of the lake equals the source after each sync. `demo.sh stop` removes the server.
# Starts afresh each time; nothing outside .demo/ is touched. Expects the debug build of pg2duck and of the example `query`.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "$0")/.."

demo=$PWD/.demo
lake=.demo/lake/warehouse.duckdb
bin=${CARGO_TARGET_DIR:-target}/debug
bin=${bin#"$PWD"/}
changes=postgres/demo/changes.sql

if [ "${1:-}" = stop ]; then
    scripts/postgres.sh drop .demo/postgres
    echo "demo: the server is gone, the lake stays in $lake"
    exit
fi

say() { printf '\n\e[1m%s\e[0m\n\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }
fail() { echo "demo: $*" >&2; exit 1; }
run() { echo "\$ $*" && "$@"; }
source_sql() { psql -qAt -v ON_ERROR_STOP=1 "$@"; }
lake_sql() { "$bin/examples/query" "$lake" "$1"; }

# One digest over all rows and columns of a table, by the same expressions in both databases.
columns() {
    source_sql -c "
        SELECT string_agg(format('coalesce(nullif(' || CASE data_type
            WHEN 'timestamp with time zone' THEN '(extract(epoch FROM %I) * 1000000)::bigint::text'
            WHEN 'ARRAY' THEN 'array_to_string(%I, ''+'')'
            ELSE '%I::text' END || ', ''''), ''-'')', column_name), ', ' ORDER BY ordinal_position)
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '$1'"
}
compare() {
    local digest want got
    digest="count(*) || ' rows, md5 ' || md5(string_agg(concat_ws('|', $(columns "$1")), ',' ORDER BY id))"
    want=$(source_sql -c "SELECT $digest FROM $1")
    got=$(lake_sql "SELECT $digest AS digest FROM analytics_$1" | grep -oE '[0-9]+ rows, md5 [0-9a-f]{32}') || true
    [ "$want" = "$got" ] || fail "the lake did not follow: $1 has $want in Postgres, ${got:-no such table} in $lake"
    printf '  %-14s source = lake: %s\n' "$1" "$got"
}

[ -x "$bin/pg2duck" ] || fail "$bin holds no pg2duck: start this with \`make demo\`"
scripts/postgres.sh drop .demo/postgres
rm -rf .demo
mkdir -p .demo/{lake,parquet,state}

say "1. A throwaway Postgres with the demo tables, seeded from postgres/init/"
port=$(scripts/postgres.sh start .demo/postgres)
trap '[ $? = 0 ] || echo "demo: failed. \`make demo-stop\` removes the server, whose log is .demo/postgres/postgres.log" >&2' EXIT
PATH=$PATH:$(scripts/postgres.sh bin)
export PGHOST=127.0.0.1 PGPORT=$port PGDATABASE=analytics PGUSER=analyst PGPASSWORD=analyst PGOPTIONS='-c client_min_messages=warning'
PGDATABASE=postgres PGUSER=postgres PGPASSWORD=postgres source_sql \
    -c "CREATE ROLE analyst SUPERUSER LOGIN PASSWORD 'analyst'" -c 'CREATE DATABASE analytics OWNER analyst'
for file in postgres/init/*.sql; do
    source_sql -f "$file"
done
source_sql -F ' ' -c "SELECT '  ' || count(*), 'subscriptions' FROM subscriptions" \
    -c "SELECT '  ' || count(*), 'invoices' FROM invoices"
echo "  on 127.0.0.1:$port; pg2duck logs in as the role pg2duck, which can only read"

cat >.demo/env <<ENV
# The demo's settings: \`. .demo/env\`, then run pg2duck.
unset DATABASE_URL
export POSTGRES_HOST=127.0.0.1 POSTGRES_PORT=$port POSTGRES_DB=analytics POSTGRES_USER=pg2duck POSTGRES_PASSWORD=pg2duck
export SYNC_TABLES=public.subscriptions,public.invoices DUCKDB_TABLE='analytics_{table}' SYNC_INTERVAL_SECONDS=2
export DUCKDB_PATH='$demo/lake/warehouse.duckdb' PARQUET_DIR='$demo/parquet' STATE_DIR='$demo/state'
ENV
# shellcheck source=/dev/null
. .demo/env

say "2. The first sync copies everything"
run "$bin/pg2duck" once
compare subscriptions
compare invoices
lake_sql "SELECT plan, count(*) AS subscriptions, sum(seats) AS seats, sum(lifetime_value) AS lifetime_value
    FROM analytics_subscriptions WHERE deleted_at IS NULL GROUP BY plan ORDER BY lifetime_value DESC"

say "3. The application goes on: an insert, an update, a soft delete, a delete, a new column ($changes)"
psql -qa -v ON_ERROR_STOP=1 -f "$changes"
ids=$(source_sql -c "SELECT string_agg(id::text, ', ') FROM (SELECT id FROM subscriptions ORDER BY updated_at DESC LIMIT 3) AS t")
changed="SELECT COLUMNS('^(id|email|plan|status|seats|lifetime_value|deleted_at|referral_code)\$')
    FROM analytics_subscriptions WHERE id IN ($ids) ORDER BY id"
echo "The lake still has these rows as they were:"
lake_sql "$changed"

say "4. The second sync reads only what changed"
run "$bin/pg2duck" once
compare subscriptions
compare invoices
echo "The same query, after it:"
lake_sql "$changed"

say "5. What pg2duck knows about its tables"
run "$bin/pg2duck" status

say "The lake followed. How to go on:"
cat <<HELP
  query it            $bin/examples/query $lake "FROM analytics_invoices LIMIT 5"
                      duckdb -readonly $lake
                      python3 -c 'import duckdb; print(duckdb.connect("$lake", read_only=True).sql("FROM analytics_invoices"))'
  keep it following   . .demo/env && $bin/pg2duck run
  change the source   PGPASSWORD=analyst psql -h 127.0.0.1 -p $port -U analyst analytics -f $changes
  your own database   set POSTGRES_HOST and the other lines of .demo/env; postgres/init/03_role.sql is the role it needs; then $bin/pg2duck check
  stop it             make demo-stop
HELP
