"""The SensorThings service over HTTP: 10,000 datastreams, quality control and 1,000 rules on.

Run with `python benchmarks/sensorthings.py [rows]` (100,000 by default). The server is that of
`ingest.py`. Every datastream gets some observations; then data arrays of 1,000 and of 10,000 rows
(of one to 10,000 datastreams) go in over two connections, single observations over eight, and the
questions of a console are asked twenty times each. Everything is acknowledged once it is on the
disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import quote

import msgspec
import numpy as np
from common import machine
from ingest import Sender, body, names, used

PORT = 8772
SINGLE, CLIENTS = 1_000, 8  # a key may ask 3,000 times a minute
ARRAYS = (
    (1, 10_000, 1),
    (30, 1_000, 1),
    (60, 10_000, 100),
    (62, 10_000, 1_000),
    (64, 10_000, 10_000),
)
"""Hour of the first row, rows and datastreams of a body; none of them lies ahead of the clock."""
QUESTIONS = {
    "newest of each of 100": (
        "Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc)&$top=100"
    ),
    "newest of each of 100, filtered": (
        "Datastreams?$filter=startswith(name,'')&$expand=Observations($top=1;"
        "$orderby=phenomenonTime desc)&$top=100"
    ),
    "100 datastreams": "Datastreams?$top=100",
    "newest of all": "Observations?$orderby=phenomenonTime desc&$top=100",
    "newest of each, 1,000": (
        "Datastreams?$expand=Observations($top=1;$orderby=phenomenonTime desc)&$top=1000"
    ),
    "one datastream": "Datastreams('b000-0')/Observations?$top=1000",
}


def sent(port: int, key: str, path: str, bodies: Iterator[bytes], clients: int) -> list[float]:
    """Post bodies over some connections, each after the answer to the one before. [s]"""
    took: list[float] = []
    lock, headers = Lock(), {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def next_one() -> bytes | None:
        with lock:
            return next(bodies, None)

    def work() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        while (content := next_one()) is not None:
            start = time.perf_counter()
            connection.request("POST", path, content, headers)
            answer = connection.getresponse()
            told = answer.read()
            took.append(time.perf_counter() - start)
            if answer.status != 201 or b'"error' in told:
                raise SystemExit(f"{answer.status}: {told[:300]!r}")

    threads = [Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


def arrays(begin: datetime, rows: int, size: int, streams: int) -> Iterator[bytes]:
    """Yield bodies of `CreateObservations`, each of `size` rows over some datastreams."""
    every, rng, each = names(), np.random.default_rng(size), size // streams
    for n in range(rows // size):
        groups = []
        for i in range(streams):
            stamps = [
                (begin + timedelta(seconds=n * each + k)).isoformat().replace("+00:00", "Z")
                for k in range(each)
            ]
            values = np.round(rng.normal(0.0, 0.1, each), 3).tolist()
            groups.append(
                {
                    "Datastream": {"@iot.id": every[(n * streams + i) % len(every)]},
                    "components": ["phenomenonTime", "result"],
                    "dataArray": list(map(list, zip(stamps, values, strict=True))),
                }
            )
        yield msgspec.json.encode(groups)


def singles(begin: datetime, count: int) -> Iterator[bytes]:
    """Yield single observations."""
    every = names()
    for n in range(count):
        at = (begin + timedelta(seconds=n)).isoformat()
        link = {"@iot.id": every[n % len(every)]}
        yield msgspec.json.encode({"phenomenonTime": at, "result": 0.5, "Datastream": link})


def measure(process: int, port: int, key: str, rows: int) -> None:
    """Ask and tell, and print how long it took."""
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=4)
    for n in range(5):
        Sender(port, key).send(
            body(f"w{n}", names(), begin + timedelta(minutes=n), [0.1 * n] * 10_000)
        )
    for hour, size, streams in ARRAYS:
        start_at = begin + timedelta(hours=hour)
        bodies = list(arrays(start_at, rows, size, streams))
        before = used(process)[0]
        wall = timed(lambda own=bodies: sent(port, key, "/v1.1/CreateObservations", iter(own), 2))  # type: ignore[misc]
        cpu = used(process)[0] - before
        count = len(bodies) * size
        line(
            f"data arrays of {size:,} rows of {streams:,} datastreams",
            f"{count / wall:,.0f} obs/s wall, {count / cpu:,.0f} a CPU second of the service",
        )
    for clients in (1, CLIENTS):
        own = list(singles(begin + timedelta(hours=70 + clients), SINGLE))
        start = time.perf_counter()
        took = sent(port, key, "/v1.1/Observations", iter(own), clients)
        wall = time.perf_counter() - start
        line(
            f"single observations, {clients} clients",
            f"{SINGLE / wall:,.0f} obs/s; after {np.median(took) * 1e3:.0f} ms, "
            f"95 % {np.quantile(took, 0.95) * 1e3:.0f} ms",
        )
    for name, question in QUESTIONS.items():
        took = [timed(lambda q=question: asked(port, key, q)) for _ in range(20)]  # type: ignore[misc]
        line(name, f"{np.median(took) * 1e3:.0f} ms, 95 % {np.quantile(took, 0.95) * 1e3:.0f} ms")


def asked(port: int, key: str, question: str) -> None:
    """Ask a question and read the answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    place, _, options = question.partition("?")
    address = f"/v1.1/{quote(place)}?{quote(options, safe='$=&(),;')}"
    connection.request("GET", address, headers={"Authorization": f"Bearer {key}"})
    answer = connection.getresponse()
    told = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{answer.status}: {told[:300]!r}")


def timed(step: Callable[[], object]) -> float:
    """Return how long a step takes. [s]"""
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def line(name: str, text: str) -> None:
    """Print one figure, with the load of the machine."""
    sys.stdout.write(f"{name}: {text} (load {os.getloadavg()[0]:.1f})\n")
    sys.stdout.flush()


def main() -> None:
    """Start the server, measure, and end it."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    sys.stdout.write(f"{machine()}\n")
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            str(Path(__file__).with_name("ingest.py")),
            "serve",
            folder,
            str(PORT),
        ]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            key = (server.stdout.readline() if server.stdout else "").split()[0]
            wait(PORT)
            measure(server.pid, PORT, key, rows)
        finally:
            server.terminate()
            server.wait(30)


def wait(port: int) -> None:
    """Return when the server answers."""
    for _ in range(300):
        try:
            HTTPConnection("127.0.0.1", port, timeout=5).connect()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit("the server does not answer")


if __name__ == "__main__":
    main()
