"""The data sets: how each is made in the source, how its rows are changed, and which sums prove that a copy is complete.

A table without a cursor column can only be followed by pg2duck (by xmin); all other peers copy it as a whole.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .server import Server
from .toolbox import BENCH, Toolbox


@dataclass(frozen=True)
class Table:
    name: str
    key: tuple[str, ...]
    sums: tuple[str, ...]  # expressions that mean the same in Postgres and DuckDB, whatever type a peer chose
    cursor: str | None = None

    def proof(self) -> str:
        return f"SELECT {', '.join(['count(*)', *(f'sum({sum_})' for sum_ in self.sums)])} FROM {self.name}"


@dataclass(frozen=True)
class Size:
    rows: int
    scale: float


@dataclass(frozen=True)
class DataSet:
    name: str
    about: Callable[[Size], str]
    tables: tuple[Table, ...]
    load: Callable[[Server, Toolbox, Size, Path], None]
    change: Callable[[Server, int], None] | None = None
    unit: str = "rows"  # what `change` counts
    settings: dict[str, str] = field(default_factory=dict)  # what pg2duck has to be told about these tables

    @property
    def database(self) -> str:
        return f"bench_{self.name}"

    @property
    def has_cursor(self) -> bool:
        return all(table.cursor for table in self.tables)


def _money(column: str) -> str:
    return f"CAST({column} AS DECIMAL(38, 2))"


def _script(name: str) -> Callable[[Server, Toolbox, Size, Path], None]:
    def load(server: Server, _toolbox: Toolbox, size: Size, _folder: Path) -> None:
        server.script(f"bench_{name}", BENCH / f"{name}.sql", rows=size.rows)

    return load


def _update(table: str, column: str) -> Callable[[Server, int], None]:
    """Random rows, each with an `updated_at` of its own, as single transactions of an application would leave them."""

    def change(server: Server, count: int) -> None:
        server.execute(
            f"bench_{table}",
            f"UPDATE {table} SET {column} = {column} + 1, updated_at = clock_timestamp()"
            f" WHERE id IN (SELECT id FROM {table} ORDER BY random() LIMIT {count})",
            f"VACUUM (ANALYZE) {table}",
            "CHECKPOINT",
        )

    return change


def _load_tpch(server: Server, toolbox: Toolbox, size: Size, folder: Path) -> None:
    database = "bench_tpch"
    toolbox.run(str(BENCH / "compare" / "tpch.py"), str(size.scale), server.url(database), str(folder))
    server.execute(
        database,
        "ALTER TABLE lineitem ADD PRIMARY KEY (l_orderkey, l_linenumber)",
        "ALTER TABLE orders ADD PRIMARY KEY (o_orderkey)",
        "VACUUM (ANALYZE, FREEZE) lineitem, orders",
        "CHECKPOINT",
    )


def _load_pgbench(server: Server, _toolbox: Toolbox, size: Size, _folder: Path) -> None:
    """With some transactions done, because some peers do not create a table without rows."""
    server.pgbench("bench_pgbench", "-i", "-s", str(max(1, size.rows // 100_000)))
    server.pgbench("bench_pgbench", "-M", "prepared", "-t", "1000")
    server.execute("bench_pgbench", "VACUUM (ANALYZE, FREEZE)", "CHECKPOINT")


def _change_pgbench(server: Server, count: int) -> None:
    server.pgbench("bench_pgbench", "-M", "prepared", "-c", "2", "-j", "2", "-t", str(max(1, count // 2)))
    server.execute("bench_pgbench", "VACUUM (ANALYZE)", "CHECKPOINT")


DATA_SETS = {
    data_set.name: data_set
    for data_set in (
        DataSet(
            name="wide",
            about=lambda size: f"{size.rows:,} rows of 13 columns (bench/wide.sql), cursor updated_at",
            tables=(Table("wide", ("id",), ("id", _money("amount"), "seats"), "updated_at"),),
            load=_script("wide"),
            change=_update("wide", "seats"),
        ),
        DataSet(
            name="narrow",
            about=lambda size: f"{size.rows:,} rows of 6 columns (bench/narrow.sql), cursor updated_at",
            tables=(Table("narrow", ("id",), ("id", _money("price"), "quantity"), "updated_at"),),
            load=_script("narrow"),
            change=_update("narrow", "quantity"),
        ),
        DataSet(
            name="tpch",
            about=lambda size: f"TPC-H lineitem and orders, scale factor {size.scale:g}; no cursor column",
            tables=(
                Table("lineitem", ("l_orderkey", "l_linenumber"), ("l_orderkey", "l_linenumber", _money("l_extendedprice"))),
                Table("orders", ("o_orderkey",), ("o_orderkey", _money("o_totalprice"))),
            ),
            load=_load_tpch,
        ),
        DataSet(
            name="pgbench",
            about=lambda size: f"pgbench's four tables, scale {max(1, size.rows // 100_000)}; no cursor column",
            tables=(
                Table("pgbench_accounts", ("aid",), ("aid", "abalance")),
                Table("pgbench_branches", ("bid",), ("bid", "bbalance")),
                Table("pgbench_tellers", ("tid",), ("tid", "tbalance")),
                Table("pgbench_history", (), ("aid", "delta")),
            ),
            load=_load_pgbench,
            change=_change_pgbench,
            unit="transactions",
            settings={"SYNC_TABLE_PGBENCH_HISTORY_MODE": "full"},
        ),
    )
}
