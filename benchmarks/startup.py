"""How long it takes to the first page, to `import rencheng` and to the first result of a command.

`rencheng serve` is started anew, then on the same state. `rencheng risk run` works on two assets
with the compiled files of Python and of the kernels at hand; wanted: 3 s, and 0.3 s for the import.

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
from common import ROOT, Measured, built_state, report

STARTS = ("first start", "second start", "third start")
LONGEST_S = 300.0


IMPORT_S, RESULT_S = 0.3, 3.0
ASSETS = "id,lon,lat,value\na,114.30,30.60,1000\nb,114.31,30.60,500\n"
EVENTS = "event,rate,lon,lat,intensity\ne1,0.1,114.3,30.6,0.5\ne2,0.01,114.3,30.6,2\n"
RUN = [
    "risk", "run", "--assets", "a.csv", "--events", "e.csv", "--curves", "jrc.asia.residential",
    "--measure", "water_depth", "--unit", "m", "--currency", "CNY", "--year", "2024",
    "--out", "out",
]  # fmt: skip


def main() -> None:
    built = built_state(*sys.argv[1:2])
    first_results()
    first_pages(built)


def first_results() -> None:
    """Time commands in processes of their own: the first fills the caches and is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("a.csv", ASSETS), ("e.csv", EVENTS)):
            (Path(folder) / name).write_text(text, encoding="utf-8")
        imported = [in_process(["-c", "import rencheng"], folder) for _ in range(4)][1:]
        told = [in_process(["-m", "rencheng", *RUN], folder) for _ in range(4)][1:]
    rows = [
        (name, min(runs, key=lambda one: one.wall_s), f"wanted {most} s")
        for name, runs, most in (
            ("import rencheng", imported, IMPORT_S),
            ("risk run", told, RESULT_S),
        )
    ]
    report(rows)
    if rows[0][1].wall_s > IMPORT_S or rows[1][1].wall_s > RESULT_S:
        raise SystemExit(1)


def in_process(arguments: list[str], folder: str) -> Measured:
    """Run Python in a folder that keeps what it compiled."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    env |= {"PYTHONPYCACHEPREFIX": f"{folder}/compiled"}
    began, before = time.perf_counter(), os.times()
    subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL
    )
    after = os.times()
    spent = after.children_user + after.children_system
    spent -= before.children_user + before.children_system
    return Measured(spent, time.perf_counter() - began, None)


def first_pages(built: Path) -> None:
    """Time the first page of a server on a copy of a state folder, start after start."""
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
