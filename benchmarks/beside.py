"""How long the API takes to answer while a run of the risk engine is under way beside it.

Run with `python benchmarks/beside.py [state]` after `make city`: a server of its own over the
default city (105,027 buildings). A scenario of 200 fields is run in a process of its own, as the
console does it, and in the server's process for comparison. All the while `GET /health` and one
reading to `POST /ingest/observations` are asked in turn, 10 ms apart. Times are wall: a machine
that does something else at the same time tells longer ones, also without a run. A clock in the
server, and one in a process that does nothing else, tell how long each did not get to run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import numpy as np
from common import built_state, machine

SCENARIO, PORT, PAUSE_S, QUIET_S = "scenario-illapel_2015", 8917, 0.01, 8.0
FLAG, TICK_S = "ticking", 0.002


def serve(folder: Path, *, is_apart: bool) -> None:
    """Serve the default city; print a key of a planner, one of a device, and a datastream."""
    import uvicorn

    from rencheng.api.app import create_app
    from rencheng.bootstrap import build_brain
    from rencheng.bootstrap.risk import open_risk
    from rencheng.cli.serve import set_aside

    brain = build_brain(folder, address=f"http://127.0.0.1:{PORT}")
    if not is_apart:
        brain.risks = open_risk(brain.house, folder, brain.models, is_apart=False)
    brain.warmed = set_aside
    stream = brain.house.cities.current().datastreams[0]
    keys = (_key(brain, role) for role in ("planner", "device"))
    sys.stdout.write(" ".join([*keys, stream.id, stream.unit or "1"]) + "\n")
    sys.stdout.flush()
    Thread(target=tick, args=(folder / FLAG,), daemon=True).start()
    uvicorn.run(create_app(brain), host="127.0.0.1", port=PORT, log_level="error")


def tick(flag: Path) -> None:
    """Print how long a clock stood still between two of its ticks, while a file is there."""
    while not flag.exists():
        time.sleep(0.05)
    gaps, last = [], time.perf_counter()
    while flag.exists():
        time.sleep(TICK_S)
        now = time.perf_counter()
        gaps.append(now - last - TICK_S)
        last = now
    late = np.array(gaps) * 1e3
    long = late[late > 50.0]
    sys.stdout.write(
        f"p99 {np.percentile(late, 99):6.1f}  max {late.max():6.1f} ms; "
        f"{long.size} longer than 50 ms, {long.sum() / 1e3:.2f} s in all\n"
    )
    sys.stdout.flush()


def _key(brain: Any, role: str) -> str:
    from rencheng.service.ports import Account

    account = Account(id=f"b-{role}", name=role, organisation="", roles=(role,), language="en",
                      password_hash="", is_demo=False)  # fmt: skip
    brain.identity.add_account(account, "")
    secret: str = brain.identity.create_token(account.id, "bench")[0]
    return secret


class Asker:
    """Asks the server and takes the time of each answer."""

    def __init__(self, planner: str, device: str, stream: str, unit: str) -> None:
        self._planner, self._device = planner, device
        self._stream, self._unit, self._many = stream, unit, 0
        self._line = HTTPConnection("127.0.0.1", PORT, timeout=300)

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[Any, float]:
        """Return the answer and the seconds that it took."""
        told = msgspec.json.encode(body) if body is not None else None
        headers = {"Authorization": f"Bearer {key or self._planner}",
                   "Content-Type": "application/json"}  # fmt: skip
        began = time.perf_counter()
        self._line.request(method, f"/api/v1/{path}", told, headers)
        answer = self._line.getresponse()
        found = answer.read()
        took = time.perf_counter() - began
        assert answer.status < 300, found
        return (msgspec.json.decode(found) if found else None), took

    def ingest(self) -> float:
        """Hand in one reading."""
        self._many += 1
        item = {
            "id": f"beside-{self._many}", "datastream": self._stream, "value": 0.1,
            "unit": self._unit, "phenomenon_time": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        batch = {"batch": f"beside-{self._many}", "items": [item]}
        return self.ask("POST", "ingest/observations", batch, key=self._device)[1]

    def watch(self, seconds: float, run: str = "") -> dict[str, np.ndarray[Any, Any]]:
        """Ask for so long, or until a run is done; return seconds by what was asked."""
        took: dict[str, list[float]] = {"health": [], "ingest": []}
        until, looked = time.perf_counter() + seconds, 0.0
        while time.perf_counter() < until:
            took["health"].append(self.ask("GET", "health")[1])
            took["ingest"].append(self.ingest())
            if run and time.perf_counter() - looked > 0.5:
                looked = time.perf_counter()
                state = self.ask("GET", f"risk/jobs/{run}")[0]["state"]
                if state not in ("queued", "running"):
                    assert state == "done", state
                    break
            time.sleep(PAUSE_S)
        return {name: np.array(values) for name, values in took.items()}


def measured(built: Path, *, is_apart: bool) -> None:
    """Print latencies without and with a run."""
    with tempfile.TemporaryDirectory() as fresh:
        for folder in ("packages", "cities"):
            shutil.copytree(built / folder, Path(fresh) / folder)
        said = [sys.executable, __file__, "--serve", fresh, "apart" if is_apart else "inside"]
        watch = [sys.executable, __file__, "--tick", str(Path(fresh) / FLAG)]
        with (
            subprocess.Popen(said, stdout=subprocess.PIPE) as server,  # noqa: S603 ourselves
            subprocess.Popen(watch, stdout=subprocess.PIPE) as clock,  # noqa: S603 ourselves
        ):
            assert server.stdout is not None
            try:
                asker = Asker(*server.stdout.readline().decode().split())
                _until_up(asker)
                asker.ingest()
                asker.watch(3.0)
                tell("no run", asker.watch(QUIET_S), QUIET_S)
                job = asker.ask("POST", "risk/jobs", {"set": SCENARIO})[0]["id"]
                began = time.perf_counter()
                (Path(fresh) / FLAG).touch()
                found = asker.watch(500.0, job)
                (Path(fresh) / FLAG).unlink()
                where = "a run apart" if is_apart else "a run inside"
                tell(where, found, time.perf_counter() - began)
                print(f"  clock in the server  {server.stdout.readline().decode()}", end="")
                assert clock.stdout is not None
                print(
                    f"  clock beside it      {clock.stdout.readline().decode()}", end="", flush=True
                )
            finally:
                server.terminate()
                clock.terminate()


def _until_up(asker: Asker) -> None:
    for _ in range(600):
        try:
            asker.ask("GET", "health")
        except OSError:
            asker._line.close()
            time.sleep(0.2)
        else:
            return


def tell(what: str, took: dict[str, np.ndarray[Any, Any]], seconds: float) -> None:
    """Print a line for each thing that was asked. [ms]"""
    for name, values in took.items():
        p50, p99 = np.percentile(values, (50, 99)) * 1e3
        print(
            f"{what:<20} {seconds:6.1f} s  {name:<7} p50 {p50:7.1f}  p99 {p99:7.1f}  "
            f"max {values.max() * 1e3:7.1f} ms  of {values.size}"
        )


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]), is_apart=sys.argv[3] == "apart")
        return
    if sys.argv[1:2] == ["--tick"]:
        tick(Path(sys.argv[2]))
        return
    built = built_state(*sys.argv[1:2])
    print(machine())
    for is_apart in (True, False):
        measured(built, is_apart=is_apart)
    print(machine())


if __name__ == "__main__":
    main()
