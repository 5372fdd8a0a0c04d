"""Sensors, organisations and teams of the tiny city."""

# ruff: noqa: E501
from __future__ import annotations

from rencheng.domain.observation import UNITS, Datastream, Quantity
from rencheng.domain.provenance import Origin
from rencheng.domain.resource import Organisation, OrganisationKind, Team, TeamKind

WEST, SOUTH = -71.28, -29.95
STEP_LON, STEP_LAT = 0.0052, 0.0045
"""About 500 m at this latitude. [deg]"""
INF = float("inf")


def at(x: float, y: float) -> tuple[float, float]:
    """Return lon, lat of a place given in zone widths from the south-west corner."""
    return WEST + x * STEP_LON, SOUTH + y * STEP_LAT


def zone_at(x: float, y: float) -> int:
    return min(int(y), 1) * 3 + min(int(x), 2)


def _stream(
    ident: str, quantity: Quantity, place: tuple[float, float], asset: str = ""
) -> Datastream:
    limits = {
        # interval, low, high, rate per second, stuck after
        Quantity.PEAK_ACCELERATION: (60.0, 0.0, 3.0, INF, 0),
        Quantity.WATER_LEVEL: (60.0, -10.0, 15.0, 0.05, 5),
        Quantity.FEEDER_STATE: (300.0, 0.0, 1.0, INF, 0),
        Quantity.WATER_PRESSURE: (300.0, 0.0, 1500.0, 50.0, 6),
        Quantity.FREE_BEDS: (3600.0, 0.0, 200.0, INF, 0),
    }
    interval, low, high, rate, stuck = limits[quantity]
    return Datastream(
        id=ident,
        name=ident,
        quantity=quantity,
        unit=UNITS[quantity],
        xy=at(*place),
        asset=asset,
        zone=zone_at(*place),
        interval_s=interval,
        low=low,
        high=high,
        rate=rate,
        stuck_after=stuck,
        is_vital=quantity in (Quantity.WATER_LEVEL, Quantity.PEAK_ACCELERATION),
        origin=Origin.SYNTHETIC,
    )


def datastreams() -> tuple[Datastream, ...]:
    q = Quantity
    return (
        _stream("acc-1", q.PEAK_ACCELERATION, (0.3, 0.3)),
        _stream("acc-2", q.PEAK_ACCELERATION, (1.5, 1.2)),
        _stream("acc-3", q.PEAK_ACCELERATION, (2.7, 1.7)),
        _stream("tide-1", q.WATER_LEVEL, (0.05, 1.0)),
        _stream("fdr-1", q.FEEDER_STATE, (0.5, 0.6), "FDR-1"),
        _stream("fdr-2", q.FEEDER_STATE, (1.4, 0.5), "FDR-2"),
        _stream("fdr-3", q.FEEDER_STATE, (1.5, 1.5), "FDR-3"),
        _stream("prs-1", q.WATER_PRESSURE, (0.5, 0.5), "zone:101"),
        _stream("prs-5", q.WATER_PRESSURE, (1.5, 1.5), "zone:105"),
        _stream("bed-1", q.FREE_BEDS, (0.6, 0.5), "H-1"),
        _stream("bed-2", q.FREE_BEDS, (2.4, 1.5), "H-2"),
    )


def organisations() -> tuple[Organisation, ...]:
    k = OrganisationKind
    rows = [
        (
            "emergency",
            "应急管理局",
            "Emergency Office",
            k.EMERGENCY,
            ("alert", "command", "evacuate", "shelter", "supply"),
            (),
        ),
        ("power_utility", "供电公司", "Power Utility", k.UTILITY, ("repair_power",), ()),
        ("water_utility", "供水公司", "Water Utility", k.UTILITY, ("repair_water",), ()),
        ("telecom_utility", "通信公司", "Telecom Utility", k.UTILITY, ("repair_telecom",), ()),
        ("health_service", "卫生局", "Health Service", k.HOSPITAL, ("hospital", "transfer"), ()),
        ("ambulance_service", "急救中心", "Ambulance Service", k.HOSPITAL, ("ambulance",), ()),
        ("roads_department", "道路管理处", "Roads Department", k.UTILITY, ("roads",), ()),
        (
            "community_la_serena",
            "北区社区",
            "Northern Community",
            k.COMMUNITY,
            ("evacuate", "shelter", "supply", "inspect"),
            (3, 4, 5),
        ),
        (
            "community_coquimbo",
            "南区社区",
            "Southern Community",
            k.COMMUNITY,
            ("evacuate", "shelter", "supply", "inspect"),
            (0, 1, 2),
        ),
        ("transport_operator", "公交公司", "Transport Operator", k.UTILITY, ("bus",), ()),
        ("residents", "居民", "Residents", k.RESIDENTS, ("inform",), ()),
    ]
    return tuple(
        Organisation(id=i, name_zh=zh, name_en=en, kind=kind, duties=duties, zones=zones)
        for i, zh, en, kind, duties, zones in rows
    )


def teams() -> tuple[Team, ...]:
    rows = [
        ("amb-1", "ambulance_service", TeamKind.AMBULANCE, "H-1", 1.0),
        ("amb-2", "ambulance_service", TeamKind.AMBULANCE, "H-2", 1.0),
        ("res-1", "emergency", TeamKind.RESCUE, "FIRE-1", 6.0),
        ("pow-1", "power_utility", TeamKind.REPAIR_POWER, "WH-1", 4.0),
        ("wat-1", "water_utility", TeamKind.REPAIR_WATER, "WH-1", 4.0),
        ("roa-1", "roads_department", TeamKind.ROADS, "WH-1", 5.0),
        ("bus-1", "transport_operator", TeamKind.BUS, "WH-1", 40.0),
    ]
    return tuple(
        Team(id=i, organisation=o, kind=k, facility=f, capacity=c) for i, o, k, f, c in rows
    )
