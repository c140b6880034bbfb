"""Runs one process and says what it cost: time from start to exit, processor time, and peak memory of it and its children.

It knows nothing of peers or tables. The peak is the greater of what the kernel recorded for the largest single process
(exact) and the greatest sum over the whole tree that was seen every SAMPLE_SECONDS, which counts processes that ran together.
"""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE_SECONDS = 0.05
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Command:
    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass
class Measurement:
    seconds: float
    cpu_seconds: float
    peak_mb: float
    error: str | None


def run(command: Command, folder: Path, log: Path, timeout: float) -> Measurement:
    os.sync()  # what the one before left to be written is not this one's to pay
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen(
            command.argv,
            env=os.environ | command.environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        deadline = threading.Timer(timeout, _kill, [process.pid])
        sampler = Sampler(process.pid)
        deadline.start()
        sampler.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
        except BaseException:
            _kill(process.pid)
            process.wait()
            raise
        finally:
            deadline.cancel()
            sampler.stop()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Measurement(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=max(usage.ru_maxrss * 1024, sampler.peak) / 1e6,
        error=_failure(process.returncode, log, seconds >= timeout),
    )


class Sampler(threading.Thread):
    """Watches the resident memory of a process tree until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self._done = pid, 0, threading.Event()

    def run(self) -> None:
        while not self._done.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(_resident, tree(self.pid))))

    def stop(self) -> None:
        self._done.set()
        self.join()


def tree(pid: int) -> list[int]:
    """The process and its descendants; what ends meanwhile is left out."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(map(int, task.read_text().split()))
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _failure(code: int, log: Path, timed_out: bool) -> str | None:
    if code == 0:
        return None
    if timed_out:
        return "stopped: it ran longer than TIMEOUT"
    return f"exit {code}: {reason(log.read_text(errors='replace')) or 'no output'}"


def reason(output: str) -> str:
    """The line of a program's output that says why it failed: the last that names an error, or else the last."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if re.search(r"error|fatal", line, re.IGNORECASE)]
    return (named or lines or [""])[-1][:300]
