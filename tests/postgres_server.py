"""A PostgreSQL server of the test's own, run by an unprivileged user in a new folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
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
        words = ("pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", options, "start")
        try:
            self._run(*words)
        except RuntimeError:  # what a killed server left may take a moment to go
            time.sleep(3.0)
            self._run(*words)

    def stop(self, how: str = "fast") -> None:
        """Stop it; `immediate` is a crash: nothing is flushed."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def database(self, name: str) -> str:
        """Make a database and return its address."""
        self._run("createdb", "-h", str(self.folder), "-U", "rencheng", name)
        return f"postgresql://rencheng@/{name}?host={self.folder}"

    def _run(self, program: str, *words: str) -> None:
        # pg_ctl leaves a server behind that would hold a pipe open: so into a file.
        with (self.folder / f"{program}.out").open("w+b") as out:
            done = subprocess.run(
                [str(self.programs / program), *words],
                user=self.user if os.getuid() == 0 else None,
                cwd="/",
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
                stdout=out,
                stderr=out,
                timeout=90,
                check=False,
            )
            out.seek(0)
            said = out.read().decode()[-500:]
        if done.returncode:
            raise RuntimeError(f"{program} failed: {said}\n{self._log()}")

    def _log(self) -> str:
        log = self.folder / "log"
        return log.read_text(encoding="utf-8")[-1500:] if log.exists() else ""


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
