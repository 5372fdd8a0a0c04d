"""`rencheng serve`: starts fast, says clearly what is wrong, and stops when it is told."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rencheng.adapters.cities.store import Folder
from rencheng.bootstrap import must_be_alone
from rencheng.cli.serve import must_be_free, set_aside
from rencheng.domain.city import City
from rencheng.domain.errors import ConflictError, InvalidInputError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def rencheng(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rencheng", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_busy_port_is_named_with_the_next_one(taken: int) -> None:
    with pytest.raises(ConflictError) as caught:
        must_be_free("127.0.0.1", taken)
    assert caught.value.key == "cli.port_busy"
    assert caught.value.params["next"] == taken + 1


def test_a_busy_port_ends_the_command_with_a_sentence(taken: int) -> None:
    done = rencheng("serve", "--check-port", "--port", str(taken), "--lang", "zh")
    assert done.returncode == 1
    assert f"端口 {taken} 已被其他程序占用" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("port", [0, -1, 70_000])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InvalidInputError):
        must_be_free("127.0.0.1", port)


def test_a_folder_serves_one_server_at_a_time(tmp_path: Path) -> None:
    first = must_be_alone(tmp_path)
    with pytest.raises(ConflictError) as caught:
        must_be_alone(tmp_path)
    assert caught.value.key == "bootstrap.taken"
    first.close()
    must_be_alone(tmp_path).close()


def test_a_half_written_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "rencheng.sqlite").write_bytes(b"half a file")
    done = rencheng("serve", "--state", str(tmp_path), "--port", str(free_port()), "--lang", "en")
    assert done.returncode == 1
    assert "rencheng.sqlite" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(("lang", "word"), [("zh", "应当是文件夹"), ("en", "should be a folder")])
def test_a_file_in_place_of_the_state_folder_is_named(tmp_path: Path, lang: str, word: str) -> None:
    (tmp_path / "state").write_text("not a folder")
    words = ["serve", "--state", str(tmp_path / "state"), "--port", str(free_port())]
    done = rencheng(*words, "--lang", lang)
    assert done.returncode == 1
    assert word in done.stderr and "Traceback" not in done.stderr


def test_a_city_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    done = rencheng("serve", "--state", str(tmp_path), "--port", str(free_port()), "--lang", "en")
    assert done.returncode == 1
    assert "rencheng city build" in done.stderr and "Traceback" not in done.stderr


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_what_is_loaded_is_left_out_of_the_search_for_garbage() -> None:
    loaded = [[] for _ in range(1000)]  # type: ignore[var-annotated]
    usual = gc.get_threshold()
    gc.disable()
    try:
        set_aside()
        searched = {id(one) for one in gc.get_objects()}
        assert gc.isenabled()
        assert not searched & {id(one) for one in loaded}
    finally:
        gc.enable()
        gc.unfreeze()
        gc.set_threshold(*usual)


@pytest.mark.slow
def test_a_server_starts_serves_and_stops(city: City, state: Path, tmp_path: Path) -> None:
    (tmp_path / "packages").symlink_to(state / "packages")
    Folder(tmp_path, city.id).save(city)
    Folder(tmp_path, city.id).set_current(city.version)
    port = free_port()
    command = [sys.executable, "-m", "rencheng", "serve", "--demo", "--city", city.id]
    command += ["--port", str(port), "--state", str(tmp_path), "--lang", "zh"]
    env = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "Ctrl+C" in line:
                break
        assert f"http://127.0.0.1:{port}" in said and "duty" in said
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v1/health", trust_env=False)
        assert answer.json() == {"status": "ok"}
        assert "server" not in answer.headers
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        process.wait(20)
        assert time.monotonic() - began < 15
