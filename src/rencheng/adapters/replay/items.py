"""Everything that a scenario delivers, in order of arrival."""

from __future__ import annotations

from rencheng.adapters.replay.driver import Item
from rencheng.adapters.replay.reports import residents_reports, survey_reports
from rencheng.adapters.replay.scenarios import ScenarioBulletin, ScenarioFile
from rencheng.adapters.replay.streams import observations
from rencheng.adapters.replay.truth import hidden_truth
from rencheng.domain.city import City
from rencheng.domain.impact import FragilityTable
from rencheng.domain.recovery import RestorationTable


def items_of(
    city: City, file: ScenarioFile, table: FragilityTable, restoration: RestorationTable
) -> tuple[Item, ...]:
    """Return bulletins, synthetic observations and reports of a scenario, by time of arrival.

    Notes
    -----
    The same city, scenario and tables give the same items, so a delivery that starts again after
    a crash repeats ids that are known already.
    """
    truth, shaking, damage = hidden_truth(city, file, table, restoration)
    items = [_bulletin(file, one) for one in file.bulletins]
    items += observations(city, file, truth)
    items += residents_reports(city, file, damage)
    items += survey_reports(city, file, shaking, table)
    start, end = file.scenario.start, file.scenario.end
    inside = [item for item in items if start <= item.at <= end]
    return tuple(sorted(inside, key=lambda item: (item.at, item.kind, str(item.body["id"]))))


def _bulletin(file: ScenarioFile, one: ScenarioBulletin) -> Item:
    body = {
        "id": one.id,
        "event": file.scenario.event,
        "kind": one.kind.value,
        "issuer": one.issuer,
        "issued": one.issued.isoformat(),
        "origin_time": file.scenario.origin.isoformat(),
        "lon": one.lon,
        "lat": one.lat,
        "depth_km": one.depth_km,
        "magnitude": one.magnitude,
        "magnitude_sd": one.magnitude_sd,
        "text": one.text,
        "source": one.source,
    }
    return Item(one.issued, "bulletin", body)
