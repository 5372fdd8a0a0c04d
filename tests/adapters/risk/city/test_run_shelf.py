"""Results on the shelf of runs: several readers at once."""

from __future__ import annotations

import subprocess
import sys

READERS = """
import sys, threading
from rencheng.adapters.risk.city import run_shelf
import msgspec
sys.setswitchinterval(1e-5)
wrong, go = [], threading.Event()
def read():
    go.wait()
    try:
        run_shelf._DECODER.decode(b"\\x80")
    except msgspec.ValidationError:
        wrong.append(1)
threads = [threading.Thread(target=read) for _ in range(8)]
for one in threads: one.start()
go.set()
for one in threads: one.join()
print(len(wrong))
"""


def test_a_result_is_read_by_many_at_once_in_a_fresh_process() -> None:
    found = subprocess.run(
        [sys.executable, "-c", READERS], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout.strip()) == (0, "8")
