"""The API keeps to its own description: whatever schemathesis draws from it, and nothing answers with a fault of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from accounts.database import Database
from accounts.settings import Settings
from tests.conftest import TestServer
from tests.prepaid_book import open_book, sell
from web.api import keys
from web.application import application
from web.settings import WebSettings

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
DESCRIBED = Path(__file__).parents[2] / "docs" / "reference" / "schemas" / "openapi.json"
#: Application of the module's books and a key; made once, the draws add to the books.
BOOK: dict[str, Any] = {}


@pytest.fixture(scope="module", autouse=True)
def book(embedded_test_server: TestServer) -> Iterator[None]:
    with embedded_test_server.fresh_database() as database:
        with database.connect() as connection:
            open_book(connection)
            sell(connection, "P1", "5000.00")
            sell(connection, "G1", "1000.00")
            BOOK["secret"] = keys.issue(connection, "schema", tuple(keys.SCOPES), None, "wei", NOON)[1]
        unbounded = WebSettings(requests_a_minute=10**6, failures_a_minute=10**6)
        BOOK["app"] = application(database, Settings(), unbounded, clock=lambda: NOON)
        yield


DOCUMENT = json.loads(DESCRIBED.read_text())
OPERATIONS = [(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item]


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda each: each)
def test_the_api_is_as_it_describes_itself(method: str, path: str) -> None:
    operation = schemathesis.openapi.from_asgi("/api/v1/openapi.json", BOOK["app"])[path][method]

    @given(operation.as_strategy(), st.booleans())
    @settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    def answers_as_described(case: Any, of_the_books: bool) -> None:
        # Half of the draws are of cards and accounts that are there, or nothing would ever be done.
        for name, value in (("card", "P1"), ("account", "A-P1")):
            if of_the_books and name in (case.path_parameters or {}):
                case.path_parameters[name] = value
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {BOOK['secret']}"}
        # A description cannot say that three decimals are too many for this account, or that a key is used.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    answers_as_described()


def test_the_description_in_the_documentation_is_of_this_release(embedded_database: Database) -> None:
    app = application(embedded_database, Settings())
    assert json.loads(json.dumps(app.openapi())) == DOCUMENT, "run `make docs`"


def test_the_description_is_openapi_3_1_and_every_operation_says_its_scope() -> None:
    document = BOOK["app"].openapi()
    assert document["openapi"].startswith("3.1")
    operations = [each for item in document["paths"].values() for each in item.values()]
    assert all(each["x-scope"] in keys.SCOPES for each in operations)
    assert all({"401", "403", "404", "409", "422", "429", "503"} <= each["responses"].keys() for each in operations)
