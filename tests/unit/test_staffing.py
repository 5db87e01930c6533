"""Erlang C against published values: 100 calls of 3 minutes in half an hour, the example of pyworkforce's documentation."""

from __future__ import annotations

import pytest

from accounts.errors import Usage
from service.staffing import Load, needed, staffed

LOAD = Load(100, 1800, 180)


def test_the_published_example() -> None:
    found = needed(LOAD, 20, 0.8)
    assert (found.agents, round(found.waits, 5), round(found.level, 5)) == (14, 0.17413, 0.88835)
    assert (round(found.mean_wait_s, 3), round(found.occupancy, 4)) == (7.836, 0.7143)


@pytest.mark.parametrize(("agents", "level"), [(14, 0.837), (15, 0.906), (16, 0.948), (17, 0.973), (18, 0.986)])
def test_what_three_seconds_cost(agents: int, level: float) -> None:
    assert round(staffed(LOAD, agents, 3).level, 3) == level


@pytest.mark.parametrize("share", [0.5, 0.8, 0.95, 0.999])
def test_one_fewer_would_not_do(share: float) -> None:
    found = needed(LOAD, 20, share)
    assert found.level >= share
    if found.agents > LOAD.erlangs + 1:
        assert staffed(LOAD, found.agents - 1, 20).level < share


def test_a_desk_of_thousands_is_worked_out_too() -> None:
    found = needed(Load(1_000_000, 3600, 30), 20, 0.8)
    assert 8333 < found.agents < 8500


@pytest.mark.parametrize(("calls", "handle", "share", "said"), [
    (0, 180, 0.8, "calls must be more than zero"), (100, -1, 0.8, "handling time"), (100, 180, 1, "between 0 and 1"),
    (float("nan"), 180, 0.8, "calls"), (10**12, 180, 0.8, "more than any desk takes"),
])
def test_what_makes_no_sense(calls: float, handle: float, share: float, said: str) -> None:
    with pytest.raises(Usage, match=said):
        needed(Load(calls, 1800, handle), 20, share)


def test_too_few_cannot_keep_up() -> None:
    with pytest.raises(Usage, match="the queue would grow for ever"):
        staffed(LOAD, 10, 20)
