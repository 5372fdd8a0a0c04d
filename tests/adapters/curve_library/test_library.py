"""The library as it is shipped, and an office's own tables over it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rencheng.adapters.curve_library.datasets import Dataset, manifest
from rencheng.adapters.curve_library.dlml import read_all
from rencheng.adapters.curve_library.library import CurveLibrary, Shelf
from rencheng.domain.curve import Curve, CurveKind, CurveStatus, Formula
from rencheng.domain.errors import (
    InvalidInputError,
    NotFoundError,
    SourceUnavailableError,
)

LIBRARY = CurveLibrary(Path("nowhere"))
OURS = sorted(LIBRARY.ours)
OFFICE = """schema = "rencheng/curves/1"
kind = "vulnerability"
hazard = "flood"
component = "whole"
intensity = "water_depth"
unit = "m"
region = "here"
source = "our survey of 2024"
licence = "own"
status = "assumption"
version = "1"

[[curve]]
id = "jrc.asia.residential"
asset = "residential"
x = [0, 1]
mean = [0, 0.3]
"""


FRAME = """schema = "rencheng/curves/1"
kind = "fragility"
hazard = "earthquake"
component = "structure"
intensity = "PGA"
unit = "g"
region = "here"
source = "HAZUS"
licence = "BSD-3-Clause"
status = "unverified"
version = "1"
states = ["slight", "moderate", "extensive", "complete"]

