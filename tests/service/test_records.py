from __future__ import annotations

from datetime import timedelta

from ops_kit import T0, Kit
from rencheng.domain.assessment import Records
from rencheng.domain.hazard import Bulletin, BulletinKind
from rencheng.domain.observation import Observation, Quality, Verdict
from rencheng.domain.provenance import Mode
from rencheng.service.records import records

ORIGIN = T0


def see(kit: Kit, run: str, *, is_log_checked: bool = False) -> Records:
    city = kit.house.cities.current()
    return kit.see(
        lambda work: records(work, run, city, streams_ok=3, is_log_checked=is_log_checked)
    )


def quake(run: str) -> Bulletin:
    return Bulletin(
        id="eq", event="e", kind=BulletinKind.EARTHQUAKE, issuer="USGS",
        issued=ORIGIN + timedelta(minutes=5), origin_time=ORIGIN, lon=-71.7, lat=-31.6,
        depth_km=22.0, magnitude=8.3, magnitude_sd=0.1, text="", source="",
        mode=Mode.REPLAY, run=run,
    )  # fmt: skip


def shaken(run: str, second: float, value: float, quality: Quality = Quality.GOOD) -> Observation:
    at = ORIGIN + timedelta(seconds=second)
    return Observation(
        id=f"acc-1@{second}", datastream="acc-1", value=value, phenomenon_time=at, received=at,
        verdict=Verdict(quality=quality), mode=Mode.REPLAY, run=run,
    )  # fmt: skip


def test_a_run_in_which_nothing_happened_has_no_times(kit: Kit) -> None:
    found = see(kit, kit.replay())
    assert found.origin_time is None
    assert (found.first_observation, found.first_alarm, found.first_decision) == (None, None, None)
    assert (found.tasks, found.proposals, found.cycles) == (0, 0, 0)
    assert (found.streams_ok, found.streams_total) == (3, 11)
    assert found.log_is_whole is None


def test_the_event_is_sensed_by_the_first_good_strong_value(kit: Kit) -> None:
    run = kit.replay()
    said = [
        shaken(run, -60, 0.2),
        shaken(run, 30, 0.001),
        shaken(run, 40, 0.3, Quality.SUSPECT),
        shaken(run, 62, 0.21),
        shaken(run, 90, 0.1),
    ]
    kit.keep(lambda work: (work.bulletins.add(quake(run)), work.observations.add("b", said)))
    found = see(kit, run)
    assert found.origin_time == ORIGIN
    assert found.first_observation == ORIGIN + timedelta(seconds=62)


def test_an_unbroken_log_is_said_to_be_whole_when_it_was_checked(kit: Kit) -> None:
    assert see(kit, kit.replay(), is_log_checked=True).log_is_whole is True
