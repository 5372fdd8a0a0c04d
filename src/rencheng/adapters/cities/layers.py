"""What every layer of a built city is worth: origin, source, licence, version, coverage."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rencheng.adapters.cities.recipe import Recipe
from rencheng.domain.city import City
from rencheng.domain.provenance import Layer, Origin, Text

MISSING = (
    "terrain", "bathymetry", "soil", "bridges", "building_footprints", "network_records",
    "visitors",
)  # fmt: skip
"""Layers that a resilience brain wants and that this city does not have."""


@dataclass(frozen=True, slots=True)
class _Maker:
    city: City
    own: str
    """Version of a generated layer: the recipe and its seed."""

    def _share(self, zone: np.ndarray) -> float:
        zones = self.city.zones.id.size
        return float(np.unique(zone[zone >= 0]).size / zones) if zones else 0.0

    def layer(
        self, name: str, origin: Origin, count: int, zone: np.ndarray | float,
        source: tuple[str, str, str] | None = None, notes: Text | None = None,
    ) -> Layer:  # fmt: skip
        """Return a layer; a generated one cites the recipe."""
        where, licence, version = source or ("rencheng recipe", "Apache-2.0", self.own)
        return Layer(
            name=name, origin=origin, source=where, licence=licence, version=version,
            count=int(count), notes=notes or Text(f"layer.{name}.note"),
            coverage=zone if isinstance(zone, float) else self._share(zone),
        )  # fmt: skip


def make_layers(
    city: City, recipe: Recipe, dropped: dict[str, int], off_street: int
) -> tuple[Layer, ...]:
    """Return the layers of a city.

    Parameters
    ----------
    dropped
        Registered sites outside the zones, by layer.
    off_street
        Buildings that found no street in their zone.
    """
    package = next(p for p in recipe.packages if p.name == recipe.project.package)
    file = recipe.project.archive.rpartition("/")[2]
    project = (f"{package.name}, {file}", package.licence, package.version)
    maker = _Maker(city, f"{recipe.id}, seed {recipe.seed}")
    return (
        *_observed(maker, project, dropped),
        *_made(maker, off_street),
        *(maker.layer(name, Origin.MISSING, 0, 0.0, ("-", "-", "-")) for name in MISSING),
    )


def _observed(maker: _Maker, project: tuple[str, str, str], dropped: dict[str, int]) -> list[Layer]:
    city, kind = maker.city, np.array(maker.city.facilities.kind, dtype=object)
    schools = kind == "shelter"
    health = np.isin(
        kind, ["hospital", "clinic", "urgent_care", "primary_care", "dialysis", "mental_health"]
    )  # noqa: E501
    known = health & ~np.isnan(city.facilities.beds)
    minsal = ("MINSAL register of health establishments", "CC0 1.0", "2026-08-13")
    mineduc = ("MINEDUC directory of schools", "CC BY 3.0 CL", "2026-08-13")
    census = ("INE Censo 2024 and municipal statistics", "CC BY 4.0", "2024")
    people = ~np.isnan(city.zones.population)
    zone = city.facilities.zone
    outside = {
        name: Text(f"layer.{name}.note", {"outside": dropped.get(name, 0)})
        for name in ("health_sites", "schools")
    }  # noqa: E501
    return [
        maker.layer("zones", Origin.OBSERVED, city.zones.id.size, 1.0, project),
        maker.layer(
            "population",
            Origin.OBSERVED,
            round(np.nansum(city.zones.population)),
            float(people.mean()),
            project,
        ),  # noqa: E501
        maker.layer("roads", Origin.OBSERVED, city.roads.start.size, city.roads.zone, project),
        maker.layer(
            "bus_stops",
            Origin.OBSERVED,
            len(city.stops.id),
            _zones_of(city, city.stops.xy),
            project,
        ),  # noqa: E501
        maker.layer(
            "health_sites",
            Origin.OBSERVED,
            health.sum(),
            zone[health],
            minsal,
            outside["health_sites"],
        ),  # noqa: E501
        maker.layer(
            "schools", Origin.OBSERVED, schools.sum(), zone[schools], mineduc, outside["schools"]
        ),  # noqa: E501
        maker.layer("facts", Origin.OBSERVED, len(city.facts), 1.0, census),
        maker.layer(
            "beds",
            Origin.OBSERVED,
            known.sum(),
            zone[known],
            ("Press and encyclopaedia, named in the recipe", "facts", "2026"),
        ),  # noqa: E501
    ]


def _made(maker: _Maker, off_street: int) -> list[Layer]:
    city = maker.city
    sector = np.array(city.lifelines.sector, dtype=object)
    mains = np.array(city.mains.sector, dtype=object)
    kind = np.array(city.facilities.kind, dtype=object)
    stations = np.isin(kind, ["fire_station", "warehouse", "command_centre"])
    made, derived = Origin.SYNTHETIC, Origin.DERIVED
    zone = city.facilities.zone
    note = Text("layer.buildings.note", {"off_street": off_street})
    return [
        maker.layer("grid", derived, len(city.grid.id), city.grid.zone),
        maker.layer(
            "coast",
            derived,
            int(city.zones.is_coastal.sum()),
            float(np.mean(~np.isnan(city.zones.coast_m))),
        ),  # noqa: E501
        maker.layer("communes", derived, city.zones.id.size, 1.0),
        maker.layer("buildings", made, city.buildings.zone.size, city.buildings.zone, notes=note),
        maker.layer("occupants", made, city.buildings.zone.size, city.buildings.zone),
        maker.layer(
            "shelters",
            made,
            (city.facilities.shelter_places > 0).sum(),
            zone[city.facilities.shelter_places > 0],
        ),  # noqa: E501
        maker.layer("stations", made, stations.sum(), zone[stations]),
        maker.layer(
            "power_network", made, (sector == "power").sum(), city.mains.zone[mains == "power"]
        ),  # noqa: E501
        maker.layer(
            "water_network", made, (sector == "water").sum(), city.mains.zone[mains == "water"]
        ),  # noqa: E501
        maker.layer("telecom_network", made, (sector == "telecom").sum(), 1.0),
        maker.layer("dependencies", made, len(city.dependencies.service), 1.0),
        maker.layer(
            "sensors", made, len(city.datastreams), np.array([d.zone for d in city.datastreams])
        ),  # noqa: E501
        maker.layer("teams", made, len(city.teams), 1.0),
        maker.layer("stocks", made, len(city.stocks), 1.0),
        maker.layer("organisations", made, len(city.organisations), 1.0),
    ]


def _zones_of(city: City, xy: np.ndarray) -> np.ndarray:
    from rencheng.adapters.cities.ground import areas_of, row_of

    return row_of(areas_of(city.zones.shapes), xy)
