"""Every command of the risk engine reads the variable that it was told to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rencheng.cli import main

ASSETS = (
    "id,lon,lat,value,residents,curve\na,13.0,53.0,100,10,{curve}\nb,13.1,53.0,100,10,{curve}\n"
)
COMMANDS = {
    "run": ("jrc.asia.residential", ("--currency", "EUR", "--year", "2024")),
    "people": ("", ()),
}


def depths(path: Path) -> Path:
    """Write two variables of which nobody can say which one is meant."""
    module = pytest.importorskip("netCDF4", reason="the extra `data` is not installed")
    with module.Dataset(path, "w") as out:
        for name, values in (("event", [0]), ("lat", [53.0, 53.1]), ("lon", [13.0, 13.1])):
            out.createDimension(name, len(values))
            if name != "event":
                one = out.createVariable(name, "f8", (name,))
                one[:] = values
                one.units = "degrees_north" if name == "lat" else "degrees_east"
        for name, depth in (("river", 1.0), ("rain", 0.2)):
            one = out.createVariable(name, "f8", ("event", "lat", "lon"))
            one[:] = np.full((1, 2, 2), depth)
            one.units = "m"
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reads_the_variable_it_was_told_to(tmp_path: Path, command: str) -> None:
    curve, more = COMMANDS[command]
    assets = tmp_path / "assets.csv"
    assets.write_text(ASSETS.format(curve=curve), encoding="utf-8")
    events = depths(tmp_path / "floods.nc")
    words = ["risk", command, "--assets", str(assets), "--events", str(events), *more]
    words += ["--measure", "water_depth", "--unit", "m", "--state", str(tmp_path / "state")]
    words += ["--curves", curve] if curve else []
    with pytest.raises(SystemExit):  # two variables, and none is named
        main([*words, "--out", str(tmp_path / "a")])
    told = []
    for name in ("river", "rain"):
        main([*words, "--variable", name, "--out", str(tmp_path / name)])
        told.append((tmp_path / name / "events.csv").read_text(encoding="utf-8"))
    assert told[0] != told[1]
