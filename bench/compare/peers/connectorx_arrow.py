"""Peer: ConnectorX, streamed as Arrow batches into DuckDB, then the key.

One partition per core on an evenly distributed number, as its FAQ recommends ("How to specify the partition number?"), the
binary protocol, which is its default, and `arrow_stream`, so that the table is never in memory as a whole.
"""

import json
import os
import sys
from pathlib import Path

import connectorx
import duckdb

job = json.loads(Path(sys.argv[1]).read_text())

lake = duckdb.connect(job["lake"])
for table in job["tables"]:
    name, key = table["name"], ", ".join(table["key"])
    partitions = {"partition_on": table["key"][0], "partition_num": os.cpu_count()} if key else {}
    batches = connectorx.read_sql(
        job["url"], f"SELECT * FROM {name}", return_type="arrow_stream", batch_size=100_000, **partitions
    )
    lake.execute(f"CREATE TABLE {name} AS FROM batches")
    if key:
        lake.execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key})")
lake.close()
