"""`rencheng city export` writes files and says where."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rencheng.adapters.cities.store import Folder
from rencheng.cli import main, speaking
from rencheng.domain.city import City


@pytest.fixture
def tiny_state(tmp_path: Path, tiny_city: City) -> Path:
    speaking.console.cache_clear()
    folder = Folder(tmp_path / "state", "tiny")
    folder.set_current(folder.save(tiny_city).version)
    return tmp_path / "state"


def test_a_folder_of_csv(
    tiny_state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "files"
    main(["city", "export", "tiny", "--format", "csv", "--layers", "zones", "--out", str(out),
          "--state", str(tiny_state), "--lang", "en"])  # fmt: skip
    assert sorted(p.name for p in out.iterdir()) == ["city.json", "layers.csv", "zones.csv"]
    assert str(out) in capsys.readouterr().out.replace("\n", "")


def test_rdls_next_to_the_data(tiny_state: Path, tmp_path: Path) -> None:
    out = tmp_path / "tiny.rdls.json"
    main(["city", "export", "tiny", "--format", "rdls", "--out", str(out),
          "--state", str(tiny_state)])  # fmt: skip
    (dataset,) = json.loads(out.read_text(encoding="utf-8"))["datasets"]
    assert dataset["risk_data_type"] == ["exposure"]


def test_an_unknown_layer_is_named(
    tiny_state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["city", "export", "tiny", "--format", "csv", "--layers", "houses",
              "--out", str(tmp_path / "x"), "--state", str(tiny_state)])  # fmt: skip
    assert "houses" in capsys.readouterr().err
