"""What owners stated about their assets at the console, taken into a build before anything else.

dependencies/<city>.csv      in the state folder, as the form has it
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from rencheng.adapters.cities.given import Given, RawNeeds
from rencheng.adapters.cities.packages import sha256
from rencheng.adapters.cities.readers import Job, Source, reader_of

FOLDER = "dependencies"
_CITATION = "权属单位填报 statements of owners"


def statements_file(state: Path, city: str) -> Path:
    """Return where the statements about a city lie."""
    return state / FOLDER / f"{city}.csv"


def statements_mark(state: Path, city: str) -> str:
    """Return a hash of the statements about a city, empty when there are none."""
    file = statements_file(state, city)
    return sha256(file) if file.is_file() else ""


def with_statements(given: Given, state: Path, city: str) -> Given:
    """Return what the sources said with the owners' statements in place of it.

    A service that an owner stated for an asset is not taken from a source of the recipe.
    """
    file = statements_file(state, city)
    if not file.is_file():
        return given
    source = Source(id="statements", kind="dependencies", citation=_CITATION)
    said = reader_of(source).read(source, file, Job())
    if said.dependencies is None or not len(said.dependencies.node):
        return given
    needs = said.dependencies
    if given.dependencies is not None:
        needs = _over(given.dependencies, needs)
    layer = replace(said.layers[0], count=len(needs.node))
    others = tuple(one for one in given.layers if one.name != "dependencies")
    return replace(
        given,
        dependencies=needs,
        layers=(*others, layer),
        findings=(*given.findings, *said.findings),
    )


def _over(below: RawNeeds, above: RawNeeds) -> RawNeeds:
    stated = set(zip(above.node, above.service, strict=True))
    pairs = zip(below.node, below.service, strict=True)
    kept = np.array([pair not in stated for pair in pairs], dtype=np.bool_)
    return RawNeeds(
        **{
            one.name: np.concatenate([getattr(below, one.name)[kept], getattr(above, one.name)])
            for one in fields(RawNeeds)
        }
    )
