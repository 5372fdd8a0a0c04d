"""Curves of the office that cannot be used are an alarm until they can."""

from __future__ import annotations

from pathlib import Path

from ops_kit import make_kit
from rencheng.adapters.words import both
from rencheng.domain.errors import InvalidInputError
from rencheng.service.curve_faults import BROKEN_CURVES, tell_of_curves
from tiny_city import make_tiny_city


def test_faulty_curves_of_the_office_are_an_alarm_until_they_are_mended(tmp_path: Path) -> None:
    kit = make_kit(tmp_path, make_tiny_city())
    where = {"is_open": "true", "rule": BROKEN_CURVES}
    fault = InvalidInputError("curve.tables", "here.toml: 2 kinds of faults", hint="Mend them")
    tell_of_curves(kit.house, fault)
    [alarm] = kit.see(lambda work: work.alarms.list("live", where=where))
    zh, en = both(alarm.text)
    assert "here.toml" in zh and "here.toml" in en
    tell_of_curves(kit.house, None)
    assert kit.see(lambda work: work.alarms.list("live", where=where)) == []
    kit.store.close()
