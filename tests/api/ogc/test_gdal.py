"""What QGIS does: GDAL's own driver for OGC API Features reads a live server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from rencheng.adapters.exports.contents import MAP_LAYERS
from rencheng.bootstrap import Brain
from rencheng.domain.city import City

pyogrio = pytest.importorskip("pyogrio")
pytestmark = pytest.mark.skipif(
    "OAPIF" not in pyogrio.list_drivers(), reason="this GDAL has no driver for OGC API Features"
)
# GDAL holds Python's lock while it waits for the server, so that it needs a process of its own.
CLIENT = """
import json, sys
import pyogrio

def read(place, layer, **options):
    if "bbox" in options:
        options["bbox"] = tuple(options["bbox"])
    meta, _, shapes, columns = pyogrio.raw.read(place, layer=layer, **options)
    names = [str(name) for name in meta["fields"]]
    return {"count": len(shapes), "columns": dict(zip(names, [c.tolist() for c in columns]))}

def layers(place):
    return {
        str(name): {k: pyogrio.read_info(place, layer=name)[k] for k in ("features", "crs")}
        for name, _ in pyogrio.list_layers(place)
    }

place, calls = sys.argv[1], json.loads(sys.argv[2])
for name, *rest in calls:
    arguments, options = (rest + [[], {}])[:2] if rest else ([], {})
    print(json.dumps({"layers": layers, "read": read}[name](place, *arguments, **options)))
"""
Gdal = Callable[..., list[Any]]


@pytest.fixture
def gdal(app: FastAPI, brain: Brain) -> Iterator[Gdal]:
    """Return a function that lets GDAL read a live server; it signs in by Basic with a token."""
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    address = "{}:{}".format(*server.servers[0].sockets[0].getsockname())
    secret, _ = brain.identity.create_token("planner", "qgis")

    def gdal(*calls: Any, token: str = secret) -> list[Any]:
        proxies = {"http_proxy": "", "HTTP_PROXY": "", "no_proxy": "127.0.0.1"}
        signs = {"GDAL_HTTP_USERPWD": f"planner:{token}", "GDAL_HTTP_AUTH": "BASIC"}
        answer = subprocess.run(
            [sys.executable, "-c", CLIENT, f"OAPIF:http://{address}/ogc", json.dumps(calls)],
            env=os.environ | proxies | signs, capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr[-600:]
        return [json.loads(line) for line in answer.stdout.splitlines()]

    yield gdal
    server.should_exit = True
    thread.join(10)


def test_gdal_finds_every_layer(gdal: Gdal, tiny_city: City) -> None:
    (layers,) = gdal(["layers"])
    assert list(layers) == list(MAP_LAYERS)
    for name, table in MAP_LAYERS.items():
        assert layers[name]["features"] == table.count(tiny_city)
        assert "CRS84" in layers[name]["crs"]


def test_gdal_reads_every_feature_over_many_pages(gdal: Gdal, tiny_city: City) -> None:
    (found,) = gdal(["read", ["buildings"], {"PAGE_SIZE": 7}])
    table = tiny_city.buildings
    assert found["count"] == 60
    assert found["columns"]["curve"] == [table.curves[i] for i in table.curve]
    assert found["columns"]["occupants_night"] == pytest.approx(table.occupants[0].tolist())
    assert [int(one) for one in found["columns"]["id"]] == table.id.tolist()


def test_gdal_asks_for_a_box_and_for_a_value(gdal: Gdal, tiny_city: City) -> None:
    west, south, east, north = tiny_city.bbox
    half = (west, south, (west + east) / 2, north)
    inside, hospitals = gdal(
        ["read", ["buildings"], {"bbox": half}],
        ["read", ["facilities"], {"where": "kind = 'hospital'"}],
    )
    assert inside["count"] == (tiny_city.buildings.xy[:, 0] <= half[2]).sum()
    assert hospitals["columns"]["kind"] == ["hospital"] * 2


def test_gdal_is_refused_without_a_token(gdal: Gdal) -> None:
    with pytest.raises(AssertionError, match=r"DataSourceError|401"):
        gdal(["layers"], token="wrong")
