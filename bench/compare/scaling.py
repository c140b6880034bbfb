"""How pg2duck's bootstrap grows with the table: rows, columns, tables; with the COPY limit beside it, no peers.

Cost is linear where rows/s and the ratio stay level from one row of the table to the next, and memory does too.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from .contenders import LIMIT, PG2DUCK, Contender
from .datasets import DATA_SETS, DataSet, Size, Table
from .report import Summary, columns, number
from .rounds import BOOTSTRAP, Bench, Step, compare
from .server import Server
from .toolbox import Toolbox

SMALL_TABLES, SMALL_ROWS = 500, 1000
MANY_COLUMNS = 200


def data_sets(size: int) -> list[tuple[DataSet, Size]]:
    wide = DATA_SETS["wide"]
    wide = replace(wide, about=lambda of: f"{of.rows:,} rows, 13 columns")
    small = [f"small_{at}" for at in range(SMALL_TABLES)]
    return [
        *((wide, Size(rows, 1)) for rows in (200_000, 2_000_000, size)),
        (_made("columns", f"{MANY_COLUMNS} columns", ["many_columns"], _many_columns), Size(200_000, 1)),
        (_made("pairs", "2 columns", ["pairs"], _pairs), Size(5_000_000, 1)),
        (_made("small", f"{SMALL_TABLES} tables", small, _small), Size(SMALL_TABLES * SMALL_ROWS, 1)),
    ]


def run(bench: Bench, size: int, contenders: list[Contender]) -> tuple[str, list[dict[str, object]], list[Step]]:
    """The table to print, its rows for results.json, and every step."""
    both = [contender for contender in contenders if contender.name in (LIMIT, PG2DUCK)]
    lines, steps = [], []
    for data_set, of in data_sets(size):
        measured: dict[str, float] = {}
        made = compare(replace(bench, size=of), _weighed(data_set, measured), both)
        steps += made
        lines.append(_line(data_set.about(of), of.rows, measured["mb"], Summary(made)))
    return _table(lines), lines, steps


def _line(about: str, rows: int, mb: float, summary: Summary) -> dict[str, object]:
    seconds = summary.seconds(PG2DUCK, BOOTSTRAP)
    return {
        "table": about,
        "rows": rows,
        "mb": mb,
        "limit_seconds": summary.seconds(LIMIT, BOOTSTRAP),
        "seconds": seconds,
        "ratio": summary.ratio(PG2DUCK, LIMIT, BOOTSTRAP),
        "rows_per_second": rows / seconds if seconds else None,
        "mb_per_second": mb / seconds if seconds else None,
        "peak_mb": summary.peak_mb(PG2DUCK, BOOTSTRAP),
        "remarks": summary.remarks(),
    }


def _table(lines: list[dict[str, object]]) -> str:
    rows = [["bootstrap by pg2duck", "source MB", "limit s", "s", "x limit", "rows/s", "MB/s", "peak MB"]]
    for line in lines:
        digits = {"mb": 0, "limit_seconds": 2, "seconds": 2, "ratio": 2, "rows_per_second": 0, "mb_per_second": 1, "peak_mb": 0}
        rows.append([line["table"], *(number(line[name], places) for name, places in digits.items())])
    return "\n".join([columns(rows), *(f"  {remark}" for line in lines for remark in line["remarks"])])


def _weighed(data_set: DataSet, measured: dict[str, float]) -> DataSet:
    """The same data set, which notes the size of its heaps once they are filled."""

    def load(server: Server, toolbox: Toolbox, size: Size, folder: Path) -> None:
        data_set.load(server, toolbox, size, folder)
        query = "SELECT sum(pg_table_size(oid)) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        measured["mb"] = int(server.query(data_set.database, query)[0][0]) / 1e6

    return replace(data_set, load=load, change=None)


def _made(name: str, kind: str, tables: list[str], make: Callable[[int], list[str]]) -> DataSet:
    def load(server: Server, _toolbox: Toolbox, size: Size, _folder: Path) -> None:
        server.execute(f"bench_{name}", *make(size.rows), "VACUUM (ANALYZE, FREEZE)", "CHECKPOINT")

    all_tables = tuple(Table(table, ("id",), ("id", "v")) for table in tables)
    return DataSet(name, lambda of: f"{of.rows:,} rows, {kind}", all_tables, load)


def _many_columns(rows: int) -> list[str]:
    kinds = ("(g + {0}) % 1000 AS c{0}", "'text ' || (g + {0}) % 1000 AS c{0}")
    others = [kinds[at % 2].format(at) for at in range(MANY_COLUMNS - 2)]
    return _numbered("many_columns", f"g % 1000 AS v, {', '.join(others)}", rows)


def _pairs(rows: int) -> list[str]:
    return _numbered("pairs", "g % 1000 AS v", rows)


def _small(rows: int) -> list[str]:
    text = "g % 1000 AS v, 'text ' || g AS t"
    return [statement for at in range(SMALL_TABLES) for statement in _numbered(f"small_{at}", text, rows // SMALL_TABLES)]


def _numbered(table: str, columns_: str, rows: int) -> list[str]:
    return [
        f"CREATE TABLE {table} AS SELECT g::bigint AS id, {columns_} FROM generate_series(1, {rows}) g;"
        f" ALTER TABLE {table} ADD PRIMARY KEY (id)"
    ]
