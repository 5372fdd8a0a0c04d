"""A PostgreSQL server of the test's own, run by an unprivileged user in a new folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _programs() -> Path | None:
    """Return the folder of the newest server's programs, None when there is no server."""
    found = shutil.which("initdb")
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    return folders[-1].parent if folders else Path(found).parent if found else None


class Server:
    """A server that can be started, killed and started again."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        # The server refuses to run as root: then it runs as nobody.
        self.user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        if os.getuid() == 0:
            shutil.chown(folder, self.user)
        self._run(
            "initdb", "-D", str(folder / "data"), "-U", "rencheng", "-A", "trust", "-E", "UTF8"
        )

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=100"
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self._run("pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """Stop it; `immediate` is a crash: nothing is flushed."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def database(self, name: str) -> str:
        """Make a database and return its address."""
        self._run("createdb", "-h", str(self.folder), "-U", "rencheng", name)
        return f"postgresql://rencheng@/{name}?host={self.folder}"

    def _run(self, program: str, *words: str) -> None:
        done = subprocess.run(
            [str(self.programs / program), *words],
            user=self.user if os.getuid() == 0 else None,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            timeout=90,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {(done.stderr or b'').decode()[-500:]}")


@contextmanager
def running() -> Iterator[Server]:
    """Give a running server; skip, saying why, where there is none."""
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    programs = _programs()
    if programs is None:
        pytest.skip("no PostgreSQL server here: tests/contract/postgres.sh says how to get one")
    folder = Path(tempfile.mkdtemp(prefix="rencheng-pg-"))
    try:
        server = Server(folder, programs)
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
