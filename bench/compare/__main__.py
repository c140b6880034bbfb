"""`make bench`: reads what was asked for, prepares, measures, prints tables and writes results.json.

Exit codes: 0 measured, 1 pg2duck failed or left something out (or a part could not be measured), 2 it could not start,
130 interrupted.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from . import idle, plot, report, rounds, scaling
from .contenders import LIMIT, PG2DUCK, Contender, contenders
from .datasets import DATA_SETS, DataSet, Size
from .progress import note
from .server import Server
from .toolbox import BENCH, Toolbox, machine

EXTRAS = ("scaling", "idle")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description="Compares pg2duck with its peers and with the limit.")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of wide and narrow; a pgbench scale per 100,000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--data", default="wide,idle", help=f"of {', '.join([*DATA_SETS, *EXTRAS])}; or all")
    parser.add_argument("--peers", default="all", help="names, separated by commas; pg2duck and limit always run")
    parser.add_argument("--scale", type=float, default=1, help="TPC-H scale factor")
    parser.add_argument("--size", type=int, default=20_000_000, help="rows of the largest table of the scaling part")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds after which one step of a peer is stopped")
    parser.add_argument("--plot", type=Path, help="write the first data set's medians to this SVG")
    return parser.parse_args()


class Session:
    """One invocation: what it prints as it goes, and the record that is written after every part."""

    def __init__(self, asked: argparse.Namespace, folder: Path, work: Path) -> None:
        self.asked, self.folder = asked, folder
        self.parts = _chosen(asked.data, [*DATA_SETS, *EXTRAS], "DATA")
        server, toolbox = Server(), Toolbox(folder)
        server.prepare()
        toolbox.install()
        self.bench = rounds.Bench(server, toolbox, work, Size(asked.rows, asked.scale), asked.runs, asked.timeout)
        self.contenders = self._selected(contenders(server, toolbox, _program()))
        if absent := self._pg2duck().missing:
            raise RuntimeError(absent)
        self.record: dict[str, object] = {
            "machine": machine(),
            "asked": {name: str(value) for name, value in vars(asked).items()},
            "versions": {"postgres": server.version(), "pg2duck": _version(_program()), **toolbox.versions()},
            "left_out": {one.name: one.missing for one in self.contenders if one.missing},
            "failed_parts": {},
            "steps": [],
        }
        self.failed = False

    def run(self) -> None:
        extras = {"scaling": self.scaling, "idle": self.idle}
        for part in self.parts:
            try:
                extras[part]() if part in extras else self.compare(DATA_SETS[part])
            except RuntimeError as error:
                self.failed = True
                self.record["failed_parts"][part] = str(error)
                print(f"\n{part}: not measured: {error}")
            self.save()

    def compare(self, data_set: DataSet) -> None:
        able = [one for one in self.contenders if not one.missing]
        steps = rounds.compare(self.bench, data_set, able)
        self.keep(steps)
        print(f"\n{data_set.about(self.bench.size)}; {self._medians()}\n")
        print(report.table(data_set, steps, able))
        for name, reason in self.record["left_out"].items():
            print(f"  {name} did not run: {reason}")
        if self.asked.plot and not self.record.get("plot"):
            self.record["plot"] = str(self.asked.plot)
            summary = report.Summary(steps)
            self.asked.plot.write_text(plot.draw(*self._titles(data_set), data_set, summary, able))

    def scaling(self) -> None:
        table, lines, steps = scaling.run(self.bench, self.asked.size, self.contenders)
        self.keep(steps)
        self.record["scaling"] = lines
        print(f"\nscaling; {self._medians()}\n\n{table}")

    def idle(self) -> None:
        table, self.record["idle"] = idle.measure(self.bench, self._pg2duck())
        print(f"\n{self.record['idle']['about']}\n\n{table}")

    def keep(self, steps: list[rounds.Step]) -> None:
        self.record["steps"] += map(asdict, steps)
        self.failed |= rounds.failed(steps)

    def save(self) -> None:
        path = self.folder / "results.json"
        path.write_text(json.dumps(self.record, indent=1) + "\n")
        sys.stdout.flush()
        note(f"every single run so far is in {path}")

    def describe(self) -> None:
        """Whose figures these are: the machine, and how each contender was started."""
        facts, versions = self.record["machine"], self.record["versions"]
        print(f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gb']} GB, Linux {facts['kernel']}, {facts['date']}")
        print(f"Postgres {versions['postgres']}, {versions['pg2duck']}, load before {facts['load_before']:.1f}\n")
        alone = not any(part in DATA_SETS for part in self.parts)
        for one in self.contenders:
            if alone and one.name not in (LIMIT, PG2DUCK):
                continue
            known = [f"{name} {versions[name]}" for name in one.packages if name in versions]
            print(f"  {one.name:<15} {one.title}{': ' + ', '.join(known) if known else ''}")
        sys.stdout.flush()

    def _medians(self) -> str:
        return f"medians of {self.bench.runs} runs" if self.bench.runs > 1 else "a single run"

    def _titles(self, data_set: DataSet) -> tuple[str, str]:
        facts = self.record["machine"]
        title = f"Postgres to DuckDB: {data_set.about(self.bench.size).split(' (')[0]}"
        machine_ = f"{facts['cores']} cores, {facts['memory_gb']:.0f} GB"
        return title, f"{self._medians().capitalize()}, {machine_}, {facts['date'][:10]}. Shorter is better."

    def _selected(self, known: list[Contender]) -> list[Contender]:
        if self.asked.peers in ("all", ""):
            return known
        names = [LIMIT, PG2DUCK, *_chosen(self.asked.peers, [one.name for one in known], "PEERS")]
        return [one for one in known if one.name in names]

    def _pg2duck(self) -> Contender:
        return next(one for one in self.contenders if one.name == PG2DUCK)


def _chosen(text: str, known: list[str], name: str) -> list[str]:
    chosen = known if text == "all" else [part.strip() for part in text.split(",") if part.strip()]
    for part in chosen:
        if part not in known:
            print(f"bench: {name}={text}: there is no {part}: use {', '.join(known)} or all", file=sys.stderr)
            raise SystemExit(2)
    return chosen


def _target() -> Path:
    return Path(os.environ.get("CARGO_TARGET_DIR") or BENCH.parent / "target").absolute()


def _program() -> Path:
    return Path(os.environ.get("PG2DUCK") or _target() / "release" / "pg2duck").absolute()


def _version(program: Path) -> str:
    return os.popen(f"'{program}' --version").read().strip() or "no pg2duck"


def main() -> int:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    asked = arguments()
    folder = _target() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work.", dir=folder))
    try:
        session = Session(asked, folder, work)
        session.describe()
        session.run()
        return 1 if session.failed else 0
    except KeyboardInterrupt:
        note("interrupted")
        return 130
    except RuntimeError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(work, ignore_errors=True)


sys.exit(main())
