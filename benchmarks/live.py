"""From a new field of shaking to the published city: 105,027 buildings with their people.

A bulletin of an earthquake that is stronger each time comes in by the same way as from a feed; the
loop turns, and the columns of zones are written as the console gets them. Wanted: 1 s on two idle
cores. Run with `python benchmarks/live.py` after `make city`. Parts are of the best turn.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from common import Measured, built_state, report

from rencheng.api.routes.columns import _table
from rencheng.bootstrap import build_brain
from rencheng.bootstrap.brain import Brain
from rencheng.domain.hazard import BulletinKind
from rencheng.domain.identity import Actor
from rencheng.service.bulletins import BulletinItem, ingest_bulletin
from rencheng.service.cycle import CycleResult
from rencheng.service.house import Command

RUN, TURNS, MOST_S = "live", 6, 1.0
DEVICE, DUTY = (
    Actor(id=name, name=name, organisation="emergency", roles=frozenset({role}))
    for name, role in (("feed", "device"), ("duty", "duty_officer"))
)


def main() -> None:
    built = built_state(*sys.argv[1:2])
    with tempfile.TemporaryDirectory() as fresh:
        for folder in ("packages", "cities"):
            shutil.copytree(built / folder, Path(fresh) / folder)
        brain = build_brain(Path(fresh))
        try:
            brain.runner.warm_up()
            turns = [published(brain, 7.0 + 0.2 * k) for k in range(TURNS)][1:]
        finally:
            brain.close()
    took = min((one for one, _ in turns), key=lambda one: one.wall_s)
    parts = [(name, Measured(float("nan"), s, None), "") for name, s in took.result.stage_s]
    spent = min(one.cpu_s for one, _ in turns)
    report([("field to published", Measured(spent, took.wall_s, None), ""), *parts])
    print(f"{turns[-1][1]:,} bytes of zones published, {took.result.samples} samples")
    if spent > MOST_S:
        raise SystemExit(1)


def published(brain: Brain, magnitude: float) -> tuple[Measured, int]:
    """Take in a bulletin, turn the loop, write what the console asks for."""
    now = brain.house.now()
    item = BulletinItem(
        id=f"{magnitude:.1f}", event="bench", kind=BulletinKind.EARTHQUAKE, issuer="USGS",
        issued=now, origin_time=now - timedelta(minutes=3), lon=-71.674, lat=-31.0, depth_km=22.4,
        magnitude=magnitude, magnitude_sd=0.1, text="", source="",
    )  # fmt: skip
    wall, cpu = time.perf_counter(), time.process_time()
    ingest_bulletin(brain.house, Command(actor=DEVICE, run=RUN, id=item.id), item)
    result: CycleResult = brain.runner.turn(RUN)
    written = _table(brain, "zones", RUN, DUTY, None).model_dump_json()
    took = Measured(time.process_time() - cpu, time.perf_counter() - wall, result)
    assert result.impact is not None
    return took, len(written)


if __name__ == "__main__":
    main()
