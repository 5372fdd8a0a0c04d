"""Alarm rules over HTTP."""

from __future__ import annotations

from api_kit import Enter
from rencheng.bootstrap import Brain
from rencheng.domain.alarm import Finding, Level
from rencheng.domain.provenance import Text
from rencheng.service.alarms import raise_alarm


def test_every_rule_is_told_with_its_source_and_how_it_did(brain: Brain, enter: Enter) -> None:
    about = {"rule_version": "1", "object": "sea", "level": Level.ORANGE}
    raise_alarm(brain.house, "live", Finding(rule="state/tide_anomaly", **about, text=Text("x")))  # type: ignore[arg-type]
    found = enter("duty").get("rules").json()
    rules = {one["id"]: one for one in found["rules"]}
    assert rules["state/tide_anomaly"]["alarms"] == 1
    assert rules["state/tide_anomaly"]["last_fired"]
    tide = rules["state/tide_anomaly"]
    assert (tide["input"], tide["pack"], tide["speaks"]) == ("state", "state", "object")
    rain = rules["cn-weather/rainstorm"]
    assert (rain["status"], rain["is_on"], rain["levels"]) == ("unverified", False, [1, 2, 3, 4])
    assert rain["table"][0]["text"]["zh"]
    assert all(one["source"] for one in found["rules"])
    assert found["broken"] == []
