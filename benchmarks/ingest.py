"""The whole way in over HTTP: a server in a process of its own, 10,000 datastreams, 1,000 rules.

Run with `python benchmarks/ingest.py [batches] [rows]` (150 of 10,000 by default). The server is
the real one with its loop, quality control and rules; batches go to `/api/v1/ingest/observations`
over two connections, and each is answered once it is on the disk. Then 5,000 readings a second are
sent in half-second batches, a few of them above a threshold, and it is measured when the alarm of
each is in the store. Linux only: CPU and memory of the server are read from `/proc`.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import numpy as np
from common import machine

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

STREAMS, RULES = 10_000, 1_000
ALARM_RATE, ALARM_S = 5_000, 20.0
PATH = "/api/v1/ingest/observations"
KINDS = (
    'measure = "last"\nlasting_s = 0',
    'measure = "max"\nwindow_s = 600',
    'measure = "change"\nwindow_s = 300',
)
PACK = """schema = "rencheng/alarms/2"
id = "bench"
version = "1"
title_zh = "基准"
title_en = "Benchmark"
jurisdiction = "CL"
status = "unverified"
source = "Made up"
valid_from = "2020-01-01"
"""
RULE = """
[[rule]]
id = "r{n:03d}"
title_zh = "规则"
title_en = "Rule"
speaks = "stream"
streams = ["b{n:03d}-*"]
{kind}
steps = [{{ level = 2, at = 4.0 }}]
"""


def serve(folder: Path, port: int) -> None:
    """Serve the tiny city with many more gauges, and print a key for them."""
    import uvicorn

    from rencheng.api.app import create_app

    brain = brain_of(folder, f"http://127.0.0.1:{port}")
    found = sum(len(pack.rules) for pack in brain.house.watch.packs if pack.is_on)
    sys.stdout.write(f"{key_for(brain, 'gauge', 'device')} {found}\n")
    sys.stdout.flush()
    uvicorn.run(
        create_app(brain), host="127.0.0.1", port=port, log_level="warning", access_log=False
    )


def brain_of(folder: Path, address: str) -> Any:
    """Return the brain of the tiny city with many more gauges and rules; nothing is started."""
    from cycle_kit import table
    from ops_kit import GAUGE, OneCity
    from rencheng.adapters.restoration import load_restoration
    from rencheng.adapters.risk.people.tables import casualty_table
    from rencheng.adapters.rules import load_indicators, load_rules
    from rencheng.adapters.store import open_store
    from rencheng.adapters.watch_packs import OFFICE_FOLDER
    from rencheng.bootstrap.wiring import assemble, wall_clock
    from rencheng.service.cycle import Models
    from rencheng.service.identity import Identity
    from tiny_city import make_tiny_city

    rules = folder / OFFICE_FOLDER
    rules.mkdir(parents=True)
    text = PACK + "".join(RULE.format(n=n, kind=KINDS[n % 3]) for n in range(RULES))
    (rules / "bench.toml").write_text(text, encoding="utf-8")
    gauges = tuple(
        replace(GAUGE, id=name, xy=(-71.0 + 0.002 * (n % 100), -30.0 + 0.002 * (n // 100)),
                rate=float("inf"), stuck_after=0, low=-15.0, high=20.0)
        for n, name in enumerate(names())
    )  # fmt: skip
    city = make_tiny_city()
    city = replace(city, datastreams=(*city.datastreams, *gauges))
    store = open_store(folder / "rencheng.sqlite")
    identity = Identity(work=store, now=wall_clock)
    models = Models(
        table=table(), rates=casualty_table(), restoration=load_restoration(),
        rules=load_rules(), indicators=load_indicators(),
    )  # fmt: skip
    return assemble(store, identity, OneCity(city), models=models, address=address, state=folder)


def key_for(brain: Any, name: str, role: str) -> str:
    """Return a key of a new account."""
    from rencheng.service.ports import Account

    account = Account(id=name, name=name, organisation="", roles=(role,), language="en",
                      password_hash="", is_demo=False)  # fmt: skip
    brain.identity.add_account(account, "")
    secret: str = brain.identity.create_token(name, "bench")[0]
    return secret


def names() -> list[str]:
    """Return the ids of the gauges; ten for each rule."""
    return [f"b{n // 10:03d}-{n % 10}" for n in range(STREAMS)]


def body(batch: str, streams: list[str], at: datetime, values: list[float]) -> bytes:
    """Return a batch as a device sends it."""
    stamp = at.isoformat()
    return msgspec.json.encode(
        {
            "batch": batch,
            "items": [
                {"id": f"{batch}.{name}", "datastream": name, "value": value, "unit": "m",
                 "phenomenon_time": stamp}
                for name, value in zip(streams, values, strict=True)
            ],
        }
    )  # fmt: skip


class Sender:
    """One connection."""

    def __init__(self, port: int, key: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def send(self, content: bytes) -> dict[str, Any]:
        """Send a batch and return its answer."""
        self.connection.request("POST", PATH, content, self.headers)
        answer = self.connection.getresponse()
        told: dict[str, Any] = msgspec.json.decode(answer.read())
        if answer.status != 200:
            raise SystemExit(f"{answer.status}: {told}")
        return told


def used(process: int) -> tuple[float, float]:
    """Return CPU time [s] and largest memory [MB] of a process so far."""
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    cpu = (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return cpu, peak / 1024


def sustained(process: int, port: int, key: str, batches: int, rows: int) -> None:
    """Send batches over two connections, each after the answer to the one before."""
    streams, rng = names(), np.random.default_rng(1)
    begin = datetime.now(UTC) - timedelta(days=2)
    bodies = []
    for n in range(batches):
        first = n * rows % STREAMS
        own = [streams[(first + i) % STREAMS] for i in range(rows)]
        values = np.round(rng.normal(0.0, 0.1, rows), 3).tolist()
        bodies.append(body(f"s{n}", own, begin + timedelta(seconds=10 * n), values))
    Sender(port, key).send(body("warm", streams, begin - timedelta(hours=1), [0.0] * STREAMS))
    took: list[float] = []
    queue = iter(bodies)

    def work() -> None:
        sender = Sender(port, key)
        for content in queue_of():
            start = time.perf_counter()
            told = sender.send(content)
            took.append(time.perf_counter() - start)
            if told["accepted"] != rows:
                raise SystemExit(f"not all were accepted: {told['rejected'][:3]}")

    def queue_of() -> Any:
        while (content := next(queue, None)) is not None:
            yield content

    before, start = used(process)[0], time.perf_counter()
    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall, count = time.perf_counter() - start, batches * rows
    cpu, peak = used(process)
    per_cpu, slow = count / (cpu - before), np.quantile(took, 0.95)
    line(
        f"sustained, {batches} batches of {rows:,}",
        f"{count / wall:,.0f} obs/s wall, {per_cpu:,.0f} a CPU second of the service; "
        f"acknowledged after {np.median(took):.2f} s, 95 % {slow:.2f} s; {peak:,.0f} MB",
    )


def alarms(process: int, port: int, key: str, folder: Path) -> None:
    """Send 5,000 readings a second and see when the alarms of some of them are open."""
    streams, sender = names(), Sender(port, key)
    sent: dict[str, float] = {}
    opened: dict[str, float] = {}
    is_over = False

    def look() -> None:
        with sqlite3.connect(f"file:{folder / 'rencheng.sqlite'}?mode=ro", uri=True) as store:
            while not is_over:
                found = store.execute("select object from alarms where rule like 'bench/%'")
                now = time.time()
                for (name,) in found.fetchall():
                    opened.setdefault(name, now)
                time.sleep(0.02)
        store.close()

    looker = Thread(target=look)
    looker.start()
    before, start, part = used(process)[0], time.time(), ALARM_RATE // 2
    for n in range(int(ALARM_S * 2)):
        time.sleep(max(0.0, start + 0.5 * n - time.time()))
        own = [streams[(n * part + i) % STREAMS] for i in range(part)]
        values = [0.0] * part
        for hit in range(5):
            name = own[hit * 500 + n % 500]
            if name not in sent and int(name[1:4]) % 3 < 2:  # a change needs a past
                values[hit * 500 + n % 500], sent[name] = 5.0, time.time()
        sender.send(body(f"a{n}", own, datetime.now(UTC), values))
    time.sleep(5.0)
    is_over = True
    looker.join()
    late = [opened.get(name, np.inf) - at for name, at in sent.items()]
    cpu, peak = used(process)
    line(f"alarms at {ALARM_RATE:,} obs/s", f"{len(sent)} causes, "
         f"{sum(np.isfinite(late))} open; from sent to open {np.median(late):.2f} s, 95 % "
         f"{np.quantile(late, 0.95):.2f} s; {(cpu - before) / ALARM_S:.2f} cores; "
         f"{peak:,.0f} MB")  # fmt: skip


def line(name: str, said: str) -> None:
    sys.stdout.write(f"{name:<36} {said}\n")
    sys.stdout.flush()


def main(batches: int = 150, rows: int = 10_000) -> None:
    port = 18_431
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = subprocess.Popen(
            [sys.executable, __file__, "serve", name, str(port)], stdout=subprocess.PIPE, text=True
        )
        try:
            key, rules = (server.stdout.readline() if server.stdout else "").split()
            line(machine(), "")
            line("rules at work", rules)
            for _ in range(600):
                try:
                    HTTPConnection("127.0.0.1", port).connect()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.1)
            time.sleep(5.0)
            sustained(server.pid, port, key, batches, rows)
            alarms(server.pid, port, key, folder)
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(*(int(v) for v in sys.argv[1:3]))
