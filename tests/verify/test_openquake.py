"""The judges of OpenQuake's cases, where its wheel has been fetched by `make verify`."""

from __future__ import annotations

from pathlib import Path

import pytest
from openquake_cases import CHECKS, LEAST, judge
from openquake_files import Expected, compare
from openquake_rest import LEFT_OUT, left_out

WHEEL = "openquake_engine-*.whl"
ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "verify"


@pytest.mark.slow
def test_published_cases_are_matched_to_the_printed_digits(tmp_path: Path) -> None:
    wheels = list(CACHE.glob(WHEEL))
    if not wheels:
        pytest.skip("OpenQuake's wheel is not here: `make verify` fetches it and runs this judge")
    (tmp_path / wheels[0].name).symlink_to(wheels[0])
    assert judge(tmp_path).startswith(f"{LEAST} of 86 expected files matched")


def test_the_documentation_says_what_the_judge_says() -> None:
    said = (ROOT / "docs/explanation/models.md").read_text(encoding="utf-8")
    assert f"**{LEAST} of 86 expected files matched" in said


def test_a_number_one_digit_off_is_seen() -> None:
    there = Expected([{"loss_type": "structural", "loss": "4.12367E+02"}], ("loss_type",))
    assert compare(there, {("structural",): {"loss": 412.3671}}) == 1
    for other in (412.366, 412.368, float("nan")):
        with pytest.raises(AssertionError, match=r"4\.12367E\+02 there"):
            compare(there, {("structural",): {"loss": other}})


def test_rows_that_are_missing_there_or_here_are_seen() -> None:
    there = Expected([{"loss_type": "a", "loss": "1.0E+00"}], ("loss_type",))
    mine = {("a",): {"loss": 1.0}}
    with pytest.raises(AssertionError, match="no row"):
        compare(there, {})
    with pytest.raises(AssertionError, match="not there"):
        compare(there, {**mine, ("b",): {"loss": 2.0}})
    assert compare(there, {**mine, ("b",): {"loss": 0.0}}) == 1


def test_no_file_is_both_held_and_left_out() -> None:
    held = {one.file for one in CHECKS}
    assert len(held) == len(CHECKS)
    doubtful = {file for file in held if left_out(file)}
    assert {LEFT_OUT["gmf_ebrisk/case_6/expected/"]} == {left_out(file) for file in doubtful}
