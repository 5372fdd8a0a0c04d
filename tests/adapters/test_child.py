"""Work in a process of its own: how it ends, and that it never outlives who asked for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from rencheng.adapters import child
from rencheng.adapters.child import LOG, Child
from rencheng.domain.errors import (
    ConflictError,
    CorruptDataError,
    InvalidInputError,
    TooMuchError,
)
from rencheng.service.jobs import Step

TOY = """
import os, sys, time
from pathlib import Path
from rencheng.adapters.child import answer
from rencheng.domain.errors import ConflictError, InvalidInputError
from rencheng.service.jobs import Step

def count(parent):
    for n in range(3):
        parent.tell(Step(step=f"s{n}", share=n / 3))
    return {"found": 3}

def refuse(parent):
    raise InvalidInputError("risk.hour", "no hour", hint="Mend", params={"hour": 25.0})

def wait(parent):
    Path(sys.argv[2]).write_text(str(os.getpid()))
    while not parent.is_stopped():
        time.sleep(0.02)
    raise ConflictError("risk.stopped", "stopped in the child", hint="")

def deaf(parent):
    time.sleep(60)

def eat(parent):
    return len(bytearray(2 << 30))

def chat(parent):
    print("not a line of ours")
    sys.stderr.write("a warning\\n")
    return None

def crash(parent):
    return 1 / 0

if __name__ == "__main__":
    sys.exit(answer(globals()[sys.argv[1]], "risk", memory_mb=float(os.environ.get("MOST", 0))))
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    (tmp_path / "toy_work.py").write_text(TOY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Child(
        module="toy_work", kind="risk",
        stopped=lambda: ConflictError("risk.stopped", "stopped", hint=""),
    )  # fmt: skip


def never() -> bool:
    return False


def quiet(_: Step) -> None: ...


def test_a_child_says_how_far_it_is_and_what_it_came_to(toy: Child, tmp_path: Path) -> None:
    steps: list[Step] = []
    found = toy.work(["count"], tmp_path, steps.append, never)
    assert msgspec.json.decode(found) == {"found": 3}
    assert [one.step for one in steps] == ["s0", "s1", "s2"]


def test_what_a_child_raises_is_raised_here_with_all_it_says(toy: Child, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError) as caught:
        toy.work(["refuse"], tmp_path, quiet, never)
    assert caught.value.params == {"hour": 25.0}


def test_what_else_a_child_writes_disturbs_nothing(toy: Child, tmp_path: Path) -> None:
    assert msgspec.json.decode(toy.work(["chat"], tmp_path, quiet, never)) is None
    assert (tmp_path / LOG).read_text() == "a warning\n"


def test_a_crash_names_its_code_and_leaves_its_reason_in_the_log(
    toy: Child, tmp_path: Path
) -> None:
    with pytest.raises(CorruptDataError) as caught:
        toy.work(["crash"], tmp_path, quiet, never)
    assert (caught.value.key, caught.value.params) == ("risk.died", {"code": 1})
    assert "ZeroDivisionError" in (tmp_path / LOG).read_text()


def test_a_stop_is_heard(toy: Child, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(ConflictError, match="in the child"):
        toy.work(["wait", str(pid)], tmp_path, quiet, pid.exists)
    assert is_gone(int(pid.read_text()))


def test_who_does_not_hear_a_stop_is_ended(
    toy: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "GRACE_S", 0.3)
    with pytest.raises(ConflictError) as caught:
        toy.work(["deaf"], tmp_path, quiet, lambda: True)
    assert caught.value.key == "risk.stopped"


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is of Linux")
def test_who_wants_more_memory_than_it_may_have_fails_with_words(
    toy: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOST", "1024")
    with pytest.raises(TooMuchError) as caught:
        toy.work(["eat"], tmp_path, quiet, never)
    assert caught.value.key == "risk.memory"


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_child_does_not_outlive_a_server_that_is_killed(toy: Child, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    server = (
        "from pathlib import Path; from rencheng.adapters.child import Child\n"
        "Child(module='toy_work', kind='risk', stopped=ValueError).work("
        f"['wait', {str(pid)!r}], Path({str(tmp_path)!r}), print, lambda: False)"
    )
    with subprocess.Popen([sys.executable, "-c", server]) as parent:  # noqa: S603 our own
        wait_for(pid.exists)
        wait_for(lambda: pid.read_text() != "")
        parent.send_signal(signal.SIGKILL)
    wait_for(lambda: is_gone(int(pid.read_text())))
    assert is_gone(int(pid.read_text()))


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and not what():
        time.sleep(0.05)


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
