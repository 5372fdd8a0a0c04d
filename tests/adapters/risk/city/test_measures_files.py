"""Files of measures that an office hands in."""

from __future__ import annotations

from pathlib import Path

import pytest

from rencheng.adapters.files import data_folder
from rencheng.adapters.risk.city import measures
from rencheng.adapters.risk.city.measures import MeasureFiles
from rencheng.domain.errors import SourceUnavailableError

BODY = (data_folder() / "examples" / "risk" / "measures.toml").read_bytes()


def test_a_full_disk_is_named_and_the_file_that_was_there_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = MeasureFiles(tmp_path)
    files.keep("own", BODY)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(measures, "write_whole", full)
    with pytest.raises(SourceUnavailableError) as error:
        files.keep("own", BODY + b"\n")
    assert error.value.key == "risk.no_room"
    assert [file.read_bytes() for file in files.folder.iterdir()] == [BODY]