[[curve]]
id = "frame"
asset = "C1L"
median = [0.16, 0.23, 0.41, 0.77]
beta = [0.64, 0.64, 0.64, 0.64]
"""
COSTS = """schema = "rencheng/repair-cost/1"
source = "our survey"
licence = "own"
valid_from = "2026-01-01"
jurisdiction = "here"
status = "assumption"
version = "1"
states = ["slight", "moderate", "extensive", "complete"]
[share.whole]
RES1 = [0.1, 0.2, 0.5, 0.8]
"""


def keeps_its_word(curve: Curve) -> None:
    """Check what every curve of the library promises, beside what its making checks."""
    knots = curve.x if curve.x.size else np.geomspace(1e-3, 1e2, 40) * curve.median[0]
    value = curve.value(knots[(knots >= curve.low) & (knots <= curve.high)])
    assert (np.diff(value, axis=0) >= 0).all(), curve.id
    assert ((value >= 0) & (value <= 1)).all(), curve.id
    if curve.formula is Formula.LOGNORMAL:
        for k, median in enumerate(curve.median):
            if curve.low <= median <= curve.high:
                at = curve.value(median)
                # Where lognormals cross, the worse state is held to the milder one's probability.
                assert at[k] == pytest.approx(min([0.5, *at[:k]]), abs=1e-12), curve.id
    if curve.kind is CurveKind.FRAGILITY:
        shares = curve.shares(knots[(knots >= curve.low) & (knots <= curve.high)])
        assert (shares >= 0).all(), curve.id
        assert np.abs(shares.sum(axis=-1) - 1).max() < 1e-9, curve.id


@pytest.mark.parametrize("identity", OURS)
def test_every_curve_of_ours_keeps_its_word(identity: str) -> None:
    curve = LIBRARY.get(identity)
    keeps_its_word(curve)
    # `make verify` compares PAGER's with their release; nobody has compared any other.
    assert (curve.status is CurveStatus.OFFICIAL) is identity.startswith("pager.")


def test_jrc_gives_the_numbers_of_its_table() -> None:
    # Huizinga et al. (2017): Asia, residential, commercial, industrial, at 1 m; mean and sd.
    table = {
        "residential": (0.494, 0.215),
        "commercial": (0.538, 0.241),
        "industrial": (0.482, 0.296),
    }
    for use, (mean, sd) in table.items():
        curve = LIBRARY.get(f"jrc.asia.{use}")
        assert curve.value(1.0) == pytest.approx(mean, abs=5e-4)
        assert curve.spread(1.0) == pytest.approx(sd, abs=5e-4)
    asia = [0, 0.327, 0.494, 0.617, 0.721, 0.870, 0.931, 0.984, 1]
    at = [0, 0.5, 1, 1.5, 2, 3, 4, 5, 6]
    assert LIBRARY.get("jrc.asia.residential").value(at) == pytest.approx(asia, abs=5e-4)
    assert LIBRARY.get("jrc.asia.residential").value(9.0) == 1.0
    assert sum(name.startswith("jrc.") for name in OURS) == 21


def test_jrc_gives_europe_as_printed() -> None:
    # Huizinga et al. (2017): 0.5, 1, 1.5, 2, 3, 4, 5 and 6 m.
    table = {
        "residential": [0.25, 0.40, 0.50, 0.60, 0.75, 0.85, 0.95, 1],
        "commercial": [0.15, 0.30, 0.45, 0.55, 0.75, 0.90, 1, 1],
        "industrial": [0.15, 0.27, 0.40, 0.52, 0.70, 0.85, 1, 1],
    }
    for use, shares in table.items():
        value = LIBRARY.get(f"jrc.europe.{use}").value([0.5, 1, 1.5, 2, 3, 4, 5, 6])
        assert value == pytest.approx(shares, abs=5e-4)


def test_a_fragility_plus_a_use_is_a_loss(tmp_path: Path) -> None:
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "c1.toml").write_text(FRAME, encoding="utf-8")
    curve = CurveLibrary(tmp_path).get("frame+RES1")
    assert (curve.kind, curve.component) == (CurveKind.VULNERABILITY, "whole")
    given = CurveLibrary(tmp_path).get("frame").shares(0.4)[1:]
    assert curve.value(0.4) == pytest.approx(given @ [0.02, 0.1, 0.447, 1], abs=2e-5)
    part = CurveLibrary(tmp_path).get("frame+structure:RES1")
    assert part.value(9.0) == pytest.approx(0.234, abs=1e-3)
    assert "consequence_repair" in part.source
    for wrong in ("frame+castle", "fram+RES1", "frame+roof:RES1"):
        with pytest.raises(NotFoundError):
            CurveLibrary(tmp_path).get(wrong)


def test_an_offices_costs_go_before_ours(tmp_path: Path) -> None:
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "c1.toml").write_text(FRAME, encoding="utf-8")
    (tmp_path / "repair_cost.toml").write_text(COSTS, encoding="utf-8")
    library = CurveLibrary(tmp_path)
    assert library.get("frame+RES1").value(99.0) == pytest.approx(0.8, abs=1e-4)
    assert library.get("frame+COM1").value(99.0) == pytest.approx(1.0, abs=1e-4)


def test_people_and_wind_give_the_numbers_that_their_sources_print() -> None:
    # PAGER, China: VII, VIII, IX.
    dead = LIBRARY.get("pager.china.dead").value([7, 8, 9])[:, 0]
    assert dead == pytest.approx([5.1e-5, 5.3e-3, 8.4e-2], rel=0.02)
    # Jonkman, remaining zone and rapid rise.
    remaining = LIBRARY.get("jonkman.remaining").value([0.5, 1, 2, 3])[:, 0]
    assert remaining == pytest.approx([0.0013, 0.0029, 0.0060, 0.0090], abs=5e-5)
    assert LIBRARY.get("jonkman.rapid_rise").value([3, 4])[:, 0] == pytest.approx(
        [0.098, 0.40], rel=0.02
    )
    # Emanuel with the two fits for mainland China at force 14.
    fits = [LIBRARY.get(f"emanuel.china_mainland.{fit}").value(41.5) for fit in ("rmsf", "total")]
    assert fits == pytest.approx([0.024, 0.006], abs=5e-4)


@given(st.floats(25.7, 100))
def test_wind_knots_are_close_enough_for_their_formula(speed: float) -> None:
    u = (speed - 25.7) / (74.7 - 25.7)
    exact = u**3 / (1 + u**3)
    assert LIBRARY.get("emanuel.any.default").value(speed) == pytest.approx(exact, abs=5e-4)


def test_an_offices_curve_goes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / "here.toml").write_text(OFFICE, encoding="utf-8")
    library = CurveLibrary(tmp_path)
    assert library.get("jrc.asia.residential").value(1.0) == 0.3
    shelves = [h.shelf for h in library.headings() if h.id == "jrc.asia.residential"]
    assert shelves == [Shelf.OFFICE]


def test_faults_of_all_the_offices_files_come_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "curves"
    folder.mkdir()
    (folder / "a.toml").write_text(OFFICE, encoding="utf-8")
    (folder / "b.toml").write_text(OFFICE.replace("0.3]", "30]"), encoding="utf-8")
    (folder / "c.toml").write_text("[", encoding="utf-8")
    shutil.copy(folder / "a.toml", folder / "d.toml")
    with pytest.raises(InvalidInputError) as caught:
        CurveLibrary(tmp_path).get("any")
    keys = [(f.where.partition(":")[0], f.key) for f in caught.value.faults]
    assert keys == [
        ("b.toml", "curve.share"),
        ("c.toml", "files.toml"),
        ("d.toml", "curve.double"),
    ]


def test_what_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    library = CurveLibrary(tmp_path)
    with pytest.raises(NotFoundError, match="curve list"):
        library.get("no.such")
    with pytest.raises(SourceUnavailableError, match="curve fetch"):
        library.get("hazus.flood/any")
    assert {h.shelf for h in library.headings()} == {Shelf.OURS}


# What the data sets hold: curves, rows left out. Left out are rows that their source marks
# incomplete, intensities of single members, and rows that break a rule of every curve.
COUNTS = {
    "hazus.earthquake": (323, 0),
    "hazus.power": (12, 0),
    "hazus.transport": (34, 0),
    "hazus.water": (4, 0),
    "p58": (546, 218),
    "california.bridges": (116, 0),
    "hazus.wind": (25796, 24),
    "hazus.wind.loss": (24946, 874),
    "hazus.flood": (1820, 6),
}


@pytest.mark.slow
@pytest.mark.parametrize("dataset", manifest().dataset, ids=lambda d: d.id)
def test_every_row_of_the_packages_is_a_curve_that_keeps_its_word_or_is_counted(
    dataset: Dataset, fetched: Path
) -> None:
    library = CurveLibrary(fetched)
    found = list(read_all(library.text(dataset), dataset))
    curves = [one for one in found if isinstance(one, Curve)]
    assert (len(curves), len(found) - len(curves)) == COUNTS[dataset.id]
    for curve in curves:
        keeps_its_word(curve)
    picked = curves[len(curves) // 2]
    assert library.get(picked.id).source == picked.source
