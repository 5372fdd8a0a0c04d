"""What an official bulletin says about shaking in three places, before and after a record.

Run it with `python examples/forecast_shaking.py`. It needs no city.
"""

from datetime import UTC, datetime

import numpy as np

from rencheng.domain.hazard import Bulletin, BulletinKind, StationRecord
from rencheng.domain.provenance import Band, Mode
from rencheng.model.hazards.earthquake.shaking import shake

ORIGIN = datetime(2015, 9, 16, 22, 54, 33, tzinfo=UTC)
PLACES = {"La Serena": (-71.25, -29.91), "Coquimbo": (-71.34, -29.95), "Ovalle": (-71.20, -30.60)}

bulletin = Bulletin(
    id="final",
    event="illapel-2015",
    kind=BulletinKind.EARTHQUAKE,
    issuer="example",
    issued=ORIGIN,
    origin_time=ORIGIN,
    lon=-71.674,
    lat=-31.573,
    depth_km=22.4,
    magnitude=8.3,
    magnitude_sd=0.1,
    text="",
    source="",
    mode=Mode.TEST,
    run="example",
)
sites = np.array(list(PLACES.values()))
record = StationRecord(datastream="one", xy=PLACES["La Serena"], pga_g=0.15, time=ORIGIN)

for title, records in (("Bulletin alone", ()), ("With 0.15 g recorded in La Serena", (record,))):
    shaking = shake(bulletin, sites, records, samples=1000, seed=1)
    print(f"{title} ({shaking.model}, version {shaking.version}): peak ground acceleration [g]")
    for column, place in enumerate(PLACES):
        band = Band.of(shaking.pga_g[:, column])
        print(f"  {place:10} {band.p50:.2f}  ({band.p05:.2f} to {band.p95:.2f})")
