"""The contenders, in the order of the tables: the limit, the peers, pg2duck. One entry says how one is started.

To add a peer: write peers/NAME.py, which reads a job (see Job), name its packages in requirements.txt, and add an entry.
"""

import json
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from .datasets import DataSet, Table
from .measure import Command
from .server import Server
from .toolbox import BENCH, Toolbox

LIMIT, PG2DUCK = "limit", "pg2duck"


@dataclass(frozen=True)
class Job:
    """One contender's task in one run. It stays the same from the bootstrap to the last poll, and so do its folders."""

    url: str
    lake: str
    work: str
    tables: tuple[Table, ...]
    settings: dict[str, str]

    @classmethod
    def prepare(cls, url: str, folder: Path, data_set: DataSet) -> "Job":
        folder.mkdir(parents=True)
        job = cls(url, str(folder / "lake.duckdb"), str(folder), data_set.tables, data_set.settings)
        job.file.write_text(json.dumps(asdict(job)))
        return job

    @property
    def file(self) -> Path:
        return Path(self.work) / "job.json"


@dataclass(frozen=True)
class Contender:
    name: str
    title: str
    command: Callable[[Job], Command]
    packages: tuple[str, ...] = ()
    incremental: bool = False
    yields_lake: bool = True
    missing: str | None = None  # why it cannot run here

    def follows(self, data_set: DataSet) -> bool:
        return self.incremental and (data_set.has_cursor or self.name == PG2DUCK)


def contenders(server: Server, toolbox: Toolbox, pg2duck: Path) -> list[Contender]:
    def python(name: str, title: str, script: str, *packages: str, arguments: tuple[str, ...] = (), incremental: bool = False):
        path = BENCH / "compare" / "peers" / f"{script}.py"

        def command(job: Job) -> Command:
            return Command([str(toolbox.python), str(path), str(job.file), *arguments])

        return Contender(name, title, command, packages, incremental, missing=toolbox.missing(packages))

    dlt = ("dlt", "duckdb", "pyarrow", "sqlalchemy", "psycopg2-binary")
    return [
        Contender(LIMIT, "limit: psql COPY", lambda job: _limit(server, job), yields_lake=False),
        python("extension", "DuckDB extension", "duckdb_extension", "duckdb", "duckdb-extension-postgres-scanner"),
        python("adbc", "ADBC to DuckDB", "adbc_arrow", "adbc-driver-postgresql", "pyarrow", "duckdb"),
        python("connectorx", "ConnectorX to DuckDB", "connectorx_arrow", "connectorx", "pyarrow", "duckdb"),
        python("dlt-connectorx", "dlt, connectorx", "dlt_merge", *dlt, "connectorx", arguments=("connectorx",), incremental=True),
        python("dlt-pyarrow", "dlt, pyarrow", "dlt_merge", *dlt, "pandas", arguments=("pyarrow",), incremental=True),
        _sling(toolbox),
        python("script", "script: psycopg, Polars", "polars_script", "psycopg", "polars", "duckdb", incremental=True),
        Contender(PG2DUCK, "pg2duck", lambda job: _pg2duck(pg2duck, job), incremental=True, missing=_absent(pg2duck)),
    ]


def _limit(server: Server, job: Job) -> Command:
    """The least that any reader of the whole table can do over one connection: receive it."""
    copies = [text for table in job.tables for text in ("-c", f"COPY {table.name} TO STDOUT (FORMAT binary)")]
    return Command([str(server.programs / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", job.url, "-o", "/dev/null", *copies])


def _pg2duck(program: Path, job: Job) -> Command:
    """As it ships: every setting that is not about where things are has its default."""
    work = Path(job.work)
    return Command(
        [str(program), "once"],
        {
            "DATABASE_URL": job.url,
            "SYNC_TABLES": ",".join(f"public.{table.name}" for table in job.tables),
            "DUCKDB_PATH": job.lake,
            "PARQUET_DIR": str(work / "parquet"),
            "STATE_DIR": str(work / "state"),
            "NO_COLOR": "1",
            **job.settings,
        },
    )


def _absent(program: Path) -> str | None:
    return None if os.access(program, os.X_OK) else f"{program} is not there: run `make build`, or set PG2DUCK"


def _sling(toolbox: Toolbox) -> Contender:
    """Sling's own binary, without the Python wrapper around it. It writes through the DuckDB command line, which it would
    download; DUCKDB_PATH names the packaged one (its docs, "DuckDB"), and the home folder holds the two extensions that
    the command line would download. `csv_http`, its default way into DuckDB, was the fastest of those that ran; reading in
    parallel chunks is for its paid editions (its docs, "Parallel Chunking")."""
    packages = ("sling-linux-amd64", "sling-linux-arm64", "duckdb-cli", "duckdb-extension-json", "duckdb-extension-httpfs")
    binary = toolbox.file("sling_linux_*/bin/sling-linux-*")
    missing = toolbox.missing(packages) or (None if binary else "no package with its binary for this machine")

    def command(job: Job) -> Command:
        replication = Path(job.work) / "replication.yaml"
        streams = {f"public.{table.name}": _stream(table) for table in job.tables}
        replication.write_text(json.dumps({"source": "SOURCE", "target": "LAKE", "streams": streams}))  # JSON is YAML
        return Command(
            [str(binary), "run", "-r", str(replication)],
            {
                "SOURCE": job.url,
                "LAKE": json.dumps({"type": "duckdb", "instance": job.lake}),
                "DUCKDB_PATH": str(toolbox.venv / "bin" / "duckdb"),
                "HOME": str(_sling_home(toolbox)),
                "SLING_HOME_DIR": str(Path(job.work) / "sling"),
                "SLING_DISABLE_TELEMETRY": "true",
            },
        )

    return Contender("sling", "sling", command, packages, incremental=True, missing=missing)


def _stream(table: Table) -> dict[str, object]:
    if not table.cursor:
        return {"object": f"main.{table.name}", "mode": "full-refresh"}
    return {"object": f"main.{table.name}", "mode": "incremental", "primary_key": list(table.key), "update_key": table.cursor}


def _sling_home(toolbox: Toolbox) -> Path:
    """A home folder where DuckDB finds both extensions already installed: ~/.duckdb/extensions/VERSION/PLATFORM."""
    home = toolbox.venv / "sling-home"
    system = {"x86_64": "linux_amd64", "aarch64": "linux_arm64"}.get(platform.machine(), platform.machine())
    for name in ("json", "httpfs"):
        packaged = toolbox.file(f"duckdb_extension_{name}/extensions/*/{name}.duckdb_extension")
        installed = home / ".duckdb" / "extensions" / packaged.parent.name / system / packaged.name
        if not installed.exists():
            installed.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(packaged, installed)
    return home
