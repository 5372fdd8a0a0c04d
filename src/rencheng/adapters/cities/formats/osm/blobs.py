"""The outer shell of a PBF file: blobs, one after another, each packed by itself."""

from __future__ import annotations

import lzma
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rencheng.domain.errors import InvalidInputError

# Largest header and largest blob that a reader must accept: OpenStreetMap wiki, "PBF Format",
# section "File format". [bytes]
MAX_HEADER, MAX_BLOB = 64 * 1024, 32 * 1024 * 1024
# Features that a file may require of its reader and that this one has; same source, "HeaderBlock".
KNOWN_FEATURES = frozenset({b"OsmSchema-V0.6", b"DenseNodes"})

_PACKINGS = {1: "raw", 3: "zlib", 4: "lzma", 5: "bzip2", 6: "lz4", 7: "zstd"}
# What a broken protobuf, zlib or lzma stream raises.
_BROKEN = (ValueError, IndexError, zlib.error, lzma.LZMAError, EOFError)


@dataclass(frozen=True, slots=True)
class Blob:
    """One unpacked block of data and where it lies in the file."""

    data: bytes
    offset: int
    end: int


def blobs_of(file: Path) -> Iterator[Blob]:
    """Return the data blocks of a PBF file in their order.

    Raises
    ------
    InvalidInputError
        When it is no PBF file, ends in the middle of a blob, holds a blob that does not unpack, is
        packed by a method that is not read here, or requires a feature that is not known.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        at = 0
        while at < size:
            kind, data, end = _next(stream, file, at, size)
            if at == 0:
                if kind != b"OSMHeader":
                    raise _not_pbf(file)
                _check_features(file, data)
            elif kind == b"OSMData":
                yield Blob(data, at, end)
            at = end
    if size == 0:
        raise _not_pbf(file)


def damaged(file: Path, offset: int, problem: str) -> InvalidInputError:
    """Return the error about a blob that cannot be read."""
    share = 100 * offset / max(file.stat().st_size, 1)
    return InvalidInputError(
        "osm.damaged",
        f"{file.name} is damaged at byte {offset} ({share:.1f} % of the file): {problem}",
        hint="Download or copy the file again and compare its checksum; nothing was imported",
        params={"file": file.name, "offset": offset, "percent": share},
    )


def _next(stream: BinaryIO, file: Path, at: int, size: int) -> tuple[bytes, bytes, int]:
    """Return type, data and end of the blob that begins at byte `at`."""
    head = stream.read(4)
    length = int.from_bytes(head, "big")
    if at == 0 and (len(head) < 4 or not 0 < length <= MAX_HEADER):
        raise _not_pbf(file)
    header = stream.read(min(length, MAX_HEADER))
    if len(head) < 4 or (len(header) < length <= MAX_HEADER):
        raise _truncated(file, at, size)
    try:
        if length > MAX_HEADER:
            raise ValueError(f"a blob header of {length} bytes")
        fields = dict(_fields(header))
        kind, extent = fields.get(1), fields.get(3)
        if not isinstance(kind, bytes) or not isinstance(extent, int) or extent > 2 * MAX_BLOB:
            raise ValueError("a blob header without type or with an impossible size")
    except _BROKEN as error:
        if at == 0:
            raise _not_pbf(file) from error
        raise damaged(file, at, str(error)) from error
    end = at + 4 + length + extent
    packed = stream.read(extent)
    if len(packed) < extent:
        raise _truncated(file, at, size)
    try:
        return kind, _unpacked(file, dict(_fields(packed))), end
    except _BROKEN as error:
        raise damaged(file, at, str(error)) from error


def _unpacked(file: Path, fields: dict[int, bytes | int]) -> bytes:
    for number, name in _PACKINGS.items():
        packed = fields.get(number)
        if not isinstance(packed, bytes):
            continue
        if name == "raw":
            data = packed
        elif name == "zlib":
            data = zlib.decompressobj().decompress(packed, MAX_BLOB + 1)
        elif name == "lzma":
            data = lzma.LZMADecompressor().decompress(packed, MAX_BLOB + 1)
        else:
            raise InvalidInputError(
                "osm.packing",
                f"{file.name} is packed with {name}, which is not read here",
                hint=f"Pack it anew: osmium cat {file.name} -o new.osm.pbf -f pbf",
                params={"file": file.name, "packing": name},
            )
        stated = fields.get(2, len(data))
        if len(data) > MAX_BLOB or stated != len(data):
            raise ValueError(f"a blob of {len(data)} bytes that says it has {stated!r}")
        return data
    return b""


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Return number and value of the fields of a small protobuf message."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
        elif wire == 2:
            length, at = _varint(message, at)
            if at + length > len(message):
                raise ValueError("a field that is longer than its message")
            yield number, message[at : at + length]
            at += length
        else:
            raise ValueError(f"a field of wire type {wire}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")


def _check_features(file: Path, header: bytes) -> None:
    try:
        required = [v for number, v in _fields(header) if number == 4 and isinstance(v, bytes)]
    except _BROKEN as error:
        raise damaged(file, 0, str(error)) from error
    unknown = [name.decode("utf-8", "replace") for name in required if name not in KNOWN_FEATURES]
    if unknown:
        raise InvalidInputError(
            "osm.feature",
            f"{file.name} requires of its reader: {', '.join(unknown)}",
            hint="Make an ordinary extract of it, without history: osmium time-filter",
            params={"file": file.name, "features": ", ".join(unknown)},
        )


def _not_pbf(file: Path) -> InvalidInputError:
    return InvalidInputError(
        "osm.not_pbf",
        f"{file.name} is not an OpenStreetMap PBF file",
        hint="Give a file that ends in .osm.pbf; turn .osm or .osm.bz2 into one: osmium cat",
        params={"file": file.name},
    )


def _truncated(file: Path, at: int, size: int) -> InvalidInputError:
    share = 100 * at / max(size, 1)
    return InvalidInputError(
        "osm.truncated",
        f"{file.name} ends at byte {size} inside the blob that begins at byte {at} "
        f"({share:.1f} % of what is there is whole)",
        hint="The download or copy broke off: get the file again; nothing was imported",
        params={"file": file.name, "size": size, "offset": at, "percent": share},
    )
