"""The throwaway Postgres that scripts/postgres.sh started for this run, spoken to through psql.

Every data set has a database of its own here. Nothing is measured through this module except where it says so.
"""

import os
import subprocess
from pathlib import Path


class Server:
    def __init__(self) -> None:
        try:
            self.programs = Path(os.environ["PG2DUCK_TEST_PGBIN"])
            self.host, self.port = os.environ["PGHOST"], os.environ["PGPORT"]
            self.user, self.password = os.environ["PGUSER"], os.environ["PGPASSWORD"]
        except KeyError as missing:
            raise SystemExit(f"bench: {missing} is not set: start it with `make bench`") from None

    def url(self, database: str) -> str:
        """Without TLS, for everyone: as between two containers of one host."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{database}?sslmode=disable"

    def psql(self, database: str, *arguments: str) -> list[str]:
        return [str(self.programs / "psql"), "-Xq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), *arguments]

    def execute(self, database: str, *statements: str) -> None:
        """Each statement in a transaction of its own."""
        for statement in statements:
            self._run(self.psql(database, "-c", statement))

    def query(self, database: str, statement: str) -> list[list[str]]:
        output = self._run(self.psql(database, "-At", "-F", "\t", "-c", statement))
        return [line.split("\t") for line in output.splitlines()]

    def script(self, database: str, path: Path, **variables: int) -> None:
        settings = [text for name, value in variables.items() for text in ("-v", f"{name}={value}")]
        self._run(self.psql(database, *settings, "-f", str(path)))

    def pgbench(self, database: str, *arguments: str) -> None:
        self._run([str(self.programs / "pgbench"), "-q" if "-i" in arguments else "-n", *arguments, self.url(database)])

    def prepare(self) -> None:
        """Vacuum runs when the benchmark says so, and never beside a measurement."""
        self.execute(
            "postgres",
            "ALTER SYSTEM SET autovacuum = off",
            "ALTER SYSTEM SET max_wal_size = '16GB'",
            "ALTER SYSTEM SET checkpoint_timeout = '1h'",
            "SELECT FROM pg_reload_conf()",
        )

    def create_database(self, name: str) -> None:
        self.execute("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")

    def drop_database(self, name: str) -> None:
        self.execute("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def version(self) -> str:
        return self.query("postgres", "SHOW server_version")[0][0].split()[0]

    @staticmethod
    def _run(command: list[str]) -> str:
        done = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name}: {done.stderr.strip() or done.returncode}")
        return done.stdout
