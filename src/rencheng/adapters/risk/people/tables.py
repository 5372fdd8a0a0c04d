"""The tables of people that come with the program: presence, casualties, shelter, rapid models."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from rencheng.adapters.files import data_folder, read_ours
from rencheng.domain.errors import NotFoundError
from rencheng.domain.risk_people import CasualtyTable, PresenceTable, RapidModel, ShelterTable

_DAYS = ("weekday", "weekend")
_STATES = ("slight", "moderate", "extensive", "complete", "collapsed")


def presence_table() -> PresenceTable:
    """Return where the people of a building are by time of day."""
    table = read_ours(_file("presence.toml"))
    uses = tuple(table[_DAYS[0]])
    indoors, outdoors = (
        np.array([[table[day][use][part] for day in _DAYS] for use in uses])
        for part in ("indoors", "outdoors")
    )
    return PresenceTable(
        use=uses,
        indoors=indoors,
        outdoors=outdoors,
        source=table["source"],
        version=table["version"],
    )


def casualty_table() -> CasualtyTable:
    """Return the shares hurt by structural type and state of damage."""
    about = read_ours(_file("sources.toml"))["casualties"]
    rows = _rows(about["file"])
    hurt = {
        part: np.array(
            [
                [
                    [float(row.get(f"{part}_{state}_{k}", "nan")) / 100.0 for k in range(1, 5)]
                    for state in _STATES
                ]
                for row in rows
            ]
        )
        for part in ("in", "out")
    }
    # Outdoors it makes no difference whether the floors came down.
    hurt["out"][:, -1] = hurt["out"][:, -2]
    return CasualtyTable(
        type=tuple(row["type"] for row in rows),
        indoors=hurt["in"],
        outdoors=hurt["out"],
        collapse=np.array([float(row["collapse"]) / 100.0 for row in rows]),
        source=about["source"],
        version=about["version"],
    )


def shelter_table() -> ShelterTable:
    """Return when dwellings cannot be lived in, and who asks for a public shelter."""
    table = read_ours(_file("shelter.toml"))
    shares, flood = table["public"]["unknown"], table["flood"]["depth_m"]
    return ShelterTable(
        uninhabitable=np.array([table["uninhabitable"][kind] for kind in ("single", "multi")]),
        income=np.array(table["public"]["income"]),
        unknown=(shares[0], shares[1], shares[2]),
        flood_m=(flood[0], flood[1], flood[2]),
        source=table["source"],
        version=table["version"],
    )


def rapid_model(country: str) -> RapidModel:
    """Return a country's model of deaths from shaking.

    Parameters
    ----------
    country
        ISO 3166-1 alpha-2, such as `CN`.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    about = read_ours(_file("sources.toml"))["pager"]
    for row in _rows(about["file"]):
        if row["country"] == country.upper():
            return RapidModel(
                country=row["country"],
                theta=float(row["theta"]),
                beta=float(row["beta"]),
                zeta=float(row["zeta"]),
                g=float(row["g"]),
                is_own=row["status"] == "own",
                source=about["source"],
                version=about["version"],
            )
    raise NotFoundError(
        "risk.people.country",
        f"there is no rapid model for {country!r}",
        hint="Give the country by two letters, such as CN",
        params={"country": country},
    )


def _rows(name: str) -> list[dict[str, str]]:
    with _file(name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _file(name: str) -> Path:
    return data_folder() / "people" / name
