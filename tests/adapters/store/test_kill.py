"""Nothing that was acknowledged to a sender is lost by kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops_kit import T0
from rencheng.adapters.store import open_store
from rencheng.domain.log import first_broken

PROGRAM = Path(__file__).parent / "ingesting.py"
SRC = Path(__file__).resolve().parents[3] / "src"


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [0.05, 0.3, 0.9])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, after_s: float) -> None:
    env = {**os.environ, "PYTHONPATH": str(SRC)}
    with subprocess.Popen(
        [sys.executable, str(PROGRAM), str(tmp_path)], stdout=subprocess.PIPE, text=True, env=env
    ) as program:
        assert program.stdout is not None
        first = program.stdout.readline()
        time.sleep(after_s)
        os.kill(program.pid, signal.SIGKILL)
        rest = program.stdout.read()
    assert program.returncode == -signal.SIGKILL
    lines = (first + rest).splitlines(keepends=True)
    acknowledged = [key for line in lines if line.endswith("\n") for key in line.split()]
    assert len(acknowledged) >= 20
    store = open_store(tmp_path / "state.db")
    with store() as work:
        kept = [
            round((item.phenomenon_time - T0).total_seconds())
            for item in work.observations.series("live", ["tide-1"], T0, T0.replace(year=2016))
        ]
        sent = {
            int(batch) * 20 + int(n) for batch, _, n in (k.partition("-") for k in acknowledged)
        }
        assert sent - set(kept) == set()
        assert len(set(kept)) == len(kept), "something was kept twice"
        assert len(kept) % 20 == 0, "half a batch was kept"
        assert work.observations.counts("live")["tide-1"][0] == len(kept)
        assert first_broken(work.log.walk()) is None
    store.close()
