import numpy as np
import pytest

from rencheng.decide.travel import driving, straight_m, travel_s, walking


def test_walkers_go_both_ways_and_cars_do_not(tiny_city):
    from dataclasses import replace

    roads = replace(tiny_city.roads, direction=np.ones(31, dtype=np.int8))
    forth, back = np.array([0]), np.array([4])
    open_ = np.ones(31, dtype=bool)
    assert travel_s(driving(roads, open_), forth, back)[0, 0] == pytest.approx(150.0)
    assert np.isinf(travel_s(driving(roads, open_), back, forth)[0, 0])
    assert travel_s(walking(roads, 1.5), back, forth)[0, 0] == pytest.approx(1000.0)


def test_a_blocked_link_is_gone_round(tiny_city):
    open_ = np.ones(31, dtype=bool)
    open_[0] = False
    time = travel_s(driving(tiny_city.roads, open_), np.array([0]), np.array([1]))
    assert time[0, 0] == pytest.approx((333 + 375 + 333) / 10)


def test_the_quicker_of_parallel_links_counts(tiny_city):
    from dataclasses import replace

    roads = tiny_city.roads
    doubled = replace(
        roads, start=np.r_[roads.start, 0].astype(np.int32),
        end=np.r_[roads.end, 1].astype(np.int32),
        direction=np.r_[roads.direction, 0].astype(np.int8),
        length_m=np.r_[roads.length_m, 100].astype(np.float32),
        speed_m_s=np.r_[roads.speed_m_s, 10].astype(np.float32),
    )  # fmt: skip
    time = travel_s(driving(doubled, np.ones(32, dtype=bool)), np.array([0]), np.array([1]))
    assert time[0, 0] == pytest.approx(10.0)


def test_distance_agrees_with_a_known_one():
    # 1.673 degrees of latitude are 186.0 km, 0.424 of longitude at 30.7° S 40.5 km.
    serena, epicentre = np.array([[-71.25, -29.90]]), np.array([[-71.674, -31.573]])
    assert straight_m(serena, epicentre)[0, 0] == pytest.approx(190_400, rel=0.01)
