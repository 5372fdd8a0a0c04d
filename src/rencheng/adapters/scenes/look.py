"""A scene: the bands that are needed, and when and by what it was taken.

A scene is a GeoTIFF (cloud-optimised ones are read in part) or a STAC item (JSON) beside its files.
Files at an address are not fetched: a picture has gigabytes, and an item may name any host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rencheng.domain.errors import InvalidInputError
from rencheng.domain.scene import SceneKind

LARGEST_ITEM = 5_000_000
"""A STAC item has some kilobytes. Ours. [byte]"""
NEEDED: Mapping[SceneKind, tuple[str, ...]] = {
    SceneKind.RADAR: ("radar",),
    SceneKind.OPTICAL: ("green", "infrared"),
}
CLOUDS = "clouds"
"""The band of classes that says where an optical scene shows clouds."""
# Names that catalogues give to bands: Sentinel-1 GRD/RTC and Sentinel-2 or Landsat in STAC's EO and
# SAR extensions, first choice first. VV over VH: calm water stands out most.
USUAL: Mapping[str, tuple[str, ...]] = {
    "radar": ("vv", "hh", "vh", "hv"),
    "green": ("green", "b03", "b3", "sr_b3"),
    "infrared": ("nir", "nir08", "b08", "b8", "b8a", "sr_b5", "swir16", "b11"),
    CLOUDS: ("scl", "qa_pixel"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One scene, ready to be read."""

    name: str
    taken: datetime
    """[UTC]"""
    kind: SceneKind
    bands: Mapping[str, tuple[Path, int]]
    """File and number of each band that is needed, and of `clouds` where there is one."""
    licence: str = ""
    platform: str = ""


def look_at(
    file: Path,
    kind: SceneKind,
    *,
    taken: datetime | None = None,
    bands: Mapping[str, str] | None = None,
) -> Look:
    """Find the bands of a scene.

    Parameters
    ----------
    file
        GeoTIFF, or STAC item.
    kind
        What it was taken with.
    taken
        When; needed for a GeoTIFF, a STAC item says it.
    bands
        By role (`radar`, `green`, `infrared`, `clouds`): a number of the GeoTIFF's band, or the key
        of the item's asset. Others are found by their usual names.

    Raises
    ------
    InvalidInputError
        When a band, a file or the time is missing or cannot be read.
    """
    chosen = dict(bands or {})
    if unknown := sorted(set(chosen) - set(USUAL)):
        raise _no("scene.role", f"{unknown[0]!r} is no role of a band", "Use one of the roles",
                  file, role=unknown[0], roles=", ".join(USUAL))  # fmt: skip
    if file.suffix.lower() in (".json", ".geojson"):
        return _item(file, kind, chosen)
    if taken is None or taken.tzinfo is None:
        raise _no("scene.no_time", f"when {file.name} was taken is not known",
                  "Say when, with a zone, such as 2015-09-17T10:02:00Z", file)  # fmt: skip
    found = {role: (file, _number(file, number)) for role, number in chosen.items()}
    if kind is SceneKind.RADAR:
        found.setdefault("radar", (file, 1))
    _require(file, kind, found)
    return Look(name=file.stem, taken=taken.astimezone(UTC), kind=kind, bands=found)


def _number(file: Path, text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise _no("scene.band_number", f"{text!r} is no number of a band of {file.name}",
                  "Bands of a GeoTIFF are counted from 1", file, band=text)  # fmt: skip
    return int(text)


def _require(file: Path, kind: SceneKind, found: Mapping[str, tuple[Path, int]]) -> None:
    missing = [role for role in NEEDED[kind] if role not in found]
    if missing:
        raise _no("scene.no_band", f"{file.name} has no band for {', '.join(missing)}",
                  "Name it, such as --band green=3 --band infrared=4", file,
                  roles=", ".join(missing))  # fmt: skip


def _item(file: Path, kind: SceneKind, chosen: Mapping[str, str]) -> Look:
    item = _parsed(file)
    properties = item.get("properties")
    assets = item.get("assets")
    if item.get("type") != "Feature" or not isinstance(properties, dict) or not isinstance(
        assets, dict
    ):  # fmt: skip
        raise _no("scene.no_item", f"{file.name} is no STAC item",
                  "Give the item's own JSON, with its properties and assets", file)  # fmt: skip
    taken = _time(file, properties.get("datetime") or properties.get("start_datetime"))
    found: dict[str, tuple[Path, int]] = {}
    for role in (*NEEDED[kind], *((CLOUDS,) if kind is SceneKind.OPTICAL else ())):
        key = chosen.get(role) or _usual(assets, role)
        if key is None:
            continue
        found[role] = (_path(file, assets, key), 1)
    _require(file, kind, found)
    return Look(
        name=str(item.get("id") or file.stem)[:200],
        taken=taken,
        kind=kind,
        bands=found,
        licence=str(properties.get("license") or "")[:200],
        platform=str(properties.get("platform") or "")[:200],
    )


def _parsed(file: Path) -> dict[str, Any]:
    if file.stat().st_size > LARGEST_ITEM:
        raise _no("scene.item_size", f"{file.name} is too large for a STAC item",
                  "Give a single item, not a collection of them", file)  # fmt: skip
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _no("scene.no_item", f"{file.name} is no STAC item: {error}",
                  "Give the item's own JSON, with its properties and assets",
                  file) from error  # fmt: skip
    return found if isinstance(found, dict) else {}


def _time(file: Path, text: object) -> datetime:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise _no("scene.no_time", f"when {file.name} was taken is not known",
                  "Say when, with a zone, such as 2015-09-17T10:02:00Z", file)  # fmt: skip
    return found.astimezone(UTC)


def _usual(assets: Mapping[str, Any], role: str) -> str | None:
    """Return the asset that carries a role by its key or by what it says of its bands."""
    named: dict[str, str] = {}
    for key, asset in assets.items():
        if not isinstance(asset, dict):
            continue
        bands = [*(asset.get("bands") or ()), *(asset.get("eo:bands") or ())]
        common = [
            b.get("eo:common_name") or b.get("common_name") for b in bands if isinstance(b, dict)
        ]
        # An asset of several bands does not say which of them is meant.
        if len(common) == 1 and common[0]:
            named.setdefault(str(common[0]).lower(), key)
        named[key.lower()] = key
    return next((named[name] for name in USUAL[role] if name in named), None)


def _path(file: Path, assets: Mapping[str, Any], key: str) -> Path:
    asset = assets.get(key)
    href = str(asset.get("href", "")) if isinstance(asset, dict) else ""
    if not href:
        raise _no("scene.no_asset", f"{file.name} has no asset {key!r}",
                  "Name one of the item's assets", file, asset=key)  # fmt: skip
    parts = urlsplit(href)
    if parts.scheme not in ("", "file") or parts.netloc:
        raise _no("scene.remote", f"asset {key!r} of {file.name} lies at an address",
                  "Fetch the file, put it beside the item and make its href the file's name",
                  file, asset=key)  # fmt: skip
    found = file.parent / unquote(parts.path if parts.scheme else href)
    if not found.is_file():
        raise _no("scene.no_file", f"{found} is not there", "Put the item's files beside it",
                  file, asset=key, path=str(found))  # fmt: skip
    return found


def _no(key: str, problem: str, hint: str, file: Path, **params: str) -> InvalidInputError:
    return InvalidInputError(key, problem, hint=hint, params={"file": file.name, **params})
