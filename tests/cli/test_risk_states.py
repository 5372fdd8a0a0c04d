"""`rencheng risk states`: files in, files out, the same with the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.cli import main

ASSETS = "id,lon,lat,zone\na,114.30,30.60,x\nb,114.31,30.60,y\n"
EVENTS = "event,lon,lat,intensity\ne1,114.30,30.60,0.5\ne1,114.31,30.60,\n"


def test_states_are_drawn_written_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "assets.csv").write_text(ASSETS, encoding="utf-8")
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    command = [
        "risk", "states", "--assets", f"{tmp_path}/assets.csv", "--events",
        f"{tmp_path}/events.csv", "--curves", "facilities/PPP.S", "--measure", "PGA", "--unit",
        "g", "--draws", "50", "--seed", "3", "--by", "zone", "--state", f"{tmp_path}/state",
        "--lang", "en",
    ]  # fmt: skip
    for name in ("one", "two"):
        main([*command, "--out", f"{tmp_path}/{name}"])
    said = capsys.readouterr().out
    assert "2 assessed" in said
    assert "Mean of 50 realisations: none" in said
    assert "50 states of assets are unknown" in said
    one, two = (tmp_path / name / "realisations.csv" for name in ("one", "two"))
    assert one.read_text(encoding="utf-8") == two.read_text(encoding="utf-8")
    assert len(one.read_text(encoding="utf-8").splitlines()) == 101
