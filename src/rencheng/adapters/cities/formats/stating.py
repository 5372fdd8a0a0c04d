"""What a reader says about the file that a layer came from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rencheng.adapters.cities.readers import Source
from rencheng.domain.provenance import Layer, Origin

_CHUNK = 1 << 20


def fingerprint(file: Path) -> str:
    """Return the first 12 digits of the SHA-256 of a file, read piece by piece."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:12]


def layer_of(name: str, source: Source, file: Path, count: int, *, crs: str = "") -> Layer:
    """Return the row of a layer that was read from a file.

    Parameters
    ----------
    name
        Field of `Given`.
    source
        What the recipe says about it.
    file
        Where it was read; its content gives the version.
    count
        Things read.
    crs
        Coordinates of the file, where it says them itself.
    """
    return Layer(
        name=name,
        origin=Origin(source.origin),
        source=source.citation or file.name,
        licence=source.licence,
        version=fingerprint(file),
        count=count,
        coverage=0.0,
        as_of=source.as_of,
        crs=crs or source.crs,
    )
