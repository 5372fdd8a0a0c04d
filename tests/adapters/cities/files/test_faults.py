"""What is wrong with a file is said at once, and archives that attack are refused."""

import ast
import zipfile
from pathlib import Path

import numpy as np
import pytest

import rencheng.adapters.cities as cities
from rencheng.adapters.cities.files.faults import Faults, check_size, is_inside, open_zip
from rencheng.adapters.cities.readers import Job
from rencheng.adapters.words import catalogue
from rencheng.domain.errors import InvalidInputError, TooMuchError
from rencheng.domain.finding import Severity


def test_a_fault_keeps_count_first_ids_and_places():
    faults = Faults("zones")
    faults.add("nothing", Severity.ERROR, [])
    found = faults.add("x", "warning", np.arange(9), np.ones((9, 2)), column="people")
    assert len(found) == 1
    assert (found[0].count, found[0].first) == (9, ("0", "1", "2", "3", "4"))
    assert found[0].places[0] == (1.0, 1.0)
    assert found[0].text.params == {"n": 9, "column": "people"}


def test_ten_gigabytes_do_not_fit_two(tmp_path):
    file = tmp_path / "big.parquet"
    with file.open("wb") as sparse:
        sparse.truncate(10_000_000_000)
    with pytest.raises(TooMuchError, match="needs about 10000 MB"):
        check_size(file, Job(memory_mb=2048))


def test_an_empty_or_absent_file_is_named(tmp_path):
    (tmp_path / "none.csv").touch()
    for name in ("none.csv", "absent.csv"):
        with pytest.raises(InvalidInputError, match=name):
            check_size(tmp_path / name, Job())


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path):
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"0" * 70_000_000)
    with pytest.raises(TooMuchError, match="times its size"), open_zip(file, Job()):
        pass


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:/x", "..\\x"])
def test_a_member_that_leads_out_is_refused(tmp_path, name):
    assert not is_inside(name)
    file = tmp_path / "out.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(InvalidInputError, match="lead out"), open_zip(file, Job()):
        pass


def test_a_file_that_is_no_archive_is_named(tmp_path):
    file = tmp_path / "a.zip"
    file.write_bytes(b"PK not a zip")
    with pytest.raises(InvalidInputError, match=r"a\.zip"), open_zip(file, Job()):
        pass


def test_an_honest_archive_is_opened(tmp_path):
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("folder/a.csv", b"1,2")
    with open_zip(file, Job()) as archive:
        assert archive.namelist() == ["folder/a.csv"]


def calls():
    for file in sorted(Path(cities.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                yield ast.unparse(node.func), str(node.args[0].value)


def test_every_finding_and_fault_of_a_file_has_its_sentences():
    found = {key for name, key in calls() if name.endswith("faults.add")}
    wrong = {key for name, key in calls() if name == "_fault" and key.startswith("reading.")}
    assert len(found) > 30
    assert len(wrong) > 3
    needed = {f"check.{key}{end}" for key in found for end in ("", ".mend")}
    needed |= {f"fault.{key}.{end}" for key in wrong for end in ("problem", "hint")}
    assert needed - catalogue().keys() == set()
