"""What tests of every store need: a moment, an observation, a unit of work of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rencheng.domain.observation import Observation, Quality, Verdict
from rencheng.domain.provenance import Mode
from rencheng.service.ports import UnitOfWork

T0 = datetime(2015, 9, 16, 22, 54, 33, 123457, tzinfo=UTC)
Work = Callable[[], UnitOfWork]


def heard(key: str, stream: str, second: float, value: float, **changes: Any) -> Observation:
    made = Observation(
        id=key,
        datastream=stream,
        value=value,
        phenomenon_time=T0 + timedelta(seconds=second),
        received=T0 + timedelta(seconds=second + 1),
        verdict=Verdict(quality=Quality.GOOD),
        mode=Mode.REPLAY,
        run="r1",
    )
    return replace(made, **changes)


def keep(work: Work, do: Callable[[UnitOfWork], Any]) -> Any:
    with work() as unit:
        answer = do(unit)
        unit.commit()
    return answer
