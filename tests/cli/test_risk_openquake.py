"""`rencheng risk openquake` and `convert`: files in, tables out, every fault said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openquake_kit import JOB, whole_job
from rencheng.cli import main


def test_a_job_is_computed_written_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(
        ["risk", "openquake", str(whole_job(tmp_path)), "--out", f"{tmp_path}/out", "--lang", "en"]
    )
    said = capsys.readouterr().out
    assert "2 assets and 4 events were computed" in said
    assert "Total structural: 115" in said
    assert "expected values" in said
    found = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert found["counts"]["assets"] == 2


def test_every_fault_of_a_job_is_said_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = JOB.replace("gmfs_csv = gmf.csv", "").replace("exposure_file = exposure.xml", "")
    job = whole_job(tmp_path, job_ini=bad)
    with pytest.raises(SystemExit):
        main(["risk", "openquake", str(job), "--out", f"{tmp_path}/out", "--lang", "en"])
    said = "".join(capsys.readouterr())
    assert "exposure_file" in said and "gmfs_file" in said
    assert not (tmp_path / "out").exists()


def test_files_are_converted_to_tables_and_back(tmp_path: Path) -> None:
    whole_job(tmp_path)
    ours, back = tmp_path / "ours", tmp_path / "back"
    main(["risk", "convert", f"{tmp_path}/vulnerability.xml", "--out", str(ours)])
    main(["risk", "convert", f"{ours}/vulnerability.toml", "--out", str(back)])
    gmf = ["risk", "convert", f"{tmp_path}/gmf.csv", "--sites", f"{tmp_path}/sites.csv"]
    main([*gmf, "--measure", "PGA", "--years", "20", "--out", str(ours)])
    assert (back / "vulnerability.xml").read_text(encoding="utf-8").count("<imls") == 2
    lines = (ours / "gmf.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "event,lon,lat,intensity,rate" and len(lines) == 4
