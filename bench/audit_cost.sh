#!/usr/bin/env bash
# What recording deletes costs the application: bulk DELETE and UPDATE of 1 M rows, and single-row statements through
# pgbench, without triggers, with the designs that were tried, and as `pg2duck setup` installs it. Medians, on a throwaway
# Postgres that syncs its writes to disk. Usage: cargo build && bench/audit_cost.sh [ROWS [RUNS]]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
rows=${1:-1000000} runs=${2:-3}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    exec "$root/scripts/postgres.sh" with "$0" "$rows" "$runs"
fi

pg2duck=${PG2DUCK:-$root/target/debug/pg2duck}
export DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres SYNC_TABLES=public.t
psql=("$PG2DUCK_TEST_PGBIN/psql" -Xq -v ON_ERROR_STOP=1 -d postgres)
quietly() { PGOPTIONS='-c client_min_messages=error' "${psql[@]}" -At "$@"; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

quietly <<SQL
ALTER SYSTEM SET fsync = on;
ALTER SYSTEM SET synchronous_commit = on;
ALTER SYSTEM SET full_page_writes = on;
ALTER SYSTEM SET max_wal_size = '16GB';
ALTER SYSTEM SET autovacuum = off;
SELECT FROM pg_reload_conf();
CREATE TABLE seed AS
SELECT g::bigint AS id, md5(g::text) AS name, 'customer' || g || '@example.org' AS email, g % 7 AS plan,
    (g * 1.37)::numeric(12, 2) AS amount, g % 2 = 0 AS active, now() AS created_at, now() AS updated_at,
    md5((g * 7)::text)::uuid AS ref, NULL::text AS note
FROM generate_series(1, $rows) AS g;
SQL

# A fresh table and audit table; then the design's own statements.
fresh() {
    quietly <<SQL
DROP SCHEMA IF EXISTS pg2duck, tried CASCADE;
DROP TABLE IF EXISTS t;
CREATE TABLE t (LIKE seed);
INSERT INTO t SELECT * FROM seed;
ALTER TABLE t ADD PRIMARY KEY (id);
CREATE SCHEMA tried;
CREATE TABLE tried.audit (xid xid8 NOT NULL DEFAULT pg_current_xact_id(), seq bigint GENERATED ALWAYS AS IDENTITY,
    relid oid NOT NULL, op "char" NOT NULL, keys jsonb, at timestamptz NOT NULL DEFAULT clock_timestamp());
SQL
    case $1 in
        setup*) "$pg2duck" $1 >/dev/null ;;
        *) quietly -c "$1" ;;
    esac
    quietly -c 'VACUUM (FREEZE, ANALYZE) t' -c CHECKPOINT
}

record() { # BODY [SETTINGS]
    echo "CREATE FUNCTION tried.record() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp ${2:-}
        AS \$\$ BEGIN $1; RETURN NULL; END \$\$;"
}
insert="INSERT INTO tried.audit (relid, op, keys)"
one="jsonb_build_object('id', id)"
parts="FROM (SELECT id, row_number() OVER () / 1000 AS part FROM old_rows) AS gone GROUP BY part"
call="EXECUTE FUNCTION tried.record();"
after_delete="CREATE TRIGGER d AFTER DELETE ON t REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT $call"
btree="CREATE INDEX ON tried.audit (xid);"
per_key="$(record "$insert SELECT TG_RELID, 'd', $one FROM old_rows") $after_delete"
changed="FOR EACH ROW WHEN (OLD.id IS DISTINCT FROM NEW.id) $call"
lost="SELECT TG_RELID, 'd', jsonb_build_object('id', array_agg(id)) FROM (SELECT id FROM old_rows EXCEPT SELECT id FROM new_rows) x HAVING count(*) > 0"

base=
report() { # NAME, median
    [ -n "$base" ] || base=$2
    printf '| %-62s | %9.3f | %5.2f |\n' "$1" "$2" "$(awk "BEGIN { print $2 / $base }")"
}

bulk() { # STATEMENT, NAME, DESIGN
    local times='' ms
    for _ in $(seq "$runs"); do
        fresh "$3"
        ms=$("${psql[@]}" -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p')
        times+="$ms"$'\n'
    done
    report "$2" "$(printf %s "$times" | median)"
}

single() { # STATEMENT, NAME, DESIGN: milliseconds of one statement, 20000 of them by one client, without waiting for the disk
    local times='' work=$PG2DUCK_TEST_DIR/statement.sql ms
    printf '%s\n' '\set id random(1, '"$rows"')' "$1" >"$work"
    for _ in $(seq "$runs"); do
        fresh "$3"
        # Waiting for the disk at every commit would hide what is measured.
        ms=$(PGOPTIONS='-c synchronous_commit=off' "$PG2DUCK_TEST_PGBIN/pgbench" -n -M prepared -t 20000 -f "$work" postgres 2>/dev/null |
            sed -n 's/^latency average = \([0-9.]*\) ms.*/\1/p')
        times+="$ms"$'\n'
    done
    report "$2" "$(printf %s "$times" | median)"
}

heading() {
    base=
    printf '\n| %-62s | %9s | %5s |\n|%s|%s|%s|\n' "$1" ms ratio "$(printf -- '-%.0s' $(seq 64))" ----------: ------:
}

delete='DELETE FROM t'
heading "bulk DELETE of $rows rows"
bulk "$delete" 'no trigger' ''
bulk "$delete" 'statement trigger that does nothing (a transition table)' "$(record 'PERFORM 1') $after_delete"
bulk "$delete" 'row trigger, a row per key, btree (xid)' \
    "$btree $(record "$insert VALUES (TG_RELID, 'd', jsonb_build_object('id', OLD.id))") CREATE TRIGGER d AFTER DELETE ON t FOR EACH ROW $call"
bulk "$delete" 'statement trigger, a row per key, btree (xid)' "$btree $per_key"
bulk "$delete" 'statement trigger, a row per key, BRIN (seq)' "CREATE INDEX ON tried.audit USING brin (seq); $per_key"
bulk "$delete" 'statement trigger, a row per key, no index' "$per_key"
bulk "$delete" 'statement trigger, 1000 key objects per row' \
    "$btree $(record "$insert SELECT TG_RELID, 'd', jsonb_agg($one) $parts" 'SET enable_hashagg = off') $after_delete"
bulk "$delete" 'installed: statement trigger, arrays of 1000 keys' 'setup'
bulk "$delete" 'installed with --audit full' 'setup --audit full'

update='UPDATE t SET amount = amount + 1'
heading "bulk UPDATE of $rows rows, key unchanged"
bulk "$update" 'no trigger' ''
bulk "$update" 'statement trigger, old keys EXCEPT new keys' \
    "$(record "$insert $lost") CREATE TRIGGER u AFTER UPDATE ON t REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT $call"
bulk "$update" 'BEFORE row trigger WHEN the key differs (partitioned tables)' "$(record 'PERFORM 1') CREATE TRIGGER u BEFORE UPDATE ON t $changed"
bulk "$update" 'installed: AFTER row trigger WHEN the key differs' 'setup'
bulk "$update" 'installed with --audit full' 'setup --audit full'
bulk "$update" 'installed with --updated-at (touch trigger and index)' 'setup --updated-at'

for statement in 'DELETE FROM t WHERE id = :id;' 'UPDATE t SET amount = amount + 1 WHERE id = :id;'; do
    heading "${statement%;}"
    single "$statement" 'no trigger' ''
    single "$statement" 'installed' 'setup'
    single "$statement" 'installed with --audit full' 'setup --audit full'
    single "$statement" 'installed with --notify' 'setup --notify'
done
