"""What quality control remembers between batches, and what it looks up again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ops_kit import DEVICE, T0, Kit
from rencheng.adapters.history.segment import Segment
from rencheng.domain.observation import QualityReason, Quantity
from rencheng.domain.quality import QualityLimits, StreamLimits
from rencheng.service.ingest import ObservationItem, ingest_observations
from rencheng.service.judging import QualityMemory

R = QualityReason


def send(kit: Kit, minute: int, value: float, run: str = "live") -> set[QualityReason]:
    """Send one value when its time has come, and return what is kept against it."""
    at = T0 + timedelta(minutes=minute)
    kit.clock.time = max(kit.clock.time, at)
    one = ObservationItem(
        id=f"{minute}", datastream="tide-1", value=value, unit="m", phenomenon_time=at
    )
    ingest_observations(kit.house, kit.order(DEVICE, run), f"b{minute}-{run}", [one])
    (kept,) = kit.see(lambda work: work.observations.series(run, ["tide-1"], at, at))
    return set(kept.verdict.reasons)


def test_a_process_that_starts_anew_judges_the_next_value_as_the_old_one_would(kit: Kit) -> None:
    said = [send(kit, minute, 0.5) for minute in range(3)]
    kit.house = replace(kit.house, heard=QualityMemory())
    said += [send(kit, minute, 0.5) for minute in range(3, 9)]
    kit.house = replace(kit.house, heard=QualityMemory())
    said.append(send(kit, 9, 0.5))
    stuck = [R.STUCK in one for one in said]
    assert stuck == sorted(stuck) and stuck[0] is False and stuck[-1] is True


def test_a_value_that_could_not_be_kept_is_not_remembered(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(kit, 0, 0.0)

    def full(self: object, kind: int, content: bytes) -> int:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(Segment, "write", full)
        with pytest.raises(OSError, match="no space"):
            send(kit, 1, 2.9)
    assert send(kit, 2, 5.9) == set()
    assert send(kit, 3, 2.8) == {R.RATE}


def test_runs_are_remembered_apart_and_the_office_s_limits_hold(kit: Kit) -> None:
    stated = QualityLimits(
        version="o", by_quantity={Quantity.WATER_LEVEL: StreamLimits(spike_up=1.0)}
    )
    kit.house = replace(kit.house, quality=stated)
    run = kit.replay()
    send(kit, 0, 0.0)
    send(kit, 0, 2.0, run)
    assert send(kit, 1, 2.0) == {R.SPIKE}
    assert send(kit, 1, 2.1, run) == set()
