"""The HTTP API as tills and partners use it: keys, scopes, writes done once, refusals with their facts."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from accounts.database import Database
from accounts.settings import Settings
from tests.conftest import RunCardwright, TestServer
from tests.prepaid_book import open_book, sell
from web.api import keys
from web.api.routes import api
from web.application import application
from web.logs import without_card_numbers

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


class Till:
    """A client with a key, and an Idempotency-Key of its own for each write unless one is given."""

    def __init__(self, client: TestClient, secret: str) -> None:
        self.client, self.secret, self._sent = client, secret, 0

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {self.secret}"}, **more)

    def post(self, path: str, body: Any, key: str | None = None, **more: Any) -> Any:
        self._sent += 1
        headers = {"Authorization": f"Bearer {self.secret}", "Idempotency-Key": key or f"{self.secret[-8:]}-{self._sent}"}
        return self.client.post(f"/api/v1{path}", json=body, headers=headers, **more)


@pytest.fixture
def client(test_server: TestServer) -> Iterator[TestClient]:
    with test_server.fresh_database() as database:
        with database.connect() as connection:
            open_book(connection)
            sell(connection, "P1", "100.00")
            sell(connection, "G1", "100.00")
            connection.execute("INSERT INTO org_unit VALUES (1, 'HO', 'Head office', 'head_office', NULL),"
                               " (2, 'N1', 'Harbour', 'branch', 1), (3, 'N2', 'Market', 'branch', 1)")
            connection.execute("UPDATE card_account SET org_unit_id = 2 WHERE account = 'A-P1'")
            connection.commit()
        with TestClient(application(database, Settings(), clock=lambda: NOON)) as found:
            found.books = database  # type: ignore[attr-defined]
            yield found


def a_till(client: TestClient, *scopes: str, partner: str = "till-1", org_unit: str | None = None) -> Till:
    with client.books.connect() as connection:  # type: ignore[attr-defined]
        return Till(client, keys.issue(connection, partner, scopes or tuple(keys.SCOPES), org_unit, "wei", NOON)[1])


@pytest.fixture
def till(client: TestClient) -> Till:
    return a_till(client)


def spend(amount: str, ref: str) -> dict[str, str]:
    return {"amount": amount, "ref": ref, "merchant": "Corner shop", "mcc": "5411"}


def test_a_spend_is_done_once_whatever_is_sent_again(till: Till) -> None:
    first = till.post("/cards/G1/spends", spend("10.00", "T1"), key="a")
    assert (first.status_code, first.json()["value"], first.json()["ref"]) == (200, "90.00", "T1")
    again = till.post("/cards/G1/spends", spend("10.00", "T1"), key="a")
    assert (again.status_code, again.json()) == (200, first.json())
    # Another key, the same reference: the till's own mistake is caught by the reference.
    assert till.post("/cards/G1/spends", spend("10.00", "T1"), key="b").json() == first.json()
    other = till.post("/cards/G1/spends", spend("10.01", "T1"), key="a")
    assert (other.status_code, other.json()["type"]) == (422, "urn:cardwright:problem:idempotency_key_reused")
    assert till.post("/cards/G2/spends", spend("10.00", "T1"), key="a").status_code == 422
    # Two honest identical spends: both.
    assert till.post("/cards/G1/spends", spend("10.00", "T2")).json()["value"] == "80.00"
    assert till.get("/cards/G1").json()["value"] == "80.00"


def test_a_refusal_is_told_with_its_numbers_and_again_the_same(till: Till) -> None:
    no = till.post("/cards/G1/spends", spend("100.01", "T1"), key="a")
    assert no.status_code == 409
    assert no.headers["content-type"] == "application/problem+json"
    assert (no.json()["rule"], no.json()["numbers"]) == ("not_enough_value", {"asked": "100.01", "spendable": "100.00"})
    till.post("/cards/G1/loads", {"amount": "50.00", "source": "cash"})
    assert till.post("/cards/G1/spends", spend("100.01", "T1"), key="a").json() == no.json(), "the same answer"
    assert till.post("/cards/G1/spends", spend("100.01", "T1"), key="b").json()["value"] == "49.99"


NO_AMOUNTS = ["0", "0.00", "-1.00", "1.001", "1e3", "9" * 14, "", "１０", "10,00", " 10", 10.5, None, True]


@pytest.mark.parametrize("amount", NO_AMOUNTS)
def test_amounts_that_are_none(till: Till, amount: Any) -> None:
    answer = till.post("/cards/G1/spends", {"amount": amount, "ref": "T1"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "amount" in answer.json()["detail"]
    assert till.get("/cards/G1").json()["value"] == "100.00"


def test_huge_amounts_unknown_fields_and_unreadable_bodies(till: Till) -> None:
    assert till.post("/cards/G1/spends", spend("9999999999999", "T1")).status_code == 409
    assert till.post("/cards/G1/spends", {**spend("1.00", "T1"), "tip": "1.00"}).json()["errors"] == [
        {"field": "tip", "why": "Extra inputs are not permitted"}]
    broken = till.client.post("/api/v1/cards/G1/spends", content=b"{", headers={
        "Authorization": f"Bearer {till.secret}", "Idempotency-Key": "x", "Content-Type": "application/json"})
    assert broken.status_code == 422
    missing = till.client.post("/api/v1/cards/G1/spends", json=spend("1.00", "T1"), headers={
        "Authorization": f"Bearer {till.secret}"})
    assert (missing.status_code, missing.json()["errors"][0]["field"]) == (422, "header.idempotency-key")


def test_a_body_that_is_too_long_is_not_read(till: Till) -> None:
    long = till.post("/cards/G1/spends", {**spend("1.00", "T1"), "merchant": "x" * 70_000})
    assert (long.status_code, long.json()["type"]) == (413, "urn:cardwright:problem:too_long")
    headers = {"Authorization": f"Bearer {till.secret}", "Idempotency-Key": "k", "Content-Type": "application/json"}
    unsaid = till.client.post("/api/v1/cards/G1/spends", headers=headers, content=iter([b"x" * 40_000] * 3))
    assert unsaid.status_code in (400, 413)
    assert till.get("/cards/G1").json()["value"] == "100.00"


def test_unknown_expired_frozen_and_foreign_cards(till: Till, client: TestClient) -> None:
    unknown = till.post("/cards/NOPE/spends", spend("1.00", "T1"))
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:cardwright:problem:not_found")
    assert till.post("/cards/G1/steps", {"step": "freeze"}).status_code == 200
    assert "frozen" in till.post("/cards/G1/spends", spend("1.00", "T2")).json()["detail"]
    assert till.post("/cards/G1/steps", {"step": "unfreeze"}).status_code == 200
    with client.books.connect() as connection:  # type: ignore[attr-defined]
        connection.execute("UPDATE card SET expires_on = '2024-01-04' WHERE card = 'G1'")
    assert "expired" in till.post("/cards/G1/spends", spend("1.00", "T3")).json()["detail"]
    asked = {**spend("1.00", "T4"), "original_amount": "1.00", "original_currency": "XXQ"}
    abroad = till.post("/cards/P1/authorisations", asked)
    assert (abroad.status_code, "XXQ" in abroad.json()["detail"]) == (422, True)


def test_an_authorisation_is_held_cleared_in_parts_and_reversed(till: Till) -> None:
    held = till.post("/cards/P1/authorisations", spend("40.00", "R1")).json()
    assert (held["held_amount"], held["spendable"]) == ("38.00", "62.00")
    part = till.post("/cards/P1/authorisations/R1/clearings", {"amount": "10.00", "ref": "C1", "more_to_come": True})
    assert (part.status_code, part.json()["given_back"]) == (200, "9.50")
    assert till.post("/cards/P1/authorisations/R1/reversals", {}).json()["spendable"] == "90.50"
    again = till.post("/cards/P1/authorisations/R1/clearings", {"amount": "10.00", "ref": "C2"})
    assert (again.status_code, again.json()["rule"]) == (409, "not_held")
    assert till.post("/cards/P1/authorisations/R9/reversals", {}).status_code == 404
    listed = till.get("/cards/P1/authorisations").json()
    assert (listed["count"], listed["items"][0]["state"]) == (1, "reversed")


def test_refunds_with_and_without_an_original(till: Till) -> None:
    till.post("/cards/G1/spends", spend("60.00", "T1"))
    assert till.post("/cards/G1/refunds", {"ref": "B1", "of": "T1", "amount": "20.00"}).json()["value"] == "60.00"
    more = till.post("/cards/G1/refunds", {"ref": "B2", "of": "T1", "amount": "40.01"}).json()
    assert more["numbers"] == {"asked": "40.01", "left": "40.00"}
    assert till.post("/cards/G1/refunds", {"ref": "B3", "amount": "5.00", "merchant": "Market"}).json()["value"] == "65.00"
    assert till.post("/cards/G1/refunds", {"ref": "B4"}).status_code == 422
    assert till.post("/cards/G1/refunds", {"ref": "B5", "of": "T9"}).status_code == 404


def test_a_pay_code_is_told_once_and_kept_nowhere(till: Till, client: TestClient) -> None:
    made = till.post("/cards/G1/pay-codes", {}, key="a").json()
    paid = till.post("/pay-codes/spends", {**spend("10.00", "T1"), "code": made["code"]})
    assert paid.json()["value"] == "90.00"
    again = till.post("/cards/G1/pay-codes", {}, key="a")
    assert (again.status_code, again.json()["type"]) == (409, "urn:cardwright:problem:told_once")
    used = till.post("/pay-codes/spends", {**spend("10.00", "T2"), "code": made["code"]})
    assert (used.status_code, used.json()["rule"]) == (409, "code_used")
    with client.books.connect() as connection:  # type: ignore[attr-defined]
        kept = connection.execute("SELECT string_agg(r::text, '') FROM api_reply r").fetchone()
    assert kept is not None
    assert made["code"] not in kept[0]


def test_one_key_from_two_processes_at_once_is_one_spend(till: Till) -> None:
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(lambda _: till.post("/cards/G1/spends", spend("10.00", "T1"), key="same"), range(24)))
    assert {each.status_code for each in answers} == {200}
    assert len({each.text for each in answers}) == 1
    # Without a reference of their own, loads stand on the key alone.
    with ThreadPoolExecutor(8) as together:
        body = {"amount": "5.00", "source": "cash"}
        loads = list(together.map(lambda _: till.post("/cards/G1/loads", body, key="load"), range(24)))
    assert len({each.text for each in loads}) == 1
    assert till.get("/cards/G1").json()["value"] == "95.00"


def test_a_hot_card_is_never_overdrawn(till: Till) -> None:
    with ThreadPoolExecutor(12) as together:
        answers = list(together.map(lambda number: till.post("/cards/G1/spends", spend("1.00", f"T{number}")), range(130)))
    assert sorted(each.status_code for each in answers) == [200] * 100 + [409] * 30
    assert till.get("/cards/G1").json()["value"] == "0.00"


# -- keys -------------------------------------------------------------------------------------------------------------


def test_no_key_a_wrong_one_and_one_for_something_else(client: TestClient) -> None:
    assert client.get("/api/v1/cards/G1").status_code == 401
    wrong = Till(client, "cw_wrong").get("/cards/G1")
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")
    loads = a_till(client, "load")
    assert loads.get("/cards/G1").json()["detail"] == "this needs a key with scope cards:read; this one has load"
    assert loads.post("/cards/G1/spends", spend("1.00", "T1")).status_code == 403


def test_every_route_names_a_scope_and_refuses_without_a_key(client: TestClient) -> None:
    routes = [(path, method) for path, item in client.get("/api/v1/openapi.json").json()["paths"].items() for method in item]
    assert len(routes) == len(api.routes) >= 16
    for path, method in routes:
        named = path.replace("{closes_on}", "2024-01-28").replace("{", "").replace("}", "")
        answer = client.request(method, named, json={}, headers={"Idempotency-Key": "k"})
        assert answer.status_code == 401, (method, path)
    assert all(route.openapi_extra["x-scope"] in keys.SCOPES for route in api.routes)  # type: ignore[attr-defined]


def test_keys_take_over_from_each_other_and_end(client: TestClient) -> None:
    old = a_till(client, "cards:read")
    with client.books.connect() as connection:  # type: ignore[attr-defined]
        new = Till(client, keys.rotate(connection, "till-1", "wei", NOON)[1])
    assert [each.get("/cards/G1").status_code for each in (old, new)] == [200, 200]
    client.app.state.clock = lambda: NOON + timedelta(days=8)  # type: ignore[attr-defined]
    assert [each.get("/cards/G1").status_code for each in (old, new)] == [401, 200]
    with client.books.connect() as connection:  # type: ignore[attr-defined]
        assert keys.revoke(connection, "till-1", None, "wei", NOON + timedelta(days=8)) == 1
    assert new.get("/cards/G1").status_code == 401


def test_a_key_reads_what_its_branch_keeps_and_pays_with_any_card(client: TestClient) -> None:
    harbour, market = a_till(client, org_unit="N1"), a_till(client, partner="till-2", org_unit="N2")
    assert harbour.get("/cards/P1").status_code == 200
    for path in ("/cards/P1", "/cards/P1/authorisations", "/accounts/A-P1/balance", "/accounts/A-P1/statements"):
        assert market.get(path).status_code == 404, path
    assert market.post("/cards/P1/spends", spend("1.00", "T1")).status_code == 200
    assert harbour.get("/cards/P1").json()["events"][-1]["outlet"] == "N2"


def test_too_many_requests_and_too_many_wrong_keys(client: TestClient, till: Till) -> None:
    client.app.state.limits._requests = type(client.app.state.limits._requests)(3)  # type: ignore[attr-defined]
    answers = [till.get("/cards/G1") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "60"
    wrong = [Till(client, "cw_wrong").get("/cards/G1").status_code for _ in range(31)]
    assert (wrong[29], wrong[30]) == (401, 429)


# -- accounts, watching, documents ------------------------------------------------------------------------------------


def test_balances_now_and_then(till: Till) -> None:
    now = till.get("/accounts/A-P1/balance")
    assert (now.status_code, now.json()["balance"]) == (200, "-100.00")
    assert till.get("/accounts/A-P1/balance", params={"as_of": "2030-01-01"}).status_code == 422
    assert till.get("/accounts/A-P1/balance", params={"as_of": "soon"}).json()["errors"][0]["field"] == "query.as_of"
    assert till.get("/accounts/A-P1/statements").json() == {"count": 0, "items": []}
    assert till.get("/accounts/A-P1/statements/2024-01-28").status_code == 404


def test_health_and_metrics_know_no_card(client: TestClient, till: Till, capsys: pytest.CaptureFixture[str]) -> None:
    till.get("/cards/4111111111111111")
    assert client.get("/health/live").json() == {"status": "alive"}
    assert client.get("/health/ready").json() == {"status": "ready", "business_day": "2024-01-05"}
    metrics = client.get("/metrics").text
    assert 'route="/api/v1/cards/{card}"' in metrics
    assert "4111111111111111" not in metrics + capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card 4111111111111111 is lost", "card …1111 is lost"),
        ("4111 1111 1111 1111 and 5555-5555-5555-4444", "…1111 and …4444"),
        ("ref 4111111111111112, T1-000317", "ref 4111111111111112, T1-000317"),
        ("9" * 30, "9" * 30),
    ],
)
def test_card_numbers_are_taken_out_of_the_log(text: str, shown: str) -> None:
    assert without_card_numbers(text) == shown


def test_connections_that_are_gone_are_found_again(till: Till, client: TestClient) -> None:
    """The server drops every connection, as a restart does: a clear answer or a safe retry, and the spend is done once."""
    with psycopg.connect(client.books.url) as connection:  # type: ignore[attr-defined]
        connection.execute("SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE application_name = 'cardwright web' AND datname = current_database()) ended")
    answers = [till.post("/cards/G1/spends", spend("10.00", "T1"), key="k") for _ in range(4)]
    assert answers[-1].status_code == 200
    assert all(each.status_code == 200 or (each.status_code, each.headers["retry-after"]) == (503, "2") for each in answers)
    assert till.get("/cards/G1").json()["value"] == "90.00"


def test_key_commands(cardwright: RunCardwright, embedded_database: Database, tmp_path: Path) -> None:
    def run(*arguments: str) -> Any:
        return cardwright("api-key", *arguments, database=embedded_database)

    with embedded_database.connect() as connection:
        open_book(connection)
    assert run("issue", "till-1", "--scope", "fly", "--as", "wei").returncode == 2
    assert run("issue", "till-1", "--scope", "spend", "--as", "wei", "--dry-run").stdout == "nothing written (dry run)\n"
    secret = run("issue", "till-1", "--scope", "spend", "--scope", "load", "--as", "wei").stdout.splitlines()[0]
    assert secret.startswith("cw_")
    listed = run("list", "--json").stdout
    assert secret not in listed
    assert '"scopes": ["load", "spend"]' in listed
    assert run("rotate", "till-1", "--as", "wei").returncode == 0
    assert run("revoke", "till-1", "--as", "wei").stdout == "till-1: 2 keys ended\n"
