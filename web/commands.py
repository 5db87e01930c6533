"""`cardwright web`: serves the HTTP API and the consoles."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import Annotated

import typer

from accounts.command_line import BrokerUrl, DatabaseUrl, Home, console, settings_from
from accounts.database import open_book


def web(
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="Port to listen on.")] = 8000,
    processes: Annotated[int, typer.Option("--processes", min=1, max=64, help="How many serve together.")] = 1,
    requests_a_minute: Annotated[int | None, typer.Option("--requests-a-minute", metavar="N", min=1, show_default=False,
                                                          help="Most requests of one partner [6000].")] = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
    broker_url: BrokerUrl = None,
) -> None:
    """Serve the HTTP API until stopped. Put a proxy that speaks TLS before it where others than this machine ask.

    \b
    cardwright web
    cardwright web --host 0.0.0.0 --port 8080 --processes 4
    """
    import uvicorn

    settings = settings_from(home, database_url, broker_url)
    with open_book(settings) as database:
        os.environ |= {"CARDWRIGHT_HOME": str(settings.home), "CARDWRIGHT_DATABASE_URL": database.url,
                       "CARDWRIGHT_WEB_PROCESSES": str(processes)}
        if settings.broker_url is not None:
            os.environ["CARDWRIGHT_BROKER_URL"] = settings.broker_url
        if requests_a_minute is not None:
            os.environ["CARDWRIGHT_WEB_REQUESTS_A_MINUTE"] = str(requests_a_minute)
        counted_in = tempfile.mkdtemp(prefix="cardwright-metrics-") if processes > 1 else None
        if counted_in is not None:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted_in  # where the processes' counters meet
        console.print(f"http://{host}:{port}/api/v1/openapi.json; stop with ctrl-c", markup=False)
        try:
            uvicorn.run("web.application:from_environment", factory=True, host=host, port=port, workers=processes,
                        access_log=False, log_level="warning", server_header=False)
        finally:
            if counted_in is not None:
                shutil.rmtree(counted_in, ignore_errors=True)
