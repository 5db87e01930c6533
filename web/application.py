"""The web application: the HTTP API, what watches over it, and the consoles, in one process or several."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from importlib.metadata import version
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest, multiprocess
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from accounts.database import Database
from accounts.errors import CardwrightError
from accounts.settings import Settings, read_settings
from web.api.asking import now_utc
from web.api.description import describe
from web.api.routes import api
from web.limits import Limits
from web.logs import REQUESTS, SECONDS, log, set_up_logs
from web.pool import open_pool
from web.problems import BUSY, MEDIA_TYPE, SECONDS_UNTIL_AGAIN, Refusal, busy, problem, problem_of
from web.settings import WebSettings

TITLE = "Cardwright"
#: A request to the API is a few hundred bytes long.
MOST_BYTES = 65_536
ABOUT = (
    "Cards, accounts, authorisations and prepaid value. Amounts are strings in major units; every write needs an "
    "Idempotency-Key; refusals are problem documents (RFC 9457)."
)


def from_environment() -> FastAPI:
    """The application of one worker process: its settings come from the environment, which `cardwright web` has set."""
    set_up_logs()
    settings, own = read_settings(), WebSettings()
    assert settings.database_url is not None, "`cardwright web` names the database"
    return application(Database(settings.database_url, settings.statement_timeout), settings, own)


def application(database: Database, settings: Settings, own: WebSettings | None = None,
                clock: Callable[[], datetime] = now_utc) -> FastAPI:
    """The application on these books; clock: UTC."""
    own = own or WebSettings()

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = open_pool(database)
        yield
        app.state.pool.close()

    app = FastAPI(title=TITLE, version=version("cardwright"), lifespan=living, docs_url=None,
                  redoc_url=None, openapi_url="/api/v1/openapi.json", separate_input_output_schemas=False,
                  description=ABOUT)
    app.state.clock, app.state.limits = clock, Limits(settings, own)
    app.include_router(api)
    app.openapi = lambda: describe(app)  # type: ignore[method-assign]
    _watch(app)
    _tell_problems(app)
    app.add_middleware(Watched, limits=app.state.limits)
    return app


def _watch(app: FastAPI) -> None:
    @app.get("/health/live", include_in_schema=False)
    def live() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/health/ready", include_in_schema=False)
    def ready() -> dict[str, str]:
        with app.state.pool.connection() as connection:
            row = connection.execute("SELECT open_on FROM book").fetchone()
        return {"status": "ready", "business_day": str(row[0]) if row and row[0] else "none"}

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        own = WebSettings()
        if own.processes == 1:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def _sent(facts: dict[str, object], status: int, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(facts, status, headers, media_type=MEDIA_TYPE)


def _refused(request: Request, error: Refusal) -> JSONResponse:
    return _sent(problem(error.status, error.name, error.title, error.detail, request.state.request_id), error.status,
                 error.headers)


def _tell_problems(app: FastAPI) -> None:
    @app.exception_handler(CardwrightError)
    def of_a_room(request: Request, error: CardwrightError) -> JSONResponse:
        facts = problem_of(error, request.state.request_id)
        return _sent(facts, facts["status"])

    @app.exception_handler(Refusal)
    def of_http(request: Request, error: Refusal) -> JSONResponse:
        if error.status == 401:
            app.state.limits.failed(_address(request))
        return _refused(request, error)

    @app.exception_handler(RequestValidationError)
    def of_a_field(request: Request, error: RequestValidationError) -> JSONResponse:
        fields = [{"field": ".".join(str(part) for part in each["loc"] if part != "body") or "body", "why": each["msg"]}
                  for each in error.errors()]
        said = "; ".join(f"{each['field']}: {each['why']}" for each in fields)
        return _sent(problem(422, "fields", "A field cannot be taken", said, request.state.request_id, errors=fields), 422)

    @app.exception_handler(HTTPException)
    def of_starlette(request: Request, error: HTTPException) -> JSONResponse:
        name = {400: "unreadable", 404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http")
        return _sent(problem(error.status_code, name, error.detail, error.detail, request.state.request_id), error.status_code,
                     dict(error.headers or {}))

    def of_the_books(request: Request, error: Exception) -> JSONResponse:
        log.warning("the books cannot be reached", reason=str(error).strip().splitlines()[:1])
        # What the pool holds may be broken as well: it is looked at now, not once for each request to come.
        app.state.pool.check()
        return _sent(busy(request.state.request_id), 503, {"Retry-After": str(SECONDS_UNTIL_AGAIN)})

    for kind in BUSY:
        app.add_exception_handler(kind, of_the_books)


class Watched:
    """An id for each request, a line in the log, a tick on the counters; the path is told by its route, without codes."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app, self.limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, from its first byte to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        fine = given.isascii() and given.isalnum() and len(given) <= 64
        request_id = request.state.request_id = given if fine else uuid4().hex
        status, began = 500, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            if request.url.path.startswith("/api/"):
                self.limits.may_try(_address(request))
                receive = _no_more_than(MOST_BYTES, request, receive)
            await self.app(scope, receive, sending)
        except Refusal as refused:
            await _refused(request, refused)(scope, receive, sending)
        except Exception:
            log.exception("a request failed", request=request_id)
            said = "this is a fault of ours; the log has it under the request's id"
            await _sent(problem(500, "internal", "Something broke", said, request_id), 500)(scope, receive, sending)
        finally:
            seconds, route = time.perf_counter() - began, getattr(scope.get("route"), "path", "none")
            REQUESTS.labels(route, request.method, status).inc()
            SECONDS.labels(route, request.method).observe(seconds)
            log.info("request", request=request_id, route=route, method=request.method, status=status,
                     milliseconds=round(seconds * 1000, 1), partner=getattr(request.state, "partner", None))


def _no_more_than(most: int, request: Request, receive: Receive) -> Receive:
    """The body of a request as it comes in, up to so many bytes: what says or turns out to be longer is refused."""
    said = request.headers.get("content-length", "0")
    if not said.isdigit() or int(said) > most:
        raise _too_long(most)
    came = 0

    async def receiving() -> Message:
        nonlocal came
        message = await receive()
        came += len(message.get("body", b""))
        if came > most:
            raise _too_long(most)
        return message

    return receiving


def _too_long(most: int) -> Refusal:
    said = f"a request to the API has at most {most:,} bytes; this one has more"
    return Refusal(413, "too_long", "The body is too long", said)


def _address(request: Request) -> str:
    return request.client.host if request.client else "none"
