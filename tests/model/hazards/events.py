"""Bulletins and records for the hazard tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from rencheng.domain.hazard import Bulletin, BulletinKind, StationRecord
from rencheng.domain.provenance import Mode

ORIGIN = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
ILLAPEL = Bulletin(
    id="b-1",
    event="illapel-2015",
    kind=BulletinKind.EARTHQUAKE,
    issuer="test",
    issued=ORIGIN + timedelta(minutes=10),
    origin_time=ORIGIN,
    # Aránguiz et al. (2016), doi:10.1007/s00024-015-1225-4, introduction.
    lon=-71.670,
    lat=-31.570,
    depth_km=23.3,
    magnitude=8.3,
    magnitude_sd=0.1,
    text="",
    source="Aránguiz et al. (2016)",
    mode=Mode.REPLAY,
    run="test",
)
LA_SERENA, COQUIMBO = (-71.252, -29.902), (-71.343, -29.953)
COAST = np.array([LA_SERENA, COQUIMBO])


def bulletin(**changes: Any) -> Bulletin:
    return replace(ILLAPEL, **changes)


def record(name: str, xy: tuple[float, float], pga_g: float) -> StationRecord:
    return StationRecord(datastream=name, xy=xy, pga_g=pga_g, time=ORIGIN)
