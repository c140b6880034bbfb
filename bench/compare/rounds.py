"""The comparison itself: one data set, several runs; in each, every contender copies everything, then follows changes.

All meet the same source in the same run: rows are changed once, then one contender after the other catches up. The order
is rotated from run to run. After every step the lake must hold what Postgres holds at that moment.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

from .contenders import PG2DUCK, Contender, Job
from .datasets import DataSet, Size
from .measure import run
from .progress import note
from .server import Server
from .toolbox import Toolbox

BOOTSTRAP = "bootstrap"
CHANGES = (100_000, 10_000, 0)


@dataclass(frozen=True)
class Bench:
    """What one invocation of the benchmark has at hand."""

    server: Server
    toolbox: Toolbox
    work: Path
    size: Size
    runs: int
    timeout: float


@dataclass(frozen=True)
class Step:
    """One process that was measured. `difference` says what its lake lacked; None where nothing was, or could be, compared."""

    data_set: str
    contender: str
    run: int
    phase: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    error: str | None
    difference: str | None


def compare(bench: Bench, data_set: DataSet, contenders: list[Contender]) -> list[Step]:
    note(f"{data_set.name}: filling the source: {data_set.about(bench.size)}")
    bench.server.create_database(data_set.database)
    try:
        data_set.load(bench.server, bench.toolbox, bench.size, bench.work)
        steps = []
        for number in range(bench.runs):
            shift = number % len(contenders)
            steps += Round(bench, data_set, number + 1).play(contenders[shift:] + contenders[:shift])
        return steps
    finally:
        bench.server.drop_database(data_set.database)
        shutil.rmtree(bench.work, ignore_errors=True)
        bench.work.mkdir(parents=True)


class Round:
    """One run: jobs with empty folders, dropped at its end."""

    def __init__(self, bench: Bench, data_set: DataSet, number: int) -> None:
        self.bench, self.data_set, self.number = bench, data_set, number
        self.jobs: dict[str, Job] = {}

    def play(self, contenders: list[Contender]) -> list[Step]:
        steps = self.phase(BOOTSTRAP, contenders)
        able = {step.contender for step in steps if not step.error}
        followers = [one for one in contenders if one.name in able and one.follows(self.data_set)]
        if self.data_set.change and followers:
            for count in dict.fromkeys(min(count, self.bench.size.rows) for count in CHANGES):
                if count:
                    note(f"{self.data_set.name}: changing {count:,} {self.data_set.unit} in the source")
                    self.data_set.change(self.bench.server, count)
                steps += self.phase(str(count), followers)
        shutil.rmtree(self.folder, ignore_errors=True)
        return steps

    def phase(self, phase: str, contenders: list[Contender]) -> list[Step]:
        # Summing up reads every table once, so nobody is the first to bring it into memory.
        wanted = [self.bench.server.query(self.data_set.database, table.proof())[0] for table in self.data_set.tables]
        steps = []
        for contender in contenders:
            steps.append(self.step(contender, phase, wanted))
            if not contender.follows(self.data_set):
                self.discard(contender)
        return steps

    def step(self, contender: Contender, phase: str, wanted: list[list[str]]) -> Step:
        job = self.job(contender)
        command = contender.command(job)
        log = Path(job.work) / f"{phase}.log"
        cost = run(command, Path(job.work), log, self.bench.timeout)
        difference = None
        if contender.yields_lake and not cost.error:
            difference = self.difference(job, wanted)
        outcome = cost.error or (f"INCOMPLETE: {difference}" if difference else "")
        where = f"{self.data_set.name}: run {self.number} of {self.bench.runs}: {phase}: {contender.name}"
        note(f"{where}: {cost.seconds:.1f} s, {cost.peak_mb:.0f} MB {outcome}".rstrip())
        return Step(self.data_set.name, contender.name, self.number, phase, **asdict(cost), difference=difference)

    def difference(self, job: Job, wanted: list[list[str]]) -> str | None:
        queries = json.dumps([table.proof() for table in self.data_set.tables])
        verify = Path(__file__).with_name("verify.py")
        try:
            found = json.loads(self.bench.toolbox.run(str(verify), job.lake, queries))
        except RuntimeError as error:
            return f"the lake cannot be read: {error}"
        for table, source, lake in zip(self.data_set.tables, wanted, found, strict=True):
            if [_number(value) for value in source] != [_number(value) for value in lake]:
                return f"{table.name}: the source has {source}, the lake {lake} (count, sums)"
        return None

    def job(self, contender: Contender) -> Job:
        if contender.name not in self.jobs:
            url = self.bench.server.url(self.data_set.database)
            self.jobs[contender.name] = Job.prepare(url, self.folder / contender.name, self.data_set)
        return self.jobs[contender.name]

    def discard(self, contender: Contender) -> None:
        shutil.rmtree(self.jobs.pop(contender.name).work, ignore_errors=True)

    @property
    def folder(self) -> Path:
        return self.bench.work / f"run{self.number}"


def failed(steps: list[Step]) -> bool:
    """Whether pg2duck itself broke or left something out; what befalls a peer is only reported."""
    return any(step.contender == PG2DUCK and (step.error or step.difference) for step in steps)


def _number(value: str) -> Decimal | None:
    return None if value in ("", "None") else Decimal(value)
