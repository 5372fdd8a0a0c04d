"""A study that does not fit names a memory that is enough, and none that it has."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from rencheng.domain.errors import TooMuchError
from rencheng.model.risk.uncertain.memory import Carry, Sizes, room

few, many = st.integers(1, 50), st.integers(1, 300_000)
SIZES = st.builds(
    Sizes, events=many, assets=many, samples=st.integers(1, 20_000), groups=few, stored=many,
    largest=few, points=many, items=many, kinds=few, most_kinds=few, members=st.integers(1, 3),
)  # fmt: skip
CARRIES = st.builds(
    Carry, periods=st.booleans(), events=st.booleans(), assets=st.booleans(),
    asset_samples=st.booleans(),
)  # fmt: skip


@given(SIZES, CARRIES, st.floats(1.0, 5000.0))
def test_the_memory_that_is_named_is_more_and_is_enough(
    sizes: Sizes, carry: Carry, budget_mb: float
) -> None:
    need: object = None
    try:
        room(carry, sizes, budget_mb)
    except TooMuchError as error:
        need = error.params["need"]
    assume(need is not None)
    assert isinstance(need, int) and need > budget_mb
    assert room(carry, sizes, float(need)).lanes >= 1
