"""What was asked and how it went: a line of JSON a request on stderr, counters for Prometheus; no card number in either."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from stdnum import luhn
from structlog.typing import EventDict, Processor

REQUESTS = Counter("cardwright_http_requests", "Requests by route, method and status.", ("route", "method", "status"))
SECONDS = Histogram("cardwright_http_request_seconds", "How long requests took.", ("route", "method"),
                    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5))

#: A card number has 12 to 19 digits, written together or in groups.
_DIGITS = re.compile(r"(?<!\d)\d(?:[ -]?\d){11,18}(?!\d)")


def without_card_numbers(text: str) -> str:
    """A text in which nothing that could be a card number is left but its last four digits."""
    return _DIGITS.sub(lambda found: _shortened(found.group()), text)


def _shortened(found: str) -> str:
    digits = re.sub(r"\D", "", found)
    return f"…{digits[-4:]}" if luhn.is_valid(digits) else found


def _redacted(_: Any, __: str, event: EventDict) -> EventDict:
    return {name: without_card_numbers(value) if isinstance(value, str) else value for name, value in event.items()}


def set_up_logs() -> None:
    """Lines of JSON on stderr, for this process."""
    processors: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True), structlog.processors.format_exc_info, _redacted,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
    structlog.configure(processors=processors, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
                        logger_factory=structlog.PrintLoggerFactory(sys.stderr), cache_logger_on_first_use=True)


log: Any = structlog.get_logger("cardwright.web")
