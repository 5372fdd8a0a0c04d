"""Frozen objects to bytes and back; times to whole microseconds and back."""

from __future__ import annotations

from enum import Enum
from threading import Lock
from typing import Any, TypeVar

import msgspec
import numpy as np

from rencheng.domain.errors import CorruptDataError

T = TypeVar("T")


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be stored")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoders: dict[type[Any], msgspec.msgpack.Decoder[Any]] = {}
_making = Lock()


def _decoder(kind: type[T]) -> msgspec.msgpack.Decoder[T]:
    """Return the decoder of a kind: made by one thread, for msgspec looks a type up unguarded."""
    found = _decoders.get(kind)
    if found is None:
        with _making:
            found = _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
    return found


def encode(item: object) -> bytes:
    """Return `item` as MessagePack, which keeps NaN, infinity and microseconds."""
    return _encoder.encode(item)


def decode(body: bytes, kind: type[T]) -> T:
    """Return the object, or raise `CorruptDataError` when the bytes are not one of its kind."""
    try:
        return _decoder(kind).decode(body)
    except (msgspec.DecodeError, ValueError) as error:
        raise CorruptDataError(
            "store.row",
            f"a stored {kind.__name__} cannot be read: {error}",
            hint="Stop the program and restore the last copy of the state folder",
            params={"kind": kind.__name__},
        ) from error


def column_text(value: object) -> str:
    """Return a field as the text that `where` compares."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
