"""Rules of the house that no linter knows: size, purity, words, glossary, no trace of a machine."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "rencheng"
FILES = sorted(SRC.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
STAGES = {"sense", "perceive", "model", "decide", "collaborate", "control", "assess"}
PURE = [f for f in FILES if f.relative_to(SRC).parts[0] in STAGES | {"domain"}]
WORLDLY = {
    "asyncio", "fastapi", "glob", "http", "httpx", "io", "logging", "os", "pathlib", "random",
    "requests", "secrets", "shutil", "socket", "sqlalchemy", "sqlite3", "subprocess", "tempfile",
    "threading", "time", "tomllib", "urllib",
}  # fmt: skip
MAX_LINES, MAX_BODY, MAX_PARAMETERS = 400, 60, 8


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def functions(file: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(tree(file))
    return [n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    args = function.args
    names = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return len([n for n in names if n not in {"self", "cls"}])


def name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_fits_on_a_few_screens(file: Path) -> None:
    assert file.read_text(encoding="utf-8").count("\n") <= MAX_LINES
    assert [f.name for f in functions(file) if body_lines(f) > MAX_BODY] == []


@pytest.mark.parametrize("file", TESTS, ids=name)
def test_a_file_of_tests_has_one_subject(file: Path) -> None:
    assert file.read_text(encoding="utf-8").count("\n") <= MAX_LINES


@pytest.mark.parametrize("file", FILES, ids=name)
def test_takes_few_parameters(file: Path) -> None:
    assert [f.name for f in functions(file) if parameters(f) > MAX_PARAMETERS] == []


@pytest.mark.parametrize("file", PURE, ids=name)
def test_stages_do_not_touch_the_world(file: Path) -> None:
    imported = {
        module.partition(".")[0]
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for module in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
        )
    }
    assert imported & WORLDLY == set()


@pytest.mark.parametrize("file", PURE, ids=name)
def test_stages_read_no_clock(file: Path) -> None:
    calls = {ast.unparse(n.func) for n in ast.walk(tree(file)) if isinstance(n, ast.Call)}
    hidden = {"datetime.now", "datetime.utcnow", "date.today", "np.random.seed", "np.random.rand"}
    assert calls & hidden == set()


@pytest.mark.parametrize("file", [f for f in PURE if "domain" in f.parts], ids=name)
def test_domain_knows_numpy_and_itself_only(file: Path) -> None:
    modules = {
        node.module or ""
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ImportFrom) and node.level == 0
    } | {a.name for n in ast.walk(tree(file)) if isinstance(n, ast.Import) for a in n.names}
    allowed = set(sys.stdlib_module_names) | {"numpy"}
    foreign = {
        m
        for m in modules
        if m.partition(".")[0] not in allowed and not m.startswith("rencheng.domain")
    }
    assert foreign == set()


def test_imports_run_down_only() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout


@cache
def words() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for file in sorted((SRC / "words").glob("*.toml")):
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        twice = found.keys() & table.keys()
        assert not twice, f"{file.name} repeats {sorted(twice)[:3]}"
        found |= table
    return found


def used_keys() -> set[str]:
    """Every message key that stands as a literal in the code."""
    errors = {
        n.name for n in ast.walk(tree(SRC / "domain" / "errors.py")) if isinstance(n, ast.ClassDef)
    } - {"Fault", "RenchengError"}
    keys: set[str] = set()
    for file in FILES:
        for node in ast.walk(tree(file)):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            literal = [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
            if called == "Text":
                keys |= {str(v) for v in literal}
            elif called in errors:
                keys |= {f"error.{v}.{part}" for v in literal for part in ("problem", "hint")}
            elif called == "Fault":
                given = [k.value for k in node.keywords if k.arg == "key"]
                values = [k.value for k in given if isinstance(k, ast.Constant)]
                keys |= {f"fault.{v}.{part}" for v in values for part in ("problem", "hint")}
    return keys


def test_every_sentence_exists_in_both_languages() -> None:
    assert used_keys() - words().keys() == set()
    assert [key for key, text in words().items() if set(text) != {"zh", "en"}] == []


def placeholders(pattern: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(pattern) if field}


def test_both_languages_say_the_same_facts() -> None:
    differing = [
        key for key, text in words().items() if placeholders(text["zh"]) != placeholders(text["en"])
    ]
    assert differing == []


def test_chinese_is_chinese_and_english_is_english() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    assert [k for k, t in words().items() if not han.search(t["zh"])] == []
    assert [k for k, t in words().items() if han.search(t["en"])] == []


def test_chinese_sentences_use_chinese_marks() -> None:
    half = re.compile(r"[\u4e00-\u9fff][,;:!?()\"]|[,;:!?()\"][\u4e00-\u9fff]")
    # These show what to type.
    literal = {
        "error.http.bbox.hint",
        "error.store.address.problem",
        "check.gtfs_time_unread.mend",
        "fault.import.crs.hint",
        "fault.needs.supplier.hint",
    }
    sentences = {
        key: re.sub(r"\{[^}]*\}|\[[^]]*\]", "数", text["zh"]) for key, text in words().items()
    }
    wrong = {key: zh for key, zh in sentences.items() if half.search(zh) and key not in literal}
    assert wrong == {}


def test_every_public_domain_type_has_a_row_in_the_glossary() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    types = {
        node.name
        for file in (SRC / "domain").glob("*.py")
        for node in tree(file).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    assert sorted(t for t in types if f"`{t}`" not in glossary) == []


def tracked() -> list[Path]:
    answer = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in answer.stdout.split("\0") if line and (ROOT / line).is_file()]


def test_no_lock_file_names_a_host() -> None:
    locks = [f for f in tracked() if f.name.endswith((".lock", "package-lock.json", ".npmrc"))]
    assert locks
    assert [f.name for f in locks if re.search(r"https?://", f.read_text(encoding="utf-8"))] == []


def test_nothing_names_a_path_of_one_machine() -> None:
    pattern = re.compile("/" + "work/|/" + "tmp/w/|/" + "root/")
    texts = [f for f in tracked() if f.suffix in {".py", ".md", ".toml", ".ts", ".svelte", ".json"}]
    assert [name(f) for f in texts if pattern.search(f.read_text(encoding="utf-8"))] == []
