"""Peer: the script that many teams write themselves: psycopg, Polars, Parquet, INSERT OR REPLACE, a cursor in SQLite.

It reads `updated_at > last seen` in batches of 10,000, keeps each batch as a Parquet file and upserts it by key. It is
written straightforwardly, as such scripts are, with a server-side cursor so that memory stays bounded. Known to lose
changes that commit late; nothing here commits late. A table without a cursor column is read and replaced as a whole.
"""

import json
import sqlite3
import sys
from pathlib import Path

import duckdb
import polars
import psycopg
from psycopg.types.string import TextLoader

BATCH = 10_000
TYPES = {
    "bigint": "BIGINT",
    "integer": "INTEGER",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp with time zone": "TIMESTAMPTZ",
    "timestamp without time zone": "TIMESTAMP",
    "jsonb": "JSON",
    "uuid": "UUID",
    "ARRAY": "VARCHAR[]",
}

job = json.loads(Path(sys.argv[1]).read_text())
parquet = Path(job["work"]) / "parquet"
parquet.mkdir(exist_ok=True)


def columns(source: psycopg.Connection, name: str) -> list[str]:
    found = source.execute(
        "SELECT column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
        [name],
    )
    return [
        f"{column} DECIMAL({precision}, {scale})" if kind == "numeric" else f"{column} {TYPES.get(kind, 'VARCHAR')}"
        for column, kind, precision, scale in found
    ]


def create(lake: duckdb.DuckDBPyConnection, source: psycopg.Connection, table: dict) -> None:
    key = [f"PRIMARY KEY ({', '.join(table['key'])})"] if table["key"] else []
    verb = "CREATE TABLE IF NOT EXISTS" if table["cursor"] else "CREATE OR REPLACE TABLE"
    lake.execute(f"{verb} {table['name']} ({', '.join(columns(source, table['name']) + key)})")


def sync(lake: duckdb.DuckDBPyConnection, source: psycopg.Connection, state: sqlite3.Connection, table: dict) -> None:
    name, cursor_column = table["name"], table["cursor"]
    create(lake, source, table)
    last = state.execute("SELECT value FROM cursors WHERE name = ?", [name]).fetchone()
    query, arguments = f"SELECT * FROM {name}", []
    if cursor_column and last:
        query, arguments = f"{query} WHERE {cursor_column} > %s", [last[0]]
    if cursor_column:
        query += f" ORDER BY {cursor_column}"
    insert = "INSERT OR REPLACE INTO" if table["key"] else "INSERT INTO"
    with source.cursor(name="batches") as rows:
        rows.execute(query, arguments)
        names = [column.name for column in rows.description]
        while batch := rows.fetchmany(BATCH):
            frame = polars.DataFrame(batch, schema=names, orient="row", infer_schema_length=None)
            path = parquet / f"{name}-{len(list(parquet.iterdir())):06}.parquet"
            frame.write_parquet(path)
            lake.execute(f"{insert} {name} SELECT * FROM read_parquet('{path}')")
            if cursor_column:
                state.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", [name, str(frame[cursor_column].max())])
                state.commit()


def main() -> None:
    lake = duckdb.connect(job["lake"])
    state = sqlite3.connect(Path(job["work"]) / "cursors.db")
    state.execute("CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, value TEXT)")
    with psycopg.connect(job["url"]) as source:
        for kind in ("jsonb", "uuid"):
            source.adapters.register_loader(kind, TextLoader)
        for table in job["tables"]:
            sync(lake, source, state, table)
    lake.close()


main()
