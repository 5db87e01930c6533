"""How many people the desk needs: Erlang C, from calls, handling time and the promise that is made about waiting.

Calls come at random and wait as long as it takes: that nobody hangs up makes it ask for rather more people than are needed.
Source: A. K. Erlang, 1917; the recursion of the blocking probability is the usual one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from accounts.errors import Usage

#: More people than any desk has; a question that needs more has a slip in it.
MOST_AGENTS = 100_000


@dataclass(frozen=True)
class Load:
    """Calls a period and how long one takes. period_s, handle_s: seconds."""

    calls: float
    period_s: float
    handle_s: float

    def __post_init__(self) -> None:
        for name, value in (("calls", self.calls), ("period", self.period_s), ("handling time", self.handle_s)):
            if not (math.isfinite(value) and value > 0):
                raise Usage(f"the {name} must be more than zero, not {value:g}")

    @property
    def erlangs(self) -> float:
        """People who would be busy all the time if the calls came one after the other."""
        return self.calls * self.handle_s / self.period_s


@dataclass(frozen=True)
class Staffed:
    """What so many people come to. waits: share of callers who wait; level: share answered in time; seconds: mean wait."""

    agents: int
    waits: float
    level: float
    mean_wait_s: float
    occupancy: float


def staffed(load: Load, agents: int, within_s: float) -> Staffed:
    """What callers get with so many people. Raises Usage where there are too few to keep up at all."""
    offered = load.erlangs
    if agents <= offered:
        raise Usage(f"{agents} people cannot keep up with {offered:.2f} erlangs: the queue would grow for ever")
    blocked = 1.0
    for busy in range(1, agents + 1):
        blocked = offered * blocked / (busy + offered * blocked)
    waits = agents * blocked / (agents - offered * (1 - blocked))
    spare = agents - offered
    return Staffed(agents, waits, 1 - waits * math.exp(-spare * within_s / load.handle_s),
                   waits * load.handle_s / spare, offered / agents)


def needed(load: Load, within_s: float, share: float) -> Staffed:
    """The fewest people with whom that share of calls is answered in time. Raises Usage for a share that nothing reaches."""
    if not 0 < share < 1:
        raise Usage(f"the share answered in time must lie between 0 and 1, not {share:g}: nothing but luck answers all of them")
    if not within_s >= 0:
        raise Usage(f"seconds to wait must be zero or more, not {within_s:g}")
    if load.erlangs >= MOST_AGENTS:
        raise Usage(f"{load.erlangs:,.0f} erlangs are more than any desk takes; look at the calls and the handling time")
    agents = math.floor(load.erlangs) + 1
    while (found := staffed(load, agents, within_s)).level < share:
        agents += 1
    return found
