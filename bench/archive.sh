#!/usr/bin/env bash
# What `once` costs where the archive holds many files: time, processor time and memory, with one changed row and with none.
# The files are made from one batch, by hard links and rows of the ledger.
# Usage: make build && bench/archive.sh [FILES] [CYCLES]      (PG2DUCK=path/to/another/binary to compare)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
files=${1:-200000} cycles=${2:-4}

if [ -z "${PG2DUCK_TEST_DIR:-}" ]; then
    "$root/scripts/postgres.sh" install
    exec "$root/scripts/postgres.sh" with "$0" "$files" "$cycles"
fi

pg2duck=${PG2DUCK:-$root/target/release/pg2duck}
sql=("$PG2DUCK_TEST_PGBIN/psql" -XqAt -v ON_ERROR_STOP=1 -d postgres)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DATABASE_URL=postgres://postgres:postgres@127.0.0.1:$PGPORT/postgres SYNC_TABLES='public.*'
export DUCKDB_PATH=$work/lake/lake.duckdb PARQUET_DIR=$work/parquet STATE_DIR=$work/state

"${sql[@]}" -c "CREATE TABLE t (id bigint PRIMARY KEY, a text, updated_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO t SELECT g, 'value ' || g FROM generate_series(1, 500) g; CREATE INDEX ON t (updated_at)" >/dev/null
"$pg2duck" once 2>/dev/null
"${sql[@]}" -c "UPDATE t SET a = 'changed', updated_at = now() WHERE id = 1"
"$pg2duck" once 2>/dev/null
python3 - "$STATE_DIR/checkpoints.db" "$PARQUET_DIR" "$files" <<'PY'
import os, pathlib, sqlite3, sys
database, archive, files = sqlite3.connect(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
columns = [row[1] for row in database.execute("PRAGMA table_info(archive)")]
known = list(database.execute("SELECT * FROM archive ORDER BY path DESC LIMIT 1"))[0]
path = dict(zip(columns, known))["path"]
whole = pathlib.Path(path) if os.path.isabs(path) else archive / path
rows, linked = [], whole
for n in range(files):
    copy = whole.with_name(f"{whole.stem}-{n:07}{whole.suffix}")
    try:
        os.link(linked, copy)
    except OSError:  # As many links as the file system allows.
        copy.write_bytes(whole.read_bytes())
        linked = copy
    rows.append([str(pathlib.Path(path).with_name(copy.name)) if column == "path" else value for column, value in zip(columns, known)])
database.executemany(f"INSERT INTO archive VALUES ({', '.join('?' * len(columns))})", rows)
database.commit()
PY
for cycle in $(seq "$cycles"); do
    changed=$((cycle % 2))
    [ "$changed" = 0 ] || "${sql[@]}" -c "UPDATE t SET a = 'changed', updated_at = now() WHERE id = $cycle"
    /usr/bin/time -f "$files files, $changed changed: %e s, %U + %S s of processor time, %M kB" "$pg2duck" once 2>"$work/log"
    tail -1 "$work/log"
done
echo "$(find "$PARQUET_DIR" -name '*.parquet' | wc -l) files are left"
