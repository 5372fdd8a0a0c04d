"""Faults of what a user brings: rows left out or mended, files too big, archives that attack."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import ArrayLike

from rencheng.adapters.cities.readers import Job
from rencheng.domain.errors import Fault, InvalidInputError, Param, TooMuchError
from rencheng.domain.finding import DataFinding, Severity
from rencheng.domain.provenance import Text

_FIRST = 5
# Limits of an archive. No source: house defaults. A gigabyte of real text packs 5 to 30 times.
_MAX_RATIO, _MAX_MEMBERS, _SMALL = 200.0, 10_000, 64 * 1024 * 1024
_UNPACKED = 4
"""An archive may unpack to so many times the job's memory: members are read one by one."""


class Faults:
    """Collects what is wrong with the rows of one layer.

    Parameters
    ----------
    layer
        Name of the layer, a field of `Given`.
    """

    def __init__(self, layer: str) -> None:
        self.layer = layer
        self._found: list[DataFinding] = []

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """Everything found so far."""
        return tuple(self._found)

    def add(
        self,
        key: str,
        severity: Severity | str,
        ids: Iterable[object],
        places: ArrayLike | None = None,
        *,
        count: int | None = None,
        **params: Param,
    ) -> tuple[DataFinding, ...]:
        """Note one kind of fault, of which there may be none; return everything found so far.

        Parameters
        ----------
        key
            What was found; sentences under `check.<key>` and `check.<key>.mend`, with `n`.
        ids
            Of all things concerned; the first few are kept.
        places
            Lon, lat of the things concerned, in the same order. [deg] (n, 2)
        count
            How many, where `ids` is a sample; else the number of ids.
        params
            Further values that the sentences need.
        """
        known = ids if isinstance(ids, Sequence | np.ndarray) else list(ids)
        number = len(known) if count is None else count
        if number == 0:
            return self.findings
        where: tuple[tuple[float, float], ...] = ()
        if places is not None:
            first = np.asarray(places, dtype=np.float64).reshape(-1, 2)[:_FIRST]
            first = first[np.isfinite(first).all(axis=1)]
            where = tuple((float(x), float(y)) for x, y in first)
        self._found.append(
            DataFinding(
                key=key,
                severity=Severity(severity),
                layer=self.layer,
                text=Text(f"check.{key}", {"n": number, **params}),
                count=number,
                first=tuple(str(one) for one in known[:_FIRST]),
                places=where,
                mend=Text(f"check.{key}.mend", dict(params)),
            )
        )
        return self.findings


def refuse(source: str, file: Path, faults: Sequence[Fault]) -> None:
    """Raise one error with all faults of a file; nothing when there are none.

    Raises
    ------
    InvalidInputError
        When there is any fault.
    """
    if not faults:
        return
    first = faults[0]
    raise InvalidInputError(
        "city.file_unusable",
        f"source {source!r}: {file.name} cannot be used: {first.where}: {first.problem}",
        hint=first.hint,
        params={"source": source, "file": file.name, "n": len(faults)},
        faults=faults,
    )


def check_size(file: Path, job: Job, *, factor: float = 1.0) -> None:
    """Refuse a file before it is read when it would not fit the job's memory.

    Parameters
    ----------
    factor
        Memory that reading takes as a multiple of the file: above 1 for packed formats, 0 for
        formats that are read piece by piece.

    Raises
    ------
    TooMuchError
        When it would not fit.
    InvalidInputError
        When there is no such file, or nothing in it.
    """
    if not file.exists():
        raise InvalidInputError(
            "city.no_file",
            f"there is no file {file.name}",
            hint="Put it beside the recipe, or mend `path`",
            params={"file": file.name},
        )
    size = file.stat().st_size if file.is_file() else 1
    if size == 0:
        raise InvalidInputError(
            "city.file_empty",
            f"{file.name} is empty",
            hint="Export it again",
            params={"file": file.name},
        )
    need_mb = size * factor / 1e6
    if need_mb > job.memory_mb:
        raise TooMuchError(
            "city.too_big",
            f"{file.name} needs about {need_mb:.0f} MB of memory, the job has {job.memory_mb} MB",
            hint="Cut it to the city, or give the job more memory",
            params={"file": file.name, "need_mb": round(need_mb), "have_mb": job.memory_mb},
        )


@contextmanager
def open_zip(file: Path, job: Job) -> Iterator[zipfile.ZipFile]:
    """Open an archive that somebody brought, after looking at what it claims to hold.

    Raises
    ------
    InvalidInputError
        When it is no archive, is locked, or has a member outside its own folder.
    TooMuchError
        When it unpacks to more than the job may take, or far more than real data ever do.

    Notes
    -----
    Sizes are those of the directory; `zipfile` reads no further than a member claims, so a lie
    cannot unpack more. Archives inside archives are not opened.
    """
    check_size(file, job, factor=0.0)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError) as error:
        raise InvalidInputError(
            "city.zip_broken",
            f"{file.name} is no readable archive: {error}",
            hint="Pack it again",
            params={"file": file.name},
        ) from error
    with archive:
        _check_members(file, archive, job)
        yield archive


def _check_members(file: Path, archive: zipfile.ZipFile, job: Job) -> None:
    members = archive.infolist()
    bad = [m.filename for m in members if not is_inside(m.filename) or m.flag_bits & 0x1]
    if bad:
        raise InvalidInputError(
            "city.zip_member",
            f"{file.name} holds {len(bad)} members that are locked or lead out of it: {bad[:3]}",
            hint="Pack it again without password, absolute paths and ..",
            params={"file": file.name, "n": len(bad), "first": ", ".join(bad[:3])},
        )
    whole = sum(m.file_size for m in members)
    packed = max(1, sum(m.compress_size for m in members))
    too_dense = whole > _SMALL and whole / packed > _MAX_RATIO
    if too_dense or len(members) > _MAX_MEMBERS or whole > _UNPACKED * job.memory_mb * 1e6:
        raise TooMuchError(
            "city.zip_bomb",
            f"{file.name} unpacks to {whole / 1e6:.0f} MB in {len(members)} members, "
            f"{whole / packed:.0f} times its size",
            hint="Bring the files themselves, or give the job more memory",
            params={
                "file": file.name, "mb": round(whole / 1e6), "n": len(members),
                "ratio": round(whole / packed),
            },
        )  # fmt: skip


def is_inside(member: str) -> bool:
    """Whether the name of an archive's member stays in the folder that it is unpacked to."""
    path = PurePosixPath(member.replace("\\", "/"))
    return not path.is_absolute() and ".." not in path.parts and ":" not in member
