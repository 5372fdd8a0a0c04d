"""The files of a model as they lie: in a folder or in an archive, XML and tables."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rencheng.adapters.cities.files.tabular import as_objects, delimiter_of, encoding_of
from rencheng.adapters.risk.openquake.faults import Found
from rencheng.domain.errors import RenchengError

F64 = NDArray[np.float64]
Texts = NDArray[np.object_]
LARGEST_MB = 500.0
"""What a member of an archive may unpack to. Ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A table with its comment line, every value as text."""

    name: str
    columns: Mapping[str, Texts]
    comment: str
    """The first line, where it begins with `#`: OpenQuake writes what a result rests on there."""
    rows: int

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def numbers(self, name: str, found: Found, *, first_line: int = 2) -> F64:
        """Return a column as numbers, blank as NaN; texts are faults. (rows,)"""
        texts = self.columns[name]
        try:
            return texts.astype(np.float64)
        except ValueError:  # something blank, or no number
            pass
        values = np.full(len(texts), np.nan)
        bad = []
        for i, text in enumerate(texts):
            if text.strip() and text.strip().lower() != "nan":
                try:
                    values[i] = float(text)
                except ValueError:
                    bad.append(f"line {i + first_line}: {text!r}")
        found.add("number", f"{self.name}, {name}", bad)
        return values


class Folder:
    """Where a model lies: the folder of its file, or the archive that holds it.

    Parameters
    ----------
    path
        An XML file, or a zip with one XML file and its tables.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip: Mapping[str, bytes] | None = None

    def model(self, found: Found) -> bytes:
        """Return the XML of the model; empty when there is none, which is noted."""
        if self.path.suffix.lower() != ".zip":
            return read_bytes(self.path, found)
        members = self._members(found)
        names = [name for name in members if name.lower().endswith(".xml")]
        if len(names) != 1:
            found.add("file", self.path.name, f"{len(names)} XML files in the archive")
            return b""
        return members[names[0]]

    def beside(self, name: str, found: Found) -> bytes:
        """Return a file beside the model; one that lies elsewhere is a fault."""
        inner = PurePosixPath(name.replace("\\", "/"))
        if inner.is_absolute() or ".." in inner.parts:
            found.add("folder", self.path.name, name)
            return b""
        if self.path.suffix.lower() != ".zip":
            return read_bytes(self.path.parent / inner, found)
        members = self._members(found)
        if str(inner) not in members:
            found.add("file", self.path.name, name)
        return members.get(str(inner), b"")

    def _members(self, found: Found) -> Mapping[str, bytes]:
        if self._zip is None:
            self._zip = {}
            try:
                with zipfile.ZipFile(self.path) as archive:
                    large = [i for i in archive.infolist() if i.file_size > LARGEST_MB * 1e6]
                    found.add("file", self.path.name, [i.filename for i in large])
                    if not large:
                        self._zip = {name: archive.read(name) for name in archive.namelist()}
            except (OSError, zipfile.BadZipFile) as error:
                found.add("file", self.path.name, str(error))
        return self._zip


def read_bytes(path: Path, found: Found) -> bytes:
    """Return what a file holds; empty when it cannot be read, which is noted."""
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path) as packed:
                return packed.read(int(LARGEST_MB * 1e6))
        return path.read_bytes()
    except (OSError, EOFError, ValueError, zlib.error):  # ValueError: a zero byte in the name
        found.add("file", path.name, path.name)
        return b""


def nrml(body: bytes, name: str, kind: str, found: Found) -> Any:
    """Return the element of a kind inside an NRML document; None when it is not there.

    Parameters
    ----------
    body
        The document.
    name
        What it is called in faults.
    kind
        Such as `exposureModel`.
    """
    from rencheng.service import xml

    if not body:
        return None
    try:
        root = xml.tree(body, what=name)
    except RenchengError as error:
        found.add("xml", name, error.problem)
        return None
    inside = [root, *(one for one in root if xml.name(one))]
    wanted = [one for one in inside if xml.name(one) == kind]
    if not wanted:
        found.add("kind", name, f"{kind} ≠ {', '.join(xml.name(one) for one in inside[:2])}")
        return None
    return wanted[0]


def table(body: bytes, name: str, found: Found, needed: Sequence[str] = ()) -> Columns:
    """Return a CSV, with or without OpenQuake's comment in its first line.

    Parameters
    ----------
    needed
        Columns without which it means nothing; their absence is noted.
    """
    empty = Columns(name=name, columns={}, comment="", rows=0)
    if not body:
        return empty
    encoding = encoding_of(body, is_whole=True)
    if not encoding:
        found.add("file", name, "no text")
        return empty
    text = body.decode(encoding, errors="replace").lstrip("\ufeff")
    comment = ""
    if text.startswith("#"):
        comment, _, text = text.partition("\n")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text.split("\n")[0]))
    limit = csv.field_size_limit(len(text) + 1)  # a polygon is one long field
    try:
        header = [one.strip() for one in next(lines, [])]
        rows = [row for row in lines if any(row)]
    except csv.Error as error:
        found.add("file", name, str(error))
        return empty
    finally:
        csv.field_size_limit(limit)
    ragged = [str(i + 2) for i, row in enumerate(rows) if len(row) != len(header)]
    found.add("ragged", name, ragged)
    rows = [row for row in rows if len(row) == len(header)]
    found.add("columns", name, [one for one in needed if one not in header])
    if any(one not in header for one in needed):
        return empty
    turned = zip(*rows, strict=True) if rows else [()] * len(header)
    columns = {
        one: as_objects([value.strip() for value in values])
        for one, values in zip(header, turned, strict=True)
    }
    return Columns(name=name, columns=columns, comment=comment, rows=len(rows))


def floats(text: str | None, where: str, found: Found) -> F64:
    """Return the numbers of a list in XML; what is none, or infinite, is noted."""
    values = []
    for word in (text or "").split():
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if not np.isfinite(value):
            found.add("number", where, repr(word))
            value = float("nan")
        values.append(value)
    return np.array(values, dtype=np.float64)
