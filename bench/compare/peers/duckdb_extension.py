"""Peer: DuckDB's own Postgres extension, a full copy by CREATE TABLE AS, then the key.

Its defaults are its best settings: it scans ctid ranges on as many connections as DuckDB has threads (one per core), in
binary COPY (DuckDB docs, "PostgreSQL Extension"). The key is added afterwards, which is faster than inserting under it.
"""

import json
import sys
from pathlib import Path

import duckdb
import duckdb_extension_postgres_scanner

job = json.loads(Path(sys.argv[1]).read_text())
extension = next(Path(duckdb_extension_postgres_scanner.__file__).parent.rglob("*.duckdb_extension"))

lake = duckdb.connect(job["lake"])
lake.execute(f"LOAD '{extension}'")
lake.execute(f"ATTACH '{job['url']}' AS source (TYPE postgres, READ_ONLY)")
for table in job["tables"]:
    name, key = table["name"], ", ".join(table["key"])
    lake.execute(f"CREATE TABLE {name} AS FROM source.public.{name}")
    if key:
        lake.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key})")
lake.close()
