"""Open the built default city: arrays, data frames, a damage estimate by hand, an export.

Run it with `python examples/open_city.py` after `rencheng city build coquimbo --fetch`. The state
folder is `.state`, or what RENCHENG_STATE names. Data frames and GeoPackage need the extra `data`.
"""

import os
import tempfile
from pathlib import Path

import numpy as np

import rencheng
from rencheng.domain.city import DayTime

city = rencheng.City.open(os.environ.get("RENCHENG_STATE", ".state"), city="coquimbo")
print(city)

# Arrays lie on disk and are mapped: nothing is read before it is used.
buildings = city.arrays("buildings")
zones = city.arrays("zones")
print(f"{zones['population'].sum():,.0f} residents in {zones['id'].size} zones")
for when in DayTime:
    inside = buildings["occupants"][when].sum()
    print(
        f"  {when.name.lower():8} {inside:10,.0f} people inside {buildings['id'].size:,} buildings"
    )

print("Layers:")
for layer in city.layers:
    print(f"  {layer.origin.value:10} {layer.name:22} {layer.count:8,}  {layer.source}")

# An estimate by hand: every building shaken with 0.4 g, and lognormal fragilities of three types.
# Median spectral accelerations for extensive damage are made up for this example: see
# docs/explanation/models.md for what the program itself uses.
MEDIAN_G, BETA = {"W1": 0.9, "RM1": 0.6, "URM": 0.3}, 0.64
curves = np.array(buildings["curves"])
types = np.array([str(name).split(".")[1] for name in curves])
median = np.array([MEDIAN_G.get(name, 0.7) for name in types])[buildings["curve"]]
likely = 1.0 / (1.0 + np.exp(-1.702 * np.log(0.4 / median) / BETA))  # near the normal distribution
by_zone = np.bincount(buildings["zone"], weights=likely, minlength=zones["id"].size)
worst = np.argsort(-by_zone)[:3]
print(f"Extensive damage at 0.4 g: about {likely.sum():,.0f} buildings; most of them in")
for row in worst:
    print(f"  {zones['name'][row]:24} {by_zone[row]:8,.0f}")

# Data frames: codes spelt out, unknown is missing, and each row says whether it was made up.
try:
    roads = city.frame("roads")
    by_kind = roads.groupby("kind")["length_m"].sum().sort_values(ascending=False) / 1000
    print("Longest kinds of road [km]:", by_kind.head(3).round(0).to_dict())
    form, suffix = "gpkg", ".gpkg"
except rencheng.RenchengError as error:
    print(error)
    form, suffix = "csv", ".zip"

with tempfile.TemporaryDirectory() as folder:
    file = city.export(Path(folder) / f"city{suffix}", form, ["zones", "facilities"])
    print(f"Wrote {file.name}: {file.stat().st_size:,} bytes")
