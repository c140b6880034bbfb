"""Peer: the Arrow database driver (ADBC) for Postgres, streamed as Arrow batches into DuckDB, then the key.

The driver reads by COPY, which is its default (ADBC docs, PostgreSQL driver, "adbc.postgresql.use_copy"), and hands out a
stream, so the table is never in memory as a whole. It has no type for `numeric` and delivers it as text.
"""

import json
import sys
from pathlib import Path

import adbc_driver_postgresql.dbapi
import duckdb

job = json.loads(Path(sys.argv[1]).read_text())

lake = duckdb.connect(job["lake"])
with adbc_driver_postgresql.dbapi.connect(job["url"]) as source, source.cursor() as cursor:
    for table in job["tables"]:
        name, key = table["name"], ", ".join(table["key"])
        cursor.execute(f"SELECT * FROM {name}")
        batches = cursor.fetch_record_batch()
        lake.execute(f"CREATE TABLE {name} AS FROM batches")
        if key:
            lake.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key})")
lake.close()
