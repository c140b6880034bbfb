"""Turns measured steps into tables of medians and ratios. A ratio is the median of ratios taken within each run.

It computes and formats only; what was measured is kept whole in results.json.
"""

from statistics import median

from .contenders import LIMIT, PG2DUCK, Contender
from .datasets import DataSet
from .rounds import BOOTSTRAP, Step

FULL_COPY, NOTHING = "full copy", "-"


class Summary:
    """The steps of one data set, by contender and phase. A step that failed counts nowhere."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps
        self.done = {(step.contender, step.phase, step.run): step for step in steps if not step.error}

    def phases(self) -> list[str]:
        return list(dict.fromkeys(step.phase for step in self.steps))

    def seconds(self, contender: str, phase: str) -> float | None:
        return _median(step.seconds for step in self._of(contender, phase))

    def cpu_seconds(self, contender: str, phase: str) -> float | None:
        return _median(step.cpu_seconds for step in self._of(contender, phase))

    def peak_mb(self, contender: str, phase: str) -> float | None:
        return _median(step.peak_mb for step in self._of(contender, phase))

    def ratio(self, contender: str, other: str, phase: str) -> float | None:
        pairs = [(step, self.done.get((other, phase, step.run))) for step in self._of(contender, phase)]
        return _median(step.seconds / base.seconds for step, base in pairs if base)

    def verdict(self, contender: Contender) -> str:
        own = [step for step in self.steps if step.contender == contender.name]
        if any(step.error for step in own):
            return "FAILED"
        if not contender.yields_lake:
            return NOTHING
        return "INCOMPLETE" if any(step.difference for step in own) else "yes"

    def remarks(self) -> list[str]:
        """Why something failed or is incomplete: the first reason of each contender."""
        reasons: dict[str, str] = {}
        for step in self.steps:
            if why := step.error or step.difference:
                reasons.setdefault(step.contender, f"{step.contender}, {step.phase}, run {step.run}: {why}")
        return list(reasons.values())

    def _of(self, contender: str, phase: str) -> list[Step]:
        return [step for (name, of, _), step in self.done.items() if (name, of) == (contender, phase)]


def table(data_set: DataSet, steps: list[Step], contenders: list[Contender]) -> str:
    summary = Summary(steps)
    phases = [phase for phase in summary.phases() if phase != BOOTSTRAP]
    header = ["", "bootstrap s", "x limit", "cpu s", "peak MB", *(f"{_phase(phase)} s (x)" for phase in phases)]
    rows = [header + (["peak MB"] if phases else []) + ["complete?"]]
    for contender in contenders:
        rows.append(_row(summary, data_set, contender, phases))
    notes = summary.remarks()
    if phases:
        notes.append(f"(x): times pg2duck; {FULL_COPY}: it cannot follow changes, so each poll costs its bootstrap again")
    if not data_set.has_cursor:
        notes.append("no table here has a cursor column: only pg2duck can follow it (by xmin), peers copy it as a whole")
    return "\n".join([columns(rows), *(f"  {text}" for text in notes)])


def _row(summary: Summary, data_set: DataSet, contender: Contender, phases: list[str]) -> list[str]:
    name = contender.name
    row = [
        contender.title,
        number(summary.seconds(name, BOOTSTRAP)),
        number(summary.ratio(name, LIMIT, BOOTSTRAP)),
        number(summary.cpu_seconds(name, BOOTSTRAP)),
        number(summary.peak_mb(name, BOOTSTRAP), 0),
    ]
    for phase in phases:
        row.append(_incremental(summary, name, phase) if contender.follows(data_set) else FULL_COPY)
    if phases:
        peaks = [peak for phase in phases if (peak := summary.peak_mb(name, phase))]
        row.append(number(max(peaks, default=None), 0))
    return [*row, summary.verdict(contender)]


def _incremental(summary: Summary, name: str, phase: str) -> str:
    seconds, ratio = summary.seconds(name, phase), summary.ratio(name, PG2DUCK, phase)
    return NOTHING if seconds is None else f"{number(seconds)} ({number(ratio)})"


def columns(rows: list[list[str]]) -> str:
    """The first column to the left, the others to the right, a rule below the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(text.rjust(width) for text, width in zip(others, widths[1:], strict=True))]
        lines.append("  ".join(cells))
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def number(value: float | None, digits: int = 2) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _phase(phase: str) -> str:
    count = int(phase)
    return "nothing" if not count else f"{count // 1000}k" if count % 1000 == 0 else str(count)


def _median(values) -> float | None:
    values = list(values)
    return median(values) if values else None
