#!/usr/bin/env bash
# PostGIS and pgvector against the real pg2duck. Not part of `make test`: both have to be installed (some 100 MB). By hand:
#   check-extensions.sh            both; check-extensions.sh postgis | pgvector   one of them
# PostGIS comes with apt-get; pgvector, which Debian 12 does not have, with the wheel `pgserver` (a Postgres 16 and pgvector
# 0.6), which is unpacked into a temporary folder and not installed.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
self=$repository/scripts/$(basename "$0")
postgres=$repository/scripts/postgres.sh
target=${CARGO_TARGET_DIR:-$repository/target}/debug

fail() { echo "check-extensions: $*" >&2; exit 1; }

sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# compare NAME LAKE_EXPRESSION SOURCE_EXPRESSION: the same text for every row, NULL for NULL.
compare() {
    sql -c "COPY (SELECT id, $3 FROM t) TO STDOUT (FORMAT csv, HEADER false, FORCE_QUOTE *, NULL '(null)')" >"$folder/expected.csv"
    local differing
    differing=$("$target/examples/query" "$folder/lake.duckdb" "
        WITH expected AS (SELECT * FROM read_csv('$folder/expected.csv', header = false, all_varchar = true, nullstr = '(null)',
                                                 columns = {'id': 'VARCHAR', 'v': 'VARCHAR'})),
             found AS (SELECT id::VARCHAR AS id, ($2)::VARCHAR AS v FROM t)
        SELECT 'rows ' || (SELECT count(*) FROM found) || ', differing ' || count(*) AS answer
        FROM ((FROM expected EXCEPT FROM found) UNION ALL (FROM found EXCEPT FROM expected))")
    grep -q 'rows [1-9][0-9]*, differing 0 ' <<<"$differing" || fail "$1: $differing"
    echo "check-extensions: $1: equal"
}

# Syncs the table t of the running server and looks at the types of its columns.
sync() {
    DATABASE_URL="postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres" SYNC_TABLES=t DUCKDB_PATH=$folder/lake.duckdb \
        PARQUET_DIR=$folder/parquet STATE_DIR=$folder/state "$target/pg2duck" once >"$folder/log" 2>&1 ||
        fail "$(cat "$folder/log")"
    local types
    types=$("$target/examples/query" "$folder/lake.duckdb" \
        "SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY column_index) FROM duckdb_columns() WHERE table_name = 't'")
    grep -qF "$1" <<<"$types" || fail "expected $1 in $types"
}

postgis() {
    sql -c "CREATE EXTENSION postgis" -c "
        CREATE TABLE t (id int PRIMARY KEY, g geometry, p geometry(PointZM, 4326), e geography, list geometry[]);
        INSERT INTO t VALUES (1, 'POINT(1.5 -2)', 'SRID=4326;POINT ZM (1 2 3 4)', 'POINT(13.4 52.5)', ARRAY['POINT(0 0)'::geometry, NULL]),
            (2, 'POINT EMPTY', NULL, 'LINESTRING EMPTY', '{}'), (3, NULL, NULL, NULL, NULL),
            (4, 'GEOMETRYCOLLECTION(POINT(1 2),POLYGON((0 0,1 0,1 1,0 0)))', NULL, 'POLYGON((0 0,1 0,1 1,0 0))', NULL),
            (5, 'SRID=3857;CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,4 4,0 4,0 0))', NULL, NULL, NULL);"
    for change in "SELECT 1" "UPDATE t SET g = ST_Translate(g, 1e300, -0.0) WHERE id < 4; INSERT INTO t VALUES (9, 'MULTIPOINT M (1 2 3)')"; do
        sql -c "$change" >/dev/null
        sync "g BLOB, p BLOB, e BLOB, list BLOB[]"
        for column in g p e; do
            compare "PostGIS: $column" "lower(hex($column))" "encode(ST_AsEWKB($column::geometry), 'hex')"
        done
        compare "PostGIS: list" "array_to_string(list_transform(list, lambda g: coalesce(lower(hex(g)), 'NULL')), ',')" \
            "array_to_string(ARRAY(SELECT encode(ST_AsEWKB(g), 'hex') FROM unnest(list) g), ',', 'NULL') || CASE WHEN list IS NOT NULL THEN '' END"
    done
}

pgvector() {
    sql -c "CREATE EXTENSION vector" -c "
        CREATE TABLE t (id int PRIMARY KEY, v vector(3), free vector);
        INSERT INTO t VALUES (1, '[1,-2.5,0.1]', '[1]'), (2, '[3.4028235e38,1e-45,-0]', '[1,2,3,4]'), (3, NULL, NULL);"
    for change in "SELECT 1" "UPDATE t SET v = v * v WHERE id = 1; INSERT INTO t VALUES (9, '[0,0,1]', NULL)"; do
        sql -c "$change" >/dev/null
        sync "v FLOAT[], free FLOAT[]"
        for column in v free; do
            # DuckDB keeps of -0 and 0 in neighbouring rows one.
            compare "pgvector: $column" "array_to_string(list_transform($column, lambda x: (x + 0)::DOUBLE), ',')" \
                "(SELECT string_agg((x + 0)::float8 || CASE WHEN (x + 0)::float8::text ~ '[.eE]' THEN '' ELSE '.0' END, ',' ORDER BY n) FROM unnest($column::real[]) WITH ORDINALITY u(x, n))"
        done
    done
}

# Postgres refuses to run as root.
as_server() {
    if [ "$(id -u)" = 0 ]; then (cd / && exec runuser -u postgres -- "$@"); else "$@"; fi
}

# The server with pgvector, in this folder and on this port. It is built without TLS, which scripts/postgres.sh relies on.
start_pgserver() {
    pip download -q --no-deps -d "$1" pgserver==0.1.4 || fail "pip cannot fetch pgserver"
    python3 -m zipfile -e "$1"/pgserver-*.whl "$1"
    chmod -R a+rX "$1" && chmod a+x "$1"/pgserver/pginstall/bin/*
    install -d -m 777 "$1/data-of"
    as_server bash -c '"$1/initdb" -D "$2/data-of/data" -U postgres --pwfile=<(echo postgres) -A scram-sha-256 -N' - "$PG_BIN" "$1" >"$1/log"
    as_server "$PG_BIN/pg_ctl" -D "$1/data-of/data" -w -o "-p $2 -c listen_addresses=127.0.0.1 -c unix_socket_directories=" start >>"$1/log" ||
        fail "$(tail -n 5 "$1/log")"
}

case "${1:-all}" in
    all) "$self" postgis && "$self" pgvector ;;
    postgis)
        (cd "$repository" && cargo build --quiet --bin pg2duck --example query)
        compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null || {
            version=$(basename "$(dirname "$("$postgres" bin)")")
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "postgresql-$version-postgis-3" >/dev/null
        }
        PATH=$("$postgres" bin):$PATH "$postgres" with "$self" inside postgis
        ;;
    pgvector)
        (cd "$repository" && cargo build --quiet --bin pg2duck --example query)
        unpacked=$(mktemp -d /tmp/pg2duck-pgvector.XXXXXX)
        export PG_BIN=$unpacked/pgserver/pginstall/bin
        trap 'as_server "$PG_BIN/pg_ctl" -D "$unpacked/data-of/data" -m immediate stop >/dev/null; rm -rf "$unpacked"' EXIT
        export PGHOST=127.0.0.1 PGPORT=$((15000 + RANDOM % 17000)) PGUSER=postgres PGPASSWORD=postgres
        start_pgserver "$unpacked" "$PGPORT"
        PATH=$PG_BIN:$PATH "$self" inside pgvector
        ;;
    inside)
        folder=$(mktemp -d)
        trap 'rm -rf "$folder"' EXIT
        mkdir "$folder/parquet" "$folder/state"
        "$2"
        ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
