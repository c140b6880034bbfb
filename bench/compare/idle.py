"""What `pg2duck run` costs while nothing changes: memory, share of a core, and buffers that the source touches per cycle.

Buffers count everything, planning and catalogs included: the database's counters are complete once a session has ended, and
are read from another database. Connecting and the first cycle are taken off: they are what `once` touches just before.
(cost.sh tells statement by statement, and what a cycle costs while others write to the source.)
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .contenders import Contender, Job
from .datasets import DATA_SETS
from .measure import Command, run
from .progress import note
from .report import columns
from .rounds import Bench

SECONDS = 60
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Spell:
    cycles: int
    buffers: int
    cpu_share: float
    resident_mb: float
    peak_mb: float


def measure(bench: Bench, pg2duck: Contender) -> tuple[str, dict[str, object]]:
    """The table to print, and its values for results.json."""
    data_set = DATA_SETS["wide"]
    note(f"idle: filling the source: {data_set.about(bench.size)}")
    bench.server.create_database(data_set.database)
    data_set.load(bench.server, bench.toolbox, bench.size, bench.work)
    job = Job.prepare(bench.server.url(data_set.database), bench.work / "idle", data_set)
    once = pg2duck.command(job)
    # The same settings throughout: after a change of them the first cycle looks at everything.
    command = Command(once.argv, once.environment | {"SYNC_INTERVAL_SECONDS": "1"})
    first = run(command, Path(job.work), Path(job.work) / "once.log", bench.timeout)
    if first.error:
        raise RuntimeError(f"idle: pg2duck once: {first.error}")
    before = _buffers(bench, data_set.database)
    run(command, Path(job.work), Path(job.work) / "again.log", bench.timeout)
    _until(lambda: not _sessions(bench, data_set.database))
    connecting = _buffers(bench, data_set.database) - before
    spell = _spell(bench, data_set.database, command, Path(job.work), SECONDS)
    bench.server.drop_database(data_set.database)
    values = {
        "about": data_set.about(bench.size),
        "seconds": SECONDS,
        "cycles": spell.cycles,
        "resident_mb": spell.resident_mb,
        "peak_mb": spell.peak_mb,
        "cpu_share_percent": spell.cpu_share * 100,
        "buffers_per_table_and_cycle": max(0, spell.buffers - connecting) / max(1, spell.cycles - 1),
    }
    return _table(values), values


def _spell(bench: Bench, database: str, once: Command, folder: Path, seconds: int) -> Spell:
    note(f"idle: pg2duck run, a cycle per second, for {seconds} s")
    command = Command([once.argv[0], "run"], once.environment | {"RUST_LOG": "pg2duck=debug"})
    log = folder / f"run{seconds}.log"
    before = _buffers(bench, database)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command.argv, env=os.environ | command.environment, cwd=folder, stdout=output, stderr=output, start_new_session=True
        )
        try:
            _until(lambda: _cycles(log) >= 3, process)
            used, since = _cpu_seconds(process.pid), time.monotonic()
            time.sleep(seconds)
            share = (_cpu_seconds(process.pid) - used) / (time.monotonic() - since)
            resident, peak = (_status_mb(process.pid, name) for name in ("VmRSS", "VmHWM"))
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
        finally:
            process.kill()
            process.wait()
    # The session is gone from pg_stat_activity only after its counters were added.
    _until(lambda: not _sessions(bench, database))
    return Spell(_cycles(log), _buffers(bench, database) - before, share, resident, peak)


def _buffers(bench: Bench, database: str) -> int:
    query = f"SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = '{database}'"
    return int(bench.server.query("postgres", query)[0][0])


def _sessions(bench: Bench, database: str) -> bool:
    query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND backend_type = 'client backend'"
    return bench.server.query("postgres", query)[0][0] != "0"


def _cycles(log: Path) -> int:
    return sum(" cycle " in line for line in log.read_text(errors="replace").splitlines())


def _until(condition, process: subprocess.Popen | None = None) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if process and process.poll() is not None:
            raise RuntimeError(f"idle: pg2duck run ended with exit code {process.returncode}")
        if time.monotonic() > deadline:
            raise RuntimeError("idle: pg2duck run did nothing for a minute")
        time.sleep(0.1)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _status_mb(pid: int, name: str) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / 1e6


def _table(values: dict[str, object]) -> str:
    return columns(
        [
            ["pg2duck run, nothing changes", "value"],
            ["resident memory, MB", f"{values['resident_mb']:.0f}"],
            ["peak memory, MB", f"{values['peak_mb']:.0f}"],
            ["share of one core, %", f"{values['cpu_share_percent']:.2f}"],
            ["source buffers per table and cycle", f"{values['buffers_per_table_and_cycle']:.1f}"],
            ["cycles", str(values["cycles"])],
        ]
    )
