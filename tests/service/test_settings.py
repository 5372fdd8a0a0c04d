"""Settings that an office states outside the program."""

from __future__ import annotations

import pytest

from rencheng.bootstrap.wiring import office_settings
from rencheng.domain.errors import InvalidInputError


def test_the_age_of_months_that_are_compacted_can_be_set() -> None:
    assert office_settings("").history_days == 92.0
    assert office_settings("30").history_days == 30.0
    for wrong in ("soon", "0", "nan", "-1"):
        with pytest.raises(InvalidInputError):
            office_settings(wrong)
