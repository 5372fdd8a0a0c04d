"""Sources of several files: what a layer made of all of them says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from rencheng.adapters.cities.formats.stating import fingerprint, layer_of
from rencheng.adapters.cities.readers import Source
from rencheng.domain.provenance import Layer


def layer_of_files(
    name: str, source: Source, files: Sequence[Path], count: int, *, crs: str = ""
) -> Layer:
    """Return the row of a layer; its version changes when any of the files does.

    A folder stands for the files in it.
    """
    whole: list[Path] = []
    for file in files:
        whole += sorted(p for p in file.iterdir() if p.is_file()) if file.is_dir() else [file]
    layer = layer_of(name, source, whole[0], count, crs=crs)
    if len(whole) == 1:
        return layer
    digest = sha256("".join(fingerprint(p) for p in whole).encode()).hexdigest()[:12]
    named = source.citation or ", ".join(file.name for file in files)
    return replace(layer, version=digest, source=named)
