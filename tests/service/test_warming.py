"""A start of the service forgets no drift."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from ops_kit import DEVICE, T0, Kit
from rencheng.domain.observation import QualityReason, Quantity
from rencheng.domain.quality import QualityLimits, StreamLimits
from rencheng.service.house import House
from rencheng.service.ingest import ObservationItem, ingest_observations
from rencheng.service.judging import QualityMemory
from rencheng.service.warming import warm_up

STATED = QualityLimits(
    version="o",
    by_quantity={Quantity.WATER_LEVEL: StreamLimits(drift_up=0.3, drift_down=0.3)},
)


def send(kit: Kit, name: str, minutes: np.ndarray, values: np.ndarray) -> None:
    kit.clock.time = T0 + timedelta(minutes=float(minutes[-1]))
    items = [
        ObservationItem(
            id=f"{minute}", datastream="tide-1", value=round(float(value), 3), unit="m",
            phenomenon_time=T0 + timedelta(minutes=float(minute)),
        )
        for minute, value in zip(minutes, values, strict=True)
    ]  # fmt: skip
    ingest_observations(kit.house, kit.order(DEVICE), name, items)


def test_a_gauge_that_drifted_before_the_start_is_still_flagged_after_it(kit: Kit) -> None:
    kit.house = replace(kit.house, quality=STATED)
    rng = np.random.default_rng(1)
    minutes = np.arange(0, 12 * 1440, 10)
    drift = 0.15 * np.maximum(0.0, minutes / 1440 - 6)
    send(kit, "before", minutes, 0.2 + drift + rng.normal(0, 0.01, minutes.size))
    later = minutes[-1] + np.arange(10, 70, 10)
    for is_warm in (False, True):
        house = replace(kit.house, heard=QualityMemory())
        if is_warm:
            warm_up(house)
        anew = replace_kit(kit, house)
        send(anew, f"after-{is_warm}", later + 60 * is_warm, 1.1 + rng.normal(0, 0.01, 6))
    kept = kit.see(
        lambda work: work.observations.series(
            "live", ["tide-1"], T0 + timedelta(minutes=int(later[0])), T0 + timedelta(days=30)
        )
    )
    is_drift = [QualityReason.DRIFT in one.verdict.reasons for one in kept]
    assert is_drift == [False] * 6 + [True] * 6


def replace_kit(kit: Kit, house: House) -> Kit:
    return replace(kit, house=house)
