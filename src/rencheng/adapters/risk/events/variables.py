"""NetCDF and Zarr as named variables with dimensions; numbers are read a piece at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.domain.errors import InvalidInputError

F64 = NDArray[np.float64]
Place = tuple[slice | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable of an open file."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    """What the file keeps together along each dimension."""
    about: Mapping[str, Any]
    """Its attributes."""
    take: Callable[[Place], NDArray[Any]]
    """Raw cells; a masked array where the library knows what is missing."""

    def numbers(self, place: Place = ()) -> F64:
        """Return values with scale and offset applied and what is missing as NaN."""
        raw = self.take(place or (slice(None),) * len(self.dims))
        values = np.ma.filled(np.ma.asarray(raw).astype(np.float64), np.nan)
        return np.asarray(values)

    def texts(self) -> list[str]:
        """Return names: strings, rows of characters, or numbers."""
        raw = np.ma.filled(np.ma.asarray(self.take((slice(None),) * len(self.dims))))
        if raw.dtype.kind == "S" and raw.ndim == 2:
            return [b"".join(row).decode("utf-8", "replace").strip("\0 ") for row in raw]
        return [one.decode() if isinstance(one, bytes) else str(one) for one in raw.tolist()]


Cube = Mapping[str, Variable]


def opener_of(path: Path) -> Callable[[], Any] | None:
    """Return what opens a file of a kind that is read here; None for others."""
    if path.suffix.lower() in {".nc", ".nc4", ".cdf"}:
        return lambda: _netcdf(path)
    marks = (".zgroup", ".zmetadata", "zarr.json")
    if path.suffix.lower() == ".zarr" or any((path / mark).exists() for mark in marks):
        return lambda: _zarr(path)
    return None


@contextmanager
def _netcdf(path: Path) -> Iterator[Cube]:
    netcdf = _library("netCDF4")
    try:
        opened = netcdf.Dataset(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    with opened:
        yield {name: _of_netcdf(one) for name, one in opened.variables.items()}


def _of_netcdf(one: Any) -> Variable:
    chunks = one.chunking()
    return Variable(
        dims=tuple(one.dimensions),
        shape=tuple(one.shape),
        chunks=tuple(one.shape) if chunks in (None, "contiguous") else tuple(chunks),
        about={name: one.getncattr(name) for name in one.ncattrs()},
        take=lambda place: one[place],
    )


@contextmanager
def _zarr(path: Path) -> Iterator[Cube]:
    zarr = _library("zarr")
    try:
        group = zarr.open_group(str(path), mode="r")
        arrays = dict(group.arrays())
    except (OSError, ValueError, KeyError, zarr.errors.BaseZarrError) as error:
        raise _unreadable(path, error) from error
    yield {name: _of_zarr(one) for name, one in arrays.items()}


def _of_zarr(one: Any) -> Variable:
    about = dict(one.attrs)
    names = about.get("_ARRAY_DIMENSIONS") or getattr(one.metadata, "dimension_names", None)
    return Variable(
        dims=tuple(map(str, names or [f"dim_{i}" for i in range(one.ndim)])),
        shape=tuple(one.shape),
        chunks=tuple(one.chunks),
        about=about,
        take=lambda place: _decoded(np.asarray(one[place]), about, one.fill_value),
    )


def _decoded(raw: NDArray[Any], about: Mapping[str, Any], fill: Any) -> NDArray[Any]:
    """Return cells by the conventions CF, as the netCDF library does by itself."""
    if raw.dtype.kind not in "iuf":
        return raw
    missing = np.zeros(raw.shape, dtype=bool)
    # Zarr's own fill value stands for chunks never written; of floats only NaN says unknown.
    for none in (about.get("_FillValue"), about.get("missing_value")):
        if none is not None:
            missing |= raw == np.asarray(none).astype(raw.dtype)
    if "_FillValue" not in about and fill is not None and raw.dtype.kind in "iu" and fill != 0:
        missing |= raw == fill
    scale, offset = about.get("scale_factor"), about.get("add_offset")
    if scale is None and offset is None:
        return np.ma.masked_array(raw, missing)
    values = raw * float(1.0 if scale is None else scale)
    return np.ma.masked_array(values + float(0.0 if offset is None else offset), missing)


def _library(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InvalidInputError(
            "risk.package",
            f"reading this file needs the package {name}",
            hint="Install rencheng[data]",
            params={"package": name},
        ) from error


def _unreadable(path: Path, error: Exception) -> InvalidInputError:
    reason = str(error).replace(str(path.parent), "").strip()[:160]
    return InvalidInputError(
        "risk.cube",
        f"{path.name} cannot be read: {reason}",
        hint="Open it with ncdump or xarray; write it again",
        params={"file": path.name, "reason": reason},
    )
