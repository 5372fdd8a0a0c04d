"""Read the sources of a recipe: each once, and never again while nothing of it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rencheng.adapters.cities import kept
from rencheng.adapters.cities.given import Given, merge
from rencheng.adapters.cities.packages import member
from rencheng.adapters.cities.readers import Job, Reader, Source, reader_of
from rencheng.adapters.cities.recipe import Recipe
from rencheng.domain.errors import Fault, InvalidInputError, RenchengError, TooMuchError

MEMORY_MB = 2048
_REMOTE = "sensorthings"
"""Kind whose path may be an address, or a file that its answer is kept in, instead of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How a build is watched and stopped, and what it may use."""

    progress: Callable[[str, float, int], None] | None = None
    """Called with the key of a step (`source:<id>` while a source is read), how many steps are
    done (a fraction while a source is read), and the number of steps."""
    is_stopped: Callable[[], bool] = lambda: False
    memory_mb: int = MEMORY_MB

    def tell(self, key: str, done: float, total: int) -> None:
        """Say which step begins; raise `ConflictError` when the user stopped the build."""
        Job(is_stopped=self.is_stopped).go_on(0.0)
        if self.progress:
            self.progress(key, done, total)


def locate(recipe: Recipe, source: Source, state: Path) -> Path:
    """Return the file of a source: in its package, or beside the recipe.

    Raises
    ------
    SourceUnavailableError
        When its package has not been fetched.
    """
    if source.package:
        package = next(p for p in recipe.packages if p.name == source.package)
        return member(state, package.pin, source.path)
    return Path(recipe.folder) / source.path


def check_sources(
    recipe: Recipe, state: Path
) -> tuple[list[tuple[Source, Path, Reader]], InvalidInputError | None]:
    """Return each source that can be tried, with its file and reader, and what the others lack.

    The error names every file that is not there, every kind that cannot be read, and every layer
    that a kind does not give.

    Raises
    ------
    SourceUnavailableError
        When a package has not been fetched.
    """
    ready, faults = [], []
    for number, source in enumerate(recipe.sources):
        where = f"sources[{number}]"
        try:
            reader = reader_of(source)
        except RenchengError as error:
            package = str(error.params.get("package", ""))
            faults.append(_fault("city.source_reader", f"{where}.kind", source.kind, package))
            continue
        lacks = [layer for layer in source.layers if layer not in reader.layers]
        if lacks:
            faults.append(_fault("city.source_gives", f"{where}.layers", *lacks, *reader.layers))
        file = locate(recipe, source, state)
        is_asked = source.kind == _REMOTE and (
            "://" in source.path or source.options.get("fetch") is True
        )
        if not file.exists() and not is_asked:
            faults.append(_fault("city.source_file", f"{where}.path", str(file)))
            continue
        ready.append((source, file, reader))
    if not faults:
        return ready, None
    said = "; ".join(f"{one.where}: {', '.join(one.first)}" for one in faults[:5])
    return ready, InvalidInputError(
        "city.sources",
        f"{len(faults)} source(s) cannot be read: {said}",
        hint="Mend the entries named, or remove them",
        params={"count": len(faults)},
        faults=faults,
    )


def read_each(
    recipe: Recipe, state: Path, work: Work, steps: int
) -> Iterator[tuple[Source, Given]]:
    """Yield what each source says; what was read before and has not changed is taken up.

    Raises
    ------
    ConflictError
        When the user stopped it; what was read until then is kept.
    InvalidInputError, TooMuchError
        When a file is not there or cannot be used. The others are read nevertheless, so that
        the faults of all of them are told at once.
    """
    ready, lack = check_sources(recipe, state)
    problems: list[tuple[str, RenchengError]] = [] if lack is None else [("recipe", lack)]
    for number, (source, file, reader) in enumerate(ready):
        key = f"source:{source.id}"
        work.tell(key, number, steps)
        mark = kept.fingerprint(source, file, recipe.bbox) if file.exists() else ""
        given = kept.take(state, mark) if mark else None
        if given is None:
            try:
                given = reader.read(source, file, _job(recipe, work, key, number, steps))
            except (InvalidInputError, TooMuchError) as error:
                problems.append((source.id, error))
                continue
            if mark:
                kept.keep(state, mark, given)
        yield source, only(given, source.layers)
    if len(problems) == 1:
        raise problems[0][1]
    if problems:
        causes = ExceptionGroup("sources", [error for _, error in problems])
        raise _together(problems) from causes


def _together(problems: list[tuple[str, RenchengError]]) -> InvalidInputError:
    """Return one error that tells the faults of all sources."""
    faults = [
        Fault(
            where=f"{source} · {one.where}" if one else source,
            key=one.key if one else error.key,
            problem=one.problem if one else error.problem,
            hint=one.hint if one else error.hint,
            first=one.first if one else (),
        )
        for source, error in problems
        for one in (error.faults or (None,))
    ]
    return InvalidInputError(
        "city.sources",
        f"{len(problems)} source(s) cannot be read: {', '.join(one for one, _ in problems)}",
        hint="Mend the entries named, or remove them",
        params={"count": len(problems)},
        faults=faults,
    )


def read_sources(recipe: Recipe, state: Path, work: Work, steps: int) -> Given:
    """Return what all sources of a recipe say together."""
    return merge(given for _, given in read_each(recipe, state, work, steps))


def only(given: Given, layers: tuple[str, ...]) -> Given:
    """Return what was asked of a source; no layers named: everything."""
    if not layers:
        return given
    unwanted = {name: None for name in _TABLES if name not in layers}
    said = tuple(layer for layer in given.layers if layer.name in layers)
    return replace(given, **unwanted, layers=said)  # type: ignore[arg-type]


_TABLES = (
    "boundary", "zones", "people", "counts", "roads", "buildings", "facilities", "stops", "terrain",
    "power", "water", "drainage", "dependencies", "sensors",
)  # fmt: skip


def _job(recipe: Recipe, work: Work, key: str, number: int, steps: int) -> Job:
    def tell(share: float) -> None:
        if work.progress:
            work.progress(key, number + min(max(share, 0.0), 1.0), steps)

    return Job(clip=recipe.bbox, memory_mb=work.memory_mb, tell=tell, is_stopped=work.is_stopped)


def _fault(key: str, where: str, *first: str) -> Fault:
    return Fault(where=where, key=key, problem=f"{where}: {first[0]}", hint=key, first=first)
