"""A SensorThings service that is empty, and one with a little in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from api_kit import TestClient
from rencheng.domain.city import City
from sensing_kit import Service, filled


@pytest.fixture
def tiny_city(tiny_city: City) -> City:
    """Return the tiny city without sensors of its own: what is counted was made by the test."""
    return replace(tiny_city, datastreams=())


@pytest.fixture
def service(device: Callable[..., TestClient]) -> Service:
    return Service(device("sensors"))


@pytest.fixture
def small(service: Service) -> Service:
    filled(service)
    return service
