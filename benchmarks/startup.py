"""How long `rencheng serve` takes to its first page: a first start, then others on the same state.

Run with `python benchmarks/startup.py` after `make city`. The first start makes demo accounts and
compiles kernels; the second is what people wait for every day (wanted: below 5 s of wall time on
two cores that have nothing else to do). The page counts as reached when the console's own page and
the list of demo accounts, which the sign-in form shows, have both been answered.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from common import Measured, report

ROOT = Path(__file__).resolve().parents[1]
BUILT = (ROOT / ".state", ROOT / ".cache/test-state")
STARTS = ("first start", "second start", "third start")
LONGEST_S = 300.0


def main() -> None:
    built = next((folder for folder in BUILT if (folder / "cities").exists()), None)
    if built is None:
        sys.exit("needs a built city: run `make city` first")
    with tempfile.TemporaryDirectory() as fresh:
        state = Path(fresh)
        for folder in ("packages", "cities"):
            shutil.copytree(built / folder, state / folder)
        report([(name, first_page(state), "") for name in STARTS])


def first_page(state: Path) -> Measured:
    """Start the server, wait for its first page, stop it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", "rencheng", "serve", "--demo"]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--port", str(port), "--state", str(state)],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not answers(f"http://127.0.0.1:{port}"):
            if process.poll() is not None or time.perf_counter() - began > LONGEST_S:
                sys.exit("the server did not come up: run `rencheng serve` and read what it says")
            time.sleep(0.02)
        return Measured(cpu_seconds(process.pid), time.perf_counter() - began, None)
    finally:
        process.terminate()
        process.wait(timeout=60)


def answers(url: str) -> bool:
    try:
        page = httpx.get(url, timeout=5)
        return page.status_code == 200 and httpx.get(f"{url}/api/v1/demo").status_code == 200
    except httpx.TransportError:
        return False


def cpu_seconds(pid: int) -> float:
    """Return user and system time of a process so far; NaN where there is no /proc. [s]"""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
