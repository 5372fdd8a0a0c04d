"""A built city in Python: arrays, data frames, where they come from, what is wrong with them.

>>> import rencheng
>>> rencheng.City.open.__self__ is rencheng.City
True

`rencheng.City` is this module's `City`; it is read when it is first used, so that importing the
package costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import NotFoundError

if TYPE_CHECKING:
    import geopandas as gpd

    from rencheng.adapters.cities.store import Folder
    from rencheng.domain.change import CityChange, CityVersion
    from rencheng.domain.city import City as DomainCity
    from rencheng.domain.finding import DataFinding
    from rencheng.domain.provenance import Layer

Arrays = Mapping[str, NDArray[Any]]


class City:
    """One version of a built city, read only. Get one with `City.open`."""

    def __init__(self, domain: DomainCity, folder: Folder) -> None:
        self.domain = domain
        """The same as the models take it: a frozen `rencheng.domain.city.City`."""
        self._folder = folder
        self._arrays: dict[str, Arrays] = {}

    @classmethod
    def open(cls, path: str | Path = ".state", city: str = "") -> City:
        """Open a built city; arrays stay on disk until they are used.

        Parameters
        ----------
        path
            A state folder (as `--state` of the commands), a city's folder in it
            (`cities/<id>`), or the folder of one version (`cities/<id>/<version>`).
        city
            Id of the city, when a state folder has several.

        Returns
        -------
        city
            The version that is served; of a version's folder that version. Every file was held
            against its checksum.

        Raises
        ------
        NotFoundError
            When there is no built city, or several and `city` names none of them.
        CorruptDataError
            When a file is missing or damaged; it is named.

        Examples
        --------
        >>> City.open("no/such/folder")
        Traceback (most recent call last):
        rencheng.domain.errors.NotFoundError: there is no built city in no/such/folder. ...
        """
        from rencheng.adapters.cities.store import MANIFEST, Folder

        place = Path(path)
        if (place / MANIFEST).is_file():
            folder = _folder(place.resolve().parent)
            return cls(folder.load(place.resolve().name), folder)
        if (place / "cities").is_dir():
            names = sorted(p.name for p in (place / "cities").iterdir() if _has_city(p))
            if city and city not in names:
                Folder(place, city).current()  # says that it was not built
            if not city and len(names) > 1:
                raise NotFoundError(
                    "library.several",
                    f"{place} holds {len(names)} cities: {', '.join(names)}",
                    hint="Name one: City.open(path, city='…')",
                    params={"path": str(place), "cities": ", ".join(names)},
                )
            if names:
                place = place / "cities" / (city or names[0])
        if not _has_city(place):
            raise NotFoundError(
                "library.nothing",
                f"there is no built city in {place}",
                hint="Build one with `rencheng city build`, or name another folder",
                params={"path": str(place)},
            )
        folder = _folder(place)
        return cls(folder.current(), folder)

    @property
    def id(self) -> str:
        """Return the city's id."""
        return self.domain.id

    @property
    def name(self) -> str:
        """Return the city's name in Chinese and English."""
        return " ".join(dict.fromkeys(self.domain.name.values()))

    @property
    def version(self) -> str:
        """Return the version: the hash of the content."""
        return self.domain.version

    @property
    def tables(self) -> Mapping[str, int]:
        """Return how many rows each table has, by name."""
        from rencheng.adapters.exports.contents import TABLES

        return {name: table.count(self.domain) for name, table in TABLES.items()}

    def arrays(self, table: str) -> Arrays:
        """Return a table's columns as arrays; numbers are memory-mapped and must not be written.

        Parameters
        ----------
        table
            `zones`, `grid`, `buildings`, `roads`, `facilities`, `lifelines`, `mains`,
            `dependencies`, `stops` or `terrain`; columns are those of the class of this name in
            `rencheng.domain.city`, ragged shapes as `shapes.xy`, `shapes.part`, `shapes.shape`.

        Raises
        ------
        NotFoundError
            When there is no such table.
        """
        if table not in self._arrays:
            value = getattr(self.domain, table, None)
            if value is None or not is_dataclass(value):
                names = [f.name for f in fields(self.domain) if _is_table(self.domain, f.name)]
                raise NotFoundError(
                    "export.no_layer",
                    f"a city has no table {table!r}",
                    hint=f"Use one of {', '.join(names)}",
                    params={"layer": table, "layers": ", ".join(names)},
                )
            self._arrays[table] = MappingProxyType(_columns(value))
        return self._arrays[table]

    def frame(self, table: str) -> gpd.GeoDataFrame:
        """Return a table as a GeoDataFrame in EPSG:4326; what is unknown is missing.

        Columns are those of the exported files: codes are spelt out, references are ids, `origin`
        and `is_synthetic` say where a row comes from. A table without geometry is a DataFrame.

        Raises
        ------
        InvalidInputError
            When `geopandas` (extra `data`) is not installed.
        NotFoundError
            When there is no such table.
        """
        from rencheng.adapters.exports.contents import table_of
        from rencheng.adapters.exports.frames import frame

        return frame(table_of(table), self.domain)

    @cached_property
    def buildings(self) -> gpd.GeoDataFrame:
        """Return the buildings as a GeoDataFrame; see `frame`."""
        return self.frame("buildings")

    @property
    def layers(self) -> Sequence[Layer]:
        """Return what each layer is worth: origin, source, licence, version, coverage."""
        return self.domain.layers

    def findings(self) -> list[DataFinding]:
        """Return what the data lack or contradict, the worst first."""
        from rencheng.adapters.cities.check import check_city

        return list(check_city(self.domain))

    def versions(self) -> tuple[CityVersion, ...]:
        """Return the versions that are kept, newest first."""
        return self._folder.kept()

    def changes(self, since: str) -> CityChange:
        """Return what was built, demolished and moved since another version.

        Raises
        ------
        NotFoundError
            When that version is not kept.
        """
        from rencheng.perceive.trends import changes

        return changes(self._folder.load(since), self.domain)

    def export(self, path: str | Path, form: str = "gpkg", layers: Sequence[str] = ()) -> Path:
        """Write the city as `gpkg`, `geoparquet`, `csv` or `geojson`; return where.

        See `rencheng.adapters.exports.writing.write_city` for what is refused.
        """
        from rencheng.adapters.exports.writing import write_city

        return write_city(self.domain, Path(path), form, layers)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count:,} {name}" for name, count in self.tables.items() if count)
        return f"<City {self.id} ({self.name}), version {self.version}: {counts}>"


def _folder(place: Path) -> Folder:
    """Return the folder of a city, wherever it lies."""
    from rencheng.adapters.cities.store import Folder

    folder = Folder(place.parent, place.name)
    folder.path = place
    return folder


def _has_city(place: Path) -> bool:
    return (place / "current").is_file()


def _is_table(city: DomainCity, name: str) -> bool:
    return is_dataclass(getattr(city, name))


def _columns(table: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    for column in fields(table):
        value, name = getattr(table, column.name), f"{prefix}{column.name}"
        if is_dataclass(value):
            found |= _columns(value, f"{name}.")
        elif isinstance(value, np.ndarray):
            found[name] = value
        else:
            texts = np.empty(len(value), dtype=object)
            texts[:] = value
            found[name] = texts
    return found
