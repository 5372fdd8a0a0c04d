"""What the documentation says is run, and what it points to exists."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.S | re.M)
COMMAND = re.compile(r"^(?:\$ )?(make [a-z-]+|rencheng(?: [a-z][a-z-]*)+)", re.M)
SHELL = re.compile(r"^```(?:bash|sh|console)?\n(.*?)^```", re.S | re.M)


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = [t for t in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in t]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_page_is_found_from_the_first_one() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {
        f"{folder}/{page.name}"
        for folder in ("how-to", "explanation")
        for page in (ROOT / "docs" / folder).glob("*.md")
    }
    assert pages - set(LINK.findall(index)) == set()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_in_the_documentation_runs(page: Path) -> None:
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(compile(block, name(page), "exec"), {"__name__": "documentation"})


@pytest.mark.slow
@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("file", EXAMPLES, ids=name)
def test_example_runs(file: Path, state: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "error", str(file)], cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=300, env=os.environ | {"RENCHENG_STATE": str(state)},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip()


def make_targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z0-9-]*):", text, re.M))


def shell_commands() -> set[str]:
    found: set[str] = set()
    for page in PAGES:
        for block in SHELL.findall(page.read_text(encoding="utf-8")):
            found |= set(COMMAND.findall(block))
    return found


def test_every_make_target_in_the_documentation_exists() -> None:
    used = {command.split()[1] for command in shell_commands() if command.startswith("make ")}
    assert used
    assert used - make_targets() == set()


@pytest.mark.parametrize(
    "command", sorted(c for c in shell_commands() if c.startswith("rencheng ")), ids=str
)
def test_every_command_in_the_documentation_exists(command: str) -> None:
    words = command.split()[1:]
    program = [sys.executable, "-m", "rencheng"]
    depth = min(len(words), 2)
    while depth:
        answer = subprocess.run(
            [*program, *words[:depth], "--help"], capture_output=True, text=True, check=False
        )
        if answer.returncode == 0 and "Usage" in answer.stdout:
            return
        depth -= 1
    pytest.fail(f"{command!r} is not a command")
