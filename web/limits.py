"""How often one caller may ask: so that a till that runs wild does not keep the others waiting.

Counted in Redis where the broker is one, so over all processes and hosts; else in each process, which then has its share.
"""

from __future__ import annotations

import math

from limits import RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from accounts.settings import Settings
from web.problems import Refusal
from web.settings import WebSettings


class Limits:
    """Counts requests; raises Refusal (429) for one too many."""

    def __init__(self, settings: Settings, own: WebSettings) -> None:
        shared = (settings.broker_url or "").startswith(("redis://", "rediss://"))
        share = 1 if shared else own.processes
        self._limiter = FixedWindowRateLimiter(storage_from_string(str(settings.broker_url) if shared else "memory://"))
        self._requests = RateLimitItemPerMinute(math.ceil(own.requests_a_minute / share))
        self._failures = RateLimitItemPerMinute(math.ceil(own.failures_a_minute / share))

    def of_partner(self, partner: str) -> None:
        """One more request of a partner."""
        if not self._limiter.hit(self._requests, "partner", partner):
            raise _too_many(f"{partner} sends more than {self._requests.amount} requests a minute to one process")

    def may_try(self, address: str) -> None:
        """Whether an address may still try a key or password."""
        if not self._limiter.test(self._failures, "failures", address):
            raise _too_many("too many wrong keys from this address")

    def failed(self, address: str) -> None:
        """One more wrong key or password."""
        self._limiter.hit(self._failures, "failures", address)


def _too_many(detail: str) -> Refusal:
    return Refusal(429, "too_many_requests", "Too many requests", f"{detail}; go on in a minute", {"Retry-After": "60"})
