"""Prepaid value on real books: told by date, asked twice, at its limits, by many at once, and against a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from accounts.database import Database
from accounts.errors import CardwrightError
from counter.card_changes import CardTaken, change_state, extend, freeze, replace_card
from counter.card_life import NotPossible
from counter.card_told import card_told
from counter.holding import NotEnough, NotPrepaid, RefStandsFor, Told, UnknownCard
from counter.prepaid import MoreThanSpent, NoSuchSpend, Sale, activate, give_bonus, load, redeem, refund, spend, transfer
from fees.prepaid import LimitReached
from statements.verify import verify
from statements.verify_scope import Scope
from tests.prepaid_book import GIFT_CARD, LAN, OK_CARD, open_book, run_days, sell

SHOP = Sale("Corner shop", "5411")


@pytest.fixture
def book(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as connection:
        open_book(connection)
        yield connection
        connection.rollback()
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def ref(text: str) -> Told:
    return Told("till-1", text)


def holds(connection: psycopg.Connection[Any], card: str) -> tuple[str, str]:
    facts = card_told(connection, card)
    return facts["value"], facts["spendable"]


def test_a_card_from_its_sale_to_its_redemption(book: psycopg.Connection[Any]) -> None:
    assert activate(book, "P1", "500.00", "cash", LAN)["value"] == "500.00"
    give_bonus(book, "P1", "18.00", "issuer", "2024-01-31", LAN)
    book.commit()
    told = spend(book, "P1", "100.00", ref("T1"), SHOP)
    assert (told["discount"], told["paid"], told["value"]) == ("5.00", "95.00", "423.00"), "5 % off; the bonus went first"
    spend(book, "P1", "23.00", ref("T2"), SHOP)
    back = refund(book, "P1", "T1", "40.00", ref("R1"))
    assert (back["refunded"], back["discount_returned"], back["value"]) == ("40.00", "2.00", "439.15")
    book.commit()
    run_days(book, date(2024, 1, 28))
    with pytest.raises(MoreThanSpent, match=r"60.01 is to be refunded and 60.00 of the spend is left"):
        refund(book, "P1", "T1", "60.01", ref("R2"))
    rest = refund(book, "P1", "T1", None, ref("R2"))
    assert (rest["refunded"], rest["discount_returned"], rest["value"]) == ("60.00", "3.00", "496.15")
    lots = card_told(book, "P1")["lots"]
    assert [(each["purse"], each["remaining"]) for each in lots] == [("principal", "478.15"), ("bonus", "18.00")]
    book.commit()
    run_days(book, date(2024, 2, 1))
    assert holds(book, "P1") == ("478.15", "478.15"), "nobody used the bonus in January"
    with pytest.raises(LimitReached, match="paid out from 2024-02-04 on"):
        redeem(book, "P1", LAN, "holder's account")
    run_days(book, date(2024, 2, 3))
    out = redeem(book, "P1", LAN, "holder's account")
    assert (out["fee"], out["paid_out"], out["status"], out["value"]) == ("4.78", "473.37", "closed", "0.00")
    book.commit()
    run_days(book, date(2024, 2, 28))
    rows = book.execute("SELECT closes_on, payments, credits, purchases, fees, adjustments, new_balance FROM statement"
                        " WHERE account_id = 1 ORDER BY closes_on").fetchall()
    assert rows == [(date(2024, 1, 28), 50000, 1800 + 615 + 3800, 12300, 0, 0, -43915),
                    (date(2024, 2, 28), -47337, 5700, 0, 478, 1800, 0)]


def test_the_same_request_twice_is_one_and_another_under_its_reference_is_refused(book: psycopg.Connection[Any]) -> None:
    sell(book, "P1", "100.00")
    once = spend(book, "P1", "10.00", ref("T1"), SHOP)
    book.commit()
    assert spend(book, "P1", "10.00", ref("T1"), SHOP) == once
    assert spend(book, "P1", "10.00", ref("T2"), SHOP)["line"] != once["line"], "two honest spends of one amount"
    with pytest.raises(RefStandsFor, match=r"ref T1 already stands for spend with amount 10\.00"):
        spend(book, "P1", "10.01", ref("T1"), SHOP)
    with pytest.raises(RefStandsFor):
        load(book, "P1", "10.00", "cash", ref("T1"))
    book.commit()
    assert holds(book, "P1") == ("81.00", "81.00")
    assert book.execute("SELECT count(*) FROM counter_event WHERE command = 'spend'").fetchone() == (2,)


@pytest.mark.parametrize("amount", ["0", "-1", "1.999", "ten", "", "1e5", "１０", "9999999999999999999"])
def test_what_is_no_amount_is_refused_and_changes_nothing(book: psycopg.Connection[Any], amount: str) -> None:
    sell(book, "P1", "100.00")
    for ask in (lambda: spend(book, "P1", amount, ref("T1"), SHOP), lambda: load(book, "P1", amount, "cash", LAN)):
        with pytest.raises(CardwrightError):
            ask()
        book.rollback()
    assert holds(book, "P1") == ("100.00", "100.00")


def test_a_card_gives_to_the_last_cent_and_not_one_more(book: psycopg.Connection[Any]) -> None:
    sell(book, "G1", "100.00")
    with pytest.raises(NotEnough, match=r"100.01 was asked for and 100.00 can be spent"):
        spend(book, "G1", "100.01", ref("T1"), SHOP)
    book.rollback()
    spend(book, "G1", "100.00", ref("T1"), SHOP)
    book.commit()
    with pytest.raises(NotEnough, match=r"0.01 was asked for and 0.00"):
        spend(book, "G1", "0.01", ref("T2"), SHOP)


def test_unknown_frozen_and_unsold_cards_say_so(book: psycopg.Connection[Any]) -> None:
    with pytest.raises(UnknownCard, match="no card 'P99'"):
        spend(book, "P99", "1.00", ref("T1"), SHOP)
    with pytest.raises(NotPossible, match="is issued, and spend is for cards that are active"):
        spend(book, "P1", "1.00", ref("T1"), SHOP)
    sell(book, "P1", "100.00")
    sell(book, "P2", "100.00")
    freeze(book, "P1", True, LAN)
    for ask in (lambda: spend(book, "P1", "1.00", ref("T1"), SHOP), lambda: transfer(book, "P1", "P2", None, LAN)):
        with pytest.raises(NotPossible, match="is frozen"):
            ask()
    load(book, "P1", "1.00", "cash", LAN)
    freeze(book, "P1", False, LAN)
    spend(book, "P1", "1.00", ref("T1"), SHOP)
    with pytest.raises(NoSuchSpend, match="no spend with ref 'T9'"):
        refund(book, "P1", "T9", None, ref("R1"))
    book.commit()


def test_a_credit_card_holds_no_value(database: Database) -> None:
    from tests.small_book import build

    with database.connect() as connection:
        build(connection, accounts=3)
        connection.execute("UPDATE book SET first_on = DATE '2024-03-01', open_on = DATE '2024-03-01'")
        row = connection.execute("SELECT card FROM card ORDER BY card_id LIMIT 1").fetchone()
        assert row is not None
        with pytest.raises(NotPrepaid, match="classic is a credit product"):
            load(connection, row[0], "10.00", "cash", LAN)
        assert change_state(connection, row[0], "report_lost", LAN)["status"] == "lost"
        connection.rollback()


def test_a_lost_card_is_replaced_and_its_refund_finds_the_new_one(book: psycopg.Connection[Any]) -> None:
    sell(book, "P1", "100.00")
    spend(book, "P1", "40.00", ref("T1"), SHOP)
    change_state(book, "P1", "report_lost", Told("lan", reason="left in a taxi"))
    with pytest.raises(NotPossible, match="is lost"):
        spend(book, "P1", "1.00", ref("T2"), SHOP)
    told = replace_card(book, "P1", "P1-2", LAN)
    assert (told["status"], told["value"]) == ("replaced", "47.00"), "15.00 for the new card"
    with pytest.raises(NotPossible, match="is replaced"):
        freeze(book, "P1", False, LAN)
    change_state(book, "P1-2", "report_stolen", LAN)
    with pytest.raises(CardTaken, match="P2 is on the books already"):
        replace_card(book, "P1-2", "P2", LAN)
    book.rollback()  # to the sale
    spend(book, "P1", "40.00", ref("T1"), SHOP)
    change_state(book, "P1", "report_lost", LAN)
    replace_card(book, "P1", "P1-2", Told("lan", reason="issuer_fault"))
    assert refund(book, "P1-2", "T1", "20.00", ref("R1"))["value"] == "81.00", "no fee for what is the issuer's fault"
    assert refund(book, "P1", "T1", "20.00", ref("R2"))["value"] == "100.00", "the old number still takes refunds"
    replaced = book.execute("SELECT c.card FROM card c JOIN card n ON n.replaces_card_id = c.card_id WHERE n.card = 'P1-2'")
    assert replaced.fetchone() == ("P1",)
    book.commit()


def test_nobody_reports_a_bearers_card_lost_and_nobody_redeems_it(book: psycopg.Connection[Any]) -> None:
    sell(book, "G1", "100.00")
    with pytest.raises(LimitReached, match="loss_unregistered"):
        change_state(book, "G1", "report_lost", LAN)
    with pytest.raises(LimitReached, match="not_redeemable"):
        redeem(book, "G1", LAN, "anyone")
    sell(book, "P1", "50.00")
    with pytest.raises(LimitReached, match="registered_to_unregistered"):
        transfer(book, "P1", "G1", "10.00", LAN, "wei")
    book.rollback()


def test_purchases_split_over_the_day_need_a_name(database: Database) -> None:
    terms = {**GIFT_CARD, "prepaid": {**GIFT_CARD["prepaid"], "identify_purchase_from": "500.00"}}
    with database.connect() as connection:
        open_book(connection, terms=(OK_CARD, terms))
        for card in ("G1", "G2"):
            activate(connection, card, "490.00", "cash", LAN, buyer="ID-7")
        with pytest.raises(LimitReached, match=r"3 purchases just under 500\.00 on one day"):
            activate(connection, "G3", "490.00", "cash", LAN, buyer="ID-7")
        activate(connection, "G3", "490.00", "cash", LAN, buyer="ID-8")
        activate(connection, "G4", "490.00", "cash", LAN, buyer="ID-7", identified=True)
        connection.rollback()


def test_value_of_an_expired_card_is_kept_and_lives_again_when_it_is_extended(database: Database) -> None:
    with database.connect() as connection:
        open_book(connection, expires_on=date(2024, 1, 31))
        sell(connection, "G1", "100.00")
        spend(connection, "G1", "30.00", ref("T1"), SHOP)
        connection.commit()
        run_days(connection, date(2024, 2, 1))
        assert card_told(connection, "G1")["status"] == "expired"
        assert holds(connection, "G1") == ("70.00", "0.00")
        with pytest.raises(NotPossible, match="is expired"):
            spend(connection, "G1", "1.00", ref("T2"), SHOP)
        assert refund(connection, "G1", "T1", "5.00", ref("R1"))["value"] == "75.00"
        told = extend(connection, "G1", LAN)
        assert (told["status"], told["expires_on"], told["value"], told["spendable"]) == (
            "active", "2024-05-02", "65.00", "65.00"), "three months from the day of the extension, for 10.00"
        spend(connection, "G1", "65.00", ref("T2"), SHOP)
        connection.commit()
        run_days(connection, date(2024, 2, 28))
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def test_cards_that_lie_idle_pay_once_a_month_and_never_more_than_they_hold(database: Database) -> None:
    terms = {**OK_CARD, "currency": "CNY", "prepaid": {"dormancy": {"after_months": 2, "fee": "40.00"}}}
    with database.connect() as connection:
        open_book(connection, terms=(terms, GIFT_CARD))
        sell(connection, "P1", "100.00")
        run_days(connection, date(2024, 3, 4))
        assert holds(connection, "P1") == ("100.00", "100.00")
        for until, value in ((date(2024, 3, 5), "60.00"), (date(2024, 4, 5), "20.00"), (date(2024, 5, 5), "0.00"),
                             (date(2024, 6, 6), "0.00")):
            run_days(connection, until)
            assert holds(connection, "P1")[0] == value
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def test_a_hot_card_never_goes_below_zero_and_never_loses_a_spend(database: Database) -> None:
    with database.connect() as connection:
        open_book(connection)
        sell(connection, "G1", "100.00")

    def till(number: int) -> Counter[str]:
        came_to: Counter[str] = Counter()
        with database.connect() as mine:
            for attempt in range(40):
                try:
                    spend(mine, "G1", "1.00", ref(f"T{number}-{attempt}"), SHOP)
                    mine.commit()
                    came_to["spent"] += 1
                except NotEnough:
                    mine.rollback()
                    came_to["refused"] += 1
        return came_to

    with ThreadPoolExecutor(8) as tills:
        total = sum(tills.map(till, range(8)), Counter())
    assert total == {"spent": 100, "refused": 220}
    with database.connect() as connection:
        assert holds(connection, "G1") == ("0.00", "0.00")
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


def test_transfers_both_ways_at_once_do_not_wait_for_each_other(database: Database) -> None:
    with database.connect() as connection:
        open_book(connection)
        sell(connection, "G1", "500.00")
        sell(connection, "G2", "500.00")

    def move(cards: tuple[str, str]) -> None:
        with database.connect() as mine:
            for _ in range(20):
                transfer(mine, *cards, "7.00", LAN, "wei")
                mine.commit()

    with ThreadPoolExecutor(2) as both:
        list(both.map(move, [("G1", "G2"), ("G2", "G1")]))
    with database.connect() as connection:
        assert [holds(connection, card)[0] for card in ("G1", "G2")] == ["500.00", "500.00"]
        assert [each for each in verify(connection, Scope()) if each.first_bad is not None] == []


# -- against a model ----------------------------------------------------------------------------------------------------

CARDS = st.sampled_from(["G1", "G2", "G3"])
CENTS = st.integers(1, 60_000)


class Counters(RuleBasedStateMachine):
    """Loads, spends, refunds, freezes, transfers in any order: the books hold what simple sums say."""

    connection: psycopg.Connection[Any]

    def __init__(self) -> None:
        super().__init__()
        self.connection.execute("SAVEPOINT begun")
        self.value: Counter[str] = Counter()
        self.frozen: set[str] = set()
        self.spent: dict[str, list[Any]] = {}
        self.number = 0
        for card in ("G1", "G2", "G3"):
            activate(self.connection, card, "100.00", "cash", LAN)
            self.value[card] = 10_000

    def teardown(self) -> None:
        bad = [each for each in verify(self.connection, Scope()) if each.first_bad is not None]
        self.connection.execute("ROLLBACK TO begun")
        assert bad == []

    def told(self) -> Told:
        self.number += 1
        return Told("till", f"N{self.number}")

    def tried(self, may: bool, ask: Any) -> bool:
        """Whether the command was done; the books refuse just what the model refuses, and nothing of it is kept."""
        self.connection.execute("SAVEPOINT tried")
        try:
            ask()
        except CardwrightError:
            self.connection.execute("ROLLBACK TO tried")
            assert not may
            return False
        assert may
        return True

    @rule(card=CARDS, cents=CENTS)
    def load(self, card: str, cents: int) -> None:
        may = self.value[card] + cents <= 100_000
        if self.tried(may, lambda: load(self.connection, card, _text(cents), "cash", self.told())):
            self.value[card] += cents

    @rule(card=CARDS, cents=CENTS)
    def spend(self, card: str, cents: int) -> None:
        told = self.told()
        may = card not in self.frozen and cents <= self.value[card]
        if self.tried(may, lambda: spend(self.connection, card, _text(cents), told, SHOP)):
            self.value[card] -= cents
            self.spent[str(told.ref)] = [card, cents]

    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        if not self.spent:
            return
        name = data.draw(st.sampled_from(sorted(self.spent)))
        card, left = self.spent[name]
        cents = data.draw(st.integers(1, max(2 * left, 1)))
        if self.tried(cents <= left, lambda: refund(self.connection, card, name, _text(cents), self.told())):
            self.value[card] += cents
            self.spent[name][1] -= cents

    @rule(card=CARDS, frozen=st.booleans())
    def freeze(self, card: str, frozen: bool) -> None:
        freeze(self.connection, card, frozen, LAN)
        (self.frozen.add if frozen else self.frozen.discard)(card)

    @rule(card=CARDS, to_card=CARDS, cents=CENTS)
    def transfer(self, card: str, to_card: str, cents: int) -> None:
        may = (card != to_card and card not in self.frozen and cents <= self.value[card]
               and self.value[to_card] + cents <= 100_000)
        if self.tried(may, lambda: transfer(self.connection, card, to_card, _text(cents), self.told(), "wei")):
            self.value[card] -= cents
            self.value[to_card] += cents

    @invariant()
    def what_is_held_is_what_the_model_says(self) -> None:
        for card in ("G1", "G2", "G3"):
            assert Decimal(card_told(self.connection, card)["value"]) * 100 == self.value[card]


def _text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def test_any_order_of_commands_comes_to_what_a_model_says(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        open_book(connection)
        machine = type("Counters", (Counters,), {"connection": connection})
        run_state_machine_as_test(machine, settings=settings(
            max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)))
        connection.rollback()
