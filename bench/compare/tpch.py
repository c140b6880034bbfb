"""Run by the peers' Python: makes TPC-H's lineitem and orders with DuckDB's generator and copies them into Postgres.

Arguments: the scale factor, the database's URL, and a folder for the generated file.
"""

import sys
from pathlib import Path

import duckdb
import duckdb_extension_postgres_scanner
import duckdb_extension_tpch

scale, url, folder = sys.argv[1:]
made = duckdb.connect(str(Path(folder) / "tpch.duckdb"))
for wheel in (duckdb_extension_tpch, duckdb_extension_postgres_scanner):
    made.execute(f"LOAD '{next(Path(wheel.__file__).parent.rglob('*.duckdb_extension'))}'")
made.execute(f"CALL dbgen(sf = {float(scale)})")
made.execute(f"ATTACH '{url}' AS source (TYPE postgres)")
for table in ("lineitem", "orders"):
    made.execute(f"CREATE TABLE source.public.{table} AS FROM {table}")
made.close()
