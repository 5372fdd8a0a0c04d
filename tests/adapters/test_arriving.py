"""Files on their way in: too large, a disk that fills up, kept or not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from rencheng.adapters import arriving
from rencheng.adapters.arriving import Arriving
from rencheng.domain.errors import SourceUnavailableError, TooMuchError


def too_large(most: int) -> TooMuchError:
    return TooMuchError("risk.file_large", "too large", hint="", params={"limit_mb": most})


@pytest.fixture
def coming(tmp_path: Path) -> Iterator[Arriving]:
    made = Arriving(tmp_path / "new", 10, too_large=too_large, kind="risk")
    yield made
    made.close()


def test_what_arrived_lies_whole_in_its_place(coming: Arriving, tmp_path: Path) -> None:
    coming.write(b"abc")
    assert coming.finish() == hashlib.sha256(b"abc").hexdigest()[:16]
    coming.move(tmp_path / "new" / "a.csv")
    coming.close()
    assert [file.read_bytes() for file in (tmp_path / "new").iterdir()] == [b"abc"]


def test_what_is_not_kept_leaves_nothing(coming: Arriving, tmp_path: Path) -> None:
    coming.write(b"abc")
    with pytest.raises(TooMuchError):
        coming.write(b"x" * 8)
    coming.close()
    assert list((tmp_path / "new").iterdir()) == []


def test_a_disk_that_fills_up_is_named(coming: Arriving, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(arriving.os, "fsync", fail)
    with pytest.raises(SourceUnavailableError) as caught:
        coming.finish()
    assert caught.value.key == "risk.no_room" and "No space" in str(caught.value.params["why"])


def test_a_disk_that_is_nearly_full_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arriving, "SPARE", 1 << 60)
    with pytest.raises(SourceUnavailableError):
        Arriving(tmp_path, 10, too_large=too_large, kind="risk")
    assert list(tmp_path.iterdir()) == []
