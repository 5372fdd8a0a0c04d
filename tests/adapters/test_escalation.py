"""Who is told when nobody looks: the office's own file before ours, every fault named."""

from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.adapters.escalation import load_escalation
from rencheng.domain.alarm import Level
from rencheng.domain.errors import CorruptDataError, InvalidInputError

OWN = """
schema = "rencheng/escalation/1"
version = "own"
first = ["duty_officer"]
longest_shelf_h = 2
[[step]]
after_min = 5
roles = ["commander"]
least_level = 2
"""


def test_ours_tells_after_ten_and_thirty_minutes() -> None:
    ours = load_escalation()
    assert [step.after_s for step in ours.steps] == [600.0, 1800.0]
    assert ours.steps[1].roles == ("commander",)


def test_the_offices_own_file_comes_first(tmp_path: Path) -> None:
    assert load_escalation(tmp_path) == load_escalation()
    (tmp_path / "escalation.toml").write_text(OWN, encoding="utf-8")
    own = load_escalation(tmp_path)
    assert (own.version, own.longest_shelf_s, own.steps[0].least) == ("own", 7200.0, Level.ORANGE)


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("after_min = 5", "after_min = -1", 1),
        ('["commander"]', '["chef"]', 1),
        ("least_level = 2", "least_level = 9", 1),
        ("longest_shelf_h = 2", "longest_shelf_h = 0", 1),
        ('first = ["duty_officer"]', 'first = ["nobody"]\nlongest = 1', 1),
        ("least_level = 2", "[[step]]\nafter_min = 5\nroles = []", 1),
        ('first = ["duty_officer"]\nlongest_shelf_h = 2', 'first = ["x"]\nlongest_shelf_h = -1', 2),
    ],
)
def test_every_fault_is_named_at_once(tmp_path: Path, old: str, new: str, faults: int) -> None:
    (tmp_path / "escalation.toml").write_text(OWN.replace(old, new), encoding="utf-8")
    with pytest.raises(InvalidInputError) as caught:
        load_escalation(tmp_path)
    assert len(caught.value.faults) == faults


@pytest.mark.parametrize("text", ["no toml [", 'schema = "other/1"'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "escalation.toml").write_text(text, encoding="utf-8")
    with pytest.raises(CorruptDataError):
        load_escalation(tmp_path)
