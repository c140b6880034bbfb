"""What has to be at hand before anything is measured: the peers' virtual environment, and facts about this machine.

A package that cannot be installed is remembered with its reason; only the peers that need it are left out.
"""

import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from .measure import reason
from .progress import note

BENCH = Path(__file__).resolve().parent.parent
REQUIREMENTS = BENCH / "requirements.txt"


class Toolbox:
    def __init__(self, folder: Path) -> None:
        self.venv = folder / "venv"
        self.python = self.venv / "bin" / "python"
        self.failed: dict[str, str] = {}

    def install(self) -> None:
        """Does nothing when the environment already holds what requirements.txt asks for."""
        stamp = self.venv / "requirements.installed"
        wanted = REQUIREMENTS.read_text()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        note(f"installing the peers into {self.venv} (a few minutes, once)")
        shutil.rmtree(self.venv, ignore_errors=True)
        self._create()
        if not self._pip("-r", str(REQUIREMENTS)):
            stamp.write_text(wanted)
            return
        for requirement in _lines(wanted):
            if reason := self._pip(requirement):
                self.failed[_name(requirement)] = reason
                note(f"not installed: {requirement}: {reason}")

    def missing(self, packages: tuple[str, ...]) -> str | None:
        """Why a peer that needs these packages cannot run here."""
        reasons = [f"{package} could not be installed: {self.failed[package]}" for package in packages if package in self.failed]
        return reasons[0] if reasons else None

    def file(self, pattern: str) -> Path | None:
        """A file that one of the packages brought."""
        return next(iter(self.venv.glob(f"lib/python3*/site-packages/{pattern}")), None)

    def run(self, *arguments: str) -> str:
        done = subprocess.run([str(self.python), *arguments], capture_output=True, text=True, start_new_session=True)
        if done.returncode:
            raise RuntimeError(reason(done.stderr) or f"exit {done.returncode}")
        return done.stdout

    def versions(self) -> dict[str, str]:
        listed = json.loads(self.run("-m", "pip", "list", "--format=json", "--disable-pip-version-check"))
        return {package["name"].lower().replace("_", "-"): package["version"] for package in listed}

    def _create(self) -> None:
        if not importlib.util.find_spec("ensurepip") and shutil.which("apt-get"):
            root = [] if os.geteuid() == 0 else ["sudo"]
            subprocess.run([*root, "apt-get", "install", "-qq", "-y", "python3-venv"], stdout=subprocess.DEVNULL, check=False)
        done = subprocess.run([sys.executable, "-m", "venv", str(self.venv)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"bench: no virtual environment: install your distribution's python3-venv package\n{done.stdout}")

    def _pip(self, *arguments: str) -> str | None:
        command = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        return None if done.returncode == 0 else reason(done.stderr) or "pip failed"


def machine() -> dict[str, object]:
    memory, cpu = _facts("/proc/meminfo"), _facts("/proc/cpuinfo")
    return {
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "memory_gb": round(int(memory["MemTotal"].split()[0]) / 1e6, 1),
        "processor": cpu.get("model name", platform.machine()),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def _facts(path: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in Path(path).read_text().splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _lines(requirements: str) -> list[str]:
    return [line for line in requirements.splitlines() if line and not line.startswith("#")]


def _name(requirement: str) -> str:
    return requirement.split("==")[0].split("[")[0]
