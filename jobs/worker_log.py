"""What workers have to say: one JSON object a line in the home's logs/worker.log, warnings on stderr too where asked for."""

from __future__ import annotations

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path


class JsonLine(logging.Formatter):
    """A record as one line of JSON: at, level, logger, process, message, and the traceback of an error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name, "process": os.getpid(),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, sort_keys=True)


def worker_log(home: Path) -> Path:
    """Where the workers of a home write."""
    return home / "logs" / "worker.log"


def log_to_home(home: Path) -> None:
    """Send what this process logs to the home's worker.log; to stderr if it cannot be written."""
    handler: logging.Handler
    try:
        worker_log(home).parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(worker_log(home), encoding="utf-8")
    except OSError:
        handler = logging.StreamHandler()
        handler.setLevel(logging.WARNING)
    handler.setFormatter(JsonLine())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # Connections that come and go with the server are its business; what matters of them is logged by jobs.
    for noisy in ("pika", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
