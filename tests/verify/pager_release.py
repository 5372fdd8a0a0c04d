"""The rates of death by country, against the release of PAGER's own program.

The package is in the public domain; its data are read, its code is never imported.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from rencheng.adapters.risk.people.tables import rapid_model

NEEDS = ("esi-utils-pager==1.1.19",)
FILE = "esi_utils_pager/data/fatality.xml"


def judge(folder: Path) -> str:
    """Return how many countries were compared; raise AssertionError when a digit differs."""
    from lxml import etree

    with zipfile.ZipFile(next(folder.glob("esi_utils_pager-*.whl"))) as archive:
        root = etree.fromstring(archive.read(FILE), etree.XMLParser(resolve_entities=False))
    models = root.findall("model[@ccode]")
    for one in models:
        ours = rapid_model(one.get("ccode"))
        there = [float(one.get(n)) for n in ("theta", "beta", "evalnormvalue", "gnormvalue")]
        here = [ours.theta, ours.beta, ours.zeta, ours.g]
        if here != there or ours.is_own != (one.get("status") == "InCountry"):
            raise AssertionError(f"{ours.country}: {here}, there {there}, {one.get('status')}")
    if not models:
        raise AssertionError("the release has no models any more")
    version = root.get("vstr")
    return f"θ, β, ζ and g of {len(models)} countries and regions to the last digit ({version})"
