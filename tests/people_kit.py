"""Crowds and tables for the tests of people in events."""

from __future__ import annotations

from typing import Any

import numpy as np

from rencheng.domain.risk_people import CasualtyTable, Crowd, Dwelling, RapidModel, ShelterTable

TYPES = ("frame", "brick")


def crowd(indoors: list[float], **other: Any) -> Crowd:
    """People indoors who all live there, none outdoors, unless said otherwise."""
    many = len(indoors)
    inside = np.array(indoors, dtype=float)
    groups = other.pop("group", ())
    said = {
        "outdoors": np.zeros(many),
        "residents": inside,
        "share": np.full((len(groups), many), np.nan),
        "share_home": np.full((len(groups), many), np.nan),
        "dwelling": np.full(many, Dwelling.MULTI),
        "public": np.repeat([[0.1], [0.4], [0.6]], many, axis=1),
        "exposed": np.ones(many),
        "rise_m_h": np.full(many, np.nan),
        **other,
    }
    fields = {name: np.array(value) for name, value in said.items()}
    fields["dwelling"] = fields["dwelling"].astype(np.int32)
    ids = tuple(f"a{i}" for i in range(many))
    return Crowd(id=ids, indoors=inside, group=tuple(groups), **fields)


def casualty_rates() -> CasualtyTable:
    """Two types with numbers that are easy to follow by hand."""
    indoors = np.zeros((2, 5, 4))
    indoors[0, 2] = [0.01, 0.002, 0.0001, 0.0001]
    indoors[0, 3] = [0.05, 0.01, 0.001, 0.001]
    indoors[0, 4] = [0.4, 0.2, 0.05, 0.1]
    indoors[1] = np.minimum(2 * indoors[0], 0.2)
    outdoors = indoors / 10.0
    outdoors[:, 4] = outdoors[:, 3]
    return CasualtyTable(
        type=TYPES, indoors=indoors, outdoors=outdoors, collapse=np.array([0.1, 0.15]),
        source="made up for a test", version="1",
    )  # fmt: skip


def shelter_rates() -> ShelterTable:
    return ShelterTable(
        uninhabitable=np.array([[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.9, 1.0]]),
        income=np.array([0.62, 0.42, 0.29, 0.22, 0.13]), unknown=(0.13, 0.4, 0.62),
        flood_m=(0.1, 0.5, 1.0), source="made up for a test", version="1",
    )  # fmt: skip


def country(code: str = "CN", *, is_own: bool = True) -> RapidModel:
    """PAGER's China."""
    return RapidModel(
        country=code, theta=10.328811, beta=0.100058, zeta=1.526472, g=2.013134, is_own=is_own,
        source="PAGER 2.2", version="2.2",
    )  # fmt: skip
