"""Payment allocation: what is left of each segment shows in its average daily balance of the cycle after."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.examples.worked.record import CALENDAR_MONTH, NO_MINIMUM, REG_Z, Event, Example, Table

BALANCE = "segment.{}.average_daily_balance"


def rates(allocation: Table | None = None, currency: str = "USD", **segments: Any) -> Table:
    """No grace, no minimum, calendar months; segments by name, with a yearly rate or a row of their own."""
    rows = [{"name": name, "grace": False, **(row if isinstance(row, dict) else {"annual_rate": row})}
            for name, row in segments.items()]
    return {"currency": currency, "cycle": CALENDAR_MONTH, "minimum_payment": NO_MINIMUM, "allocation": allocation or {},
            "interest": {"closing_day_counts": True, "segment": rows}}


def _debits(on: str, **balances: str) -> list[Event]:
    types = {"cash_advance", "balance_transfer"}
    return [(on, name, amount) if name in types else (on, "purchase", amount, {"segment": name})
            for name, amount in balances.items()]


def _left(on: str, **balances: str) -> dict[str, dict[str, Any]]:
    return {on: {BALANCE.format(name): amount for name, amount in balances.items()}}


def _excess(comment: str, shows: str, payment: str, owed: dict[str, str], left: dict[str, str], **segments: str) -> Example:
    return Example(
        f"US-53-{comment}", REG_Z + f"comment 53-{comment.replace('-', '.')}", shows, "2023-04-01", rates(**segments),
        [*_debits("2023-04-01", **owed), ("2023-04-25", "payment", payment)], _left("2023-05-31", **left))


TWO = {"cash_advance": "500.00", "purchase": "1500.00"}
TWO_RATES = {"cash_advance": "0.20", "purchase": "0.15"}
PROMOTION = [
    *_debits("2023-03-31", promotion="500.00", purchase="200.00"), *_debits("2023-04-05", purchase="100.00"),
]


def _changed_rate(as_of: str) -> list[Table]:
    allocation = {"as_of": as_of}
    return [rates(allocation, promotion="0.05", purchase="0.15"),
            {**rates(allocation, promotion="0.18", purchase="0.15"), "in_force_from": date(2023, 4, 15)}]


def deferred(until: str) -> Table:
    """Ordinary purchases at 15 % beside a deferred-interest promotion."""
    return rates(purchase="0.15", promotion={"annual_rate": "0.15", "deferred": True, "until": date.fromisoformat(until)})


def _last_two(part: str, shows: str, until: str, payments: list[str], purchases: dict[str, str]) -> Example:
    return Example(
        "US-53b-2", REG_Z + "comment 53(b)-2", shows, "2023-02-01", deferred(until),
        [*_debits("2023-02-10", promotion="1200.00", purchase="1000.00"), *((on, "payment", "100.00") for on in payments)],
        {on: {BALANCE.format("purchase"): balance} for on, balance in purchases.items()}, part=part,
        reading="Amounts are ours; each payment of 100 that pays the promotion leaves the purchases as they were")


EXAMPLES = [
    _excess("5-i", "800: all of the 500 at 20 %, 300 of the 1,500 at 15 %", "800.00", TWO,
            {"cash_advance": "0.00", "purchase": "1200.00"}, **TWO_RATES),
    _excess("5-ii", "400: all to the 500 at 20 %", "400.00", TWO, {"cash_advance": "100.00", "purchase": "1500.00"},
            **TWO_RATES),
    _excess("5-iii", "500 down three rates: 100, 300, 100", "500.00",
            {"cash_advance": "100.00", "purchase": "300.00", "protected": "600.00"},
            {"cash_advance": "0.00", "purchase": "0.00", "protected": "500.00"},
            cash_advance="0.20", purchase="0.18", protected="0.12"),
    Example(
        "US-53-5-v-A", REG_Z + "comment 53-5.v.A",
        "A deferred-interest purchase counts as 0 % until its last two cycles, then it is paid first; paid off in June",
        "2023-01-01", deferred("2023-06-30"),
        [*_debits("2023-01-01", promotion="1200.00"),
         *((f"2023-{month:02d}-28", "purchase", "200.00") for month in range(1, 7)),
         *((f"2023-{month:02d}-25", "payment", "400.00") for month in range(2, 7))],
        {on: {"segment.purchase.balance_days": days} for on, days in {
            "2023-01-31": "800.00", "2023-02-28": "5000.00", "2023-03-31": "5600.00", "2023-04-30": "5400.00",
            "2023-05-31": "7000.00", "2023-06-30": "11400.00"}.items()} | {"2023-07-31": {"charge.deferred_interest": "0"}},
        reading="Purchases of each month fall on the 28th, after its payment"),
    Example(
        "US-53-2-i-cycle-end", REG_Z + "comment 53-2.i", "As of the last closing: 200 at 15 %, then 200 at 5 %",
        "2023-03-01", _changed_rate("previous_closing"), [*PROMOTION, ("2023-04-25", "payment", "400.00")],
        _left("2023-05-31", promotion="300.00", purchase="100.00")),
    Example(
        "US-53-2-ii-credit-day", REG_Z + "comment 53-2.ii", "As of the payment: 500 at 18 % by then, then 250 of 300 at 15 %",
        "2023-03-01", _changed_rate("payment_date"), [*PROMOTION, ("2023-04-25", "payment", "750.00")],
        _left("2023-05-31", promotion="0.00", purchase="50.00")),
    _last_two("expiry before the due date", "Expiry on 15 June, due on the 25th: April and May are the last two cycles",
              "2023-06-15", ["2023-03-25", "2023-04-25", "2023-05-25"],
              {"2023-04-30": "900.00", "2023-05-31": "900.00"}),
    _last_two("a payment in the cycle of the expiry", "Expiry on 15 June: a payment of 10 June still pays the promotion",
              "2023-06-15", ["2023-03-25", "2023-06-10"], {"2023-05-31": "900.00", "2023-06-30": "1450.00"}),
    _last_two("expiry after the due date", "Expiry on 30 June: May and June are the last two cycles",
              "2023-06-30", ["2023-03-25", "2023-04-25", "2023-05-25", "2023-06-25"],
              {"2023-04-30": "880.00", "2023-05-31": "800.00", "2023-06-30": "800.00"}),
    Example(
        "UK-CONC-674", "FCA Handbook, CONC 6.7.4R, numbers ours", "The whole payment to the highest rate first: 200, then 400",
        "2023-04-01",
        rates({"minimum": ["highest_rate", "oldest"]}, "GBP", cash_advance="0.279", purchase="0.199", balance_transfer="0"),
        [*_debits("2023-04-01", cash_advance="200.00", purchase="500.00", balance_transfer="1000.00"),
         ("2023-04-25", "payment", "600.00")],
        {"2023-05-31": {BALANCE.format("cash_advance"): "0.00", BALANCE.format("purchase"): "100.00"}}),
]
