"""Build a city and serve it; or serve the one that the same recipe built before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rencheng.adapters.cities.packages import sha256
from rencheng.adapters.cities.recipe import load_recipe, recipe_file
from rencheng.adapters.cities.stated import statements_mark
from rencheng.adapters.cities.store import Folder
from rencheng.adapters.files import data_folder
from rencheng.domain.city import City
from rencheng.domain.errors import CorruptDataError, NotFoundError
from rencheng.domain.finding import DataFinding

if TYPE_CHECKING:
    from rencheng.adapters.cities.build import Progress

_MADE = "made.json"
_LARGE = 16 * 2**20
"""A file above it counts by size and time when the question is whether to build again. [byte]"""


def make(
    name: str, state: Path, progress: Progress | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> City:  # fmt: skip
    """Build the city of a recipe, store it, and serve it from now on.

    Nothing of the city that is served changes before the new one is whole.

    Raises
    ------
    ConflictError
        When `is_stopped` said so; sources that were read are not read again the next time.
    NotFoundError, InvalidInputError, SourceUnavailableError, CorruptDataError, TooMuchError
        As `load_recipe` and `build_city`; what was served before is then served on.
    """
    # Building takes a second of imports that a start with a city that is there must not pay.
    from rencheng.adapters.cities.build import build
    from rencheng.adapters.cities.kept import sweep
    from rencheng.adapters.cities.sources import Work

    recipe = load_recipe(name)
    marks = fingerprint(name) + statements_mark(state, recipe.id)
    built = build(recipe, state, Work(progress=progress, is_stopped=is_stopped))
    return put(recipe.id, state, built.city, built.findings, marks, sweep)


def put(
    ident: str, state: Path, city: City, findings: tuple[DataFinding, ...], marks: str,
    sweep: Callable[[Path], None],
) -> City:  # fmt: skip
    """Store a city that was built, with what was found in its sources, and serve it."""
    folder = Folder(state, ident)
    city = keep_findings(folder, folder.save(city), findings)
    folder.set_current(city.version)
    made = {"inputs": marks, "version": city.version}
    (folder.path / _MADE).write_text(json.dumps(made), encoding="utf-8")
    sweep(state)
    return city


def keep_findings(folder: Folder, city: City, findings: tuple[DataFinding, ...]) -> City:
    """Put what was found in the sources beside the stored version; return the city."""
    body = json.dumps(msgspec.to_builtins(findings), ensure_ascii=False)
    (folder.path / _findings_name(city.version)).write_text(body, encoding="utf-8")
    return city


def _findings_name(version: str) -> str:
    return f"findings-{version}.json"


def source_findings(state: Path, city: City) -> tuple[DataFinding, ...]:
    """Return what was wrong in the sources of a built city; none is known for an older one."""
    file = Folder(state, city.id).path / _findings_name(city.version)
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
        return msgspec.convert(body, tuple[DataFinding, ...])
    except (OSError, ValueError, msgspec.ValidationError):
        return ()


def make_or_load(name: str, state: Path, progress: Progress | None = None) -> City:
    """Return the city of a recipe; build it only if recipe or code changed since."""
    return served(name, state) or make(name, state, progress)


def served(name: str, state: Path) -> City | None:
    """Return the city that the recipe as it is now has built and that is served, else None.

    None means that building is due: nothing was built, recipe or code changed since, or a file of
    the version is damaged. Nothing is written.
    """
    ident = load_recipe(name).id
    folder = Folder(state, ident)
    try:
        made = json.loads((folder.path / _MADE).read_text(encoding="utf-8"))
        if made["inputs"] != fingerprint(name) + statements_mark(state, ident):
            return None
        city = folder.current()
    except (OSError, ValueError, KeyError, TypeError, NotFoundError, CorruptDataError):
        return None
    return city if city.version == made["version"] else None


def fingerprint(name: str) -> str:
    """Return a hash of everything that decides what a recipe's city becomes: data and code.

    A large file beside the recipe counts by its size and time, not by its content.
    """
    file = recipe_file(name)
    code = Path(__file__).parent.rglob("*.py")
    shipped = [*(data_folder() / "cities").glob("*.toml"), *(data_folder() / "taxonomy").glob("*")]
    own = {file, *(p for p in file.parent.iterdir() if p.suffix != ".toml"), *_beside(file)}
    sums = {str(p.name): _mark(p) for p in sorted({*code, *shipped, *own}) if p.is_file()}
    for number, source in enumerate(load_recipe(name).sources):
        read = file.parent / source.path
        if not source.package and read.is_file():
            sums[f"sources[{number}]"] = _mark(read)
    return hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()


def _beside(file: Path) -> list[Path]:
    return [file.parent / name for name in ("facts.toml", "organisations.toml")]


def _mark(file: Path) -> str:
    about = file.stat()
    return sha256(file) if about.st_size < _LARGE else f"{about.st_size} {about.st_mtime_ns}"
