#!/bin/sh
# The image's entrypoint: says what to do when a mounted folder cannot be written, then becomes pg2duck.
set -eu

for dir in "$(dirname "${DUCKDB_PATH:-lake/warehouse.duckdb}")" "${PARQUET_DIR:-parquet}" "${STATE_DIR:-state}"; do
    if [ -d "$dir" ] && [ ! -w "$dir" ]; then
        echo "entrypoint: cannot write to $dir as uid $(id -u): run \`sudo chown -R $(id -u):$(id -g) lake parquet state\`" \
            "on the host, or set PG2DUCK_UID and PG2DUCK_GID to the owner of these folders" >&2
        exit 2
    fi
done

exec pg2duck "$@"
