"""Build a city and serve it; or serve the one that the same recipe built before."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rencheng.adapters.cities.packages import sha256
from rencheng.adapters.cities.recipe import load_recipe, recipe_folder
from rencheng.adapters.cities.store import Folder
from rencheng.domain.city import City
from rencheng.domain.errors import CorruptDataError, NotFoundError

if TYPE_CHECKING:
    from rencheng.adapters.cities.build import Progress

_MADE = "made.json"


def make(name: str, state: Path, progress: Progress | None = None) -> City:
    """Build the city of a recipe, store it, and serve it from now on.

    Raises
    ------
    NotFoundError, InvalidInputError, SourceUnavailableError, CorruptDataError
        As `load_recipe` and `build_city`; what was served before is then served on.
    """
    # Building takes a second of imports that a start with a city that is there must not pay.
    from rencheng.adapters.cities.build import build_city

    recipe = load_recipe(name)
    folder = Folder(state, recipe.id)
    city = folder.save(build_city(recipe, state, progress))
    folder.set_current(city.version)
    made = {"inputs": fingerprint(name), "version": city.version}
    (folder.path / _MADE).write_text(json.dumps(made), encoding="utf-8")
    return city


def make_or_load(name: str, state: Path, progress: Progress | None = None) -> City:
    """Return the city of a recipe; build it only if recipe or code changed since."""
    return served(name, state) or make(name, state, progress)


def served(name: str, state: Path) -> City | None:
    """Return the city that the recipe as it is now has built and that is served, else None.

    None means that building is due: nothing was built, recipe or code changed since, or a file of
    the version is damaged. Nothing is written.
    """
    folder = Folder(state, load_recipe(name).id)
    try:
        made = json.loads((folder.path / _MADE).read_text(encoding="utf-8"))
        if made["inputs"] != fingerprint(name):
            return None
        city = folder.current()
    except (OSError, ValueError, KeyError, TypeError, NotFoundError, CorruptDataError):
        return None
    return city if city.version == made["version"] else None


def fingerprint(name: str) -> str:
    """Return a hash of everything that decides what a recipe's city becomes: data and code."""
    files = [*recipe_folder(name).iterdir(), *Path(__file__).parent.glob("*.py")]
    sums = {file.name: sha256(file) for file in sorted(files) if file.is_file()}
    return hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()
