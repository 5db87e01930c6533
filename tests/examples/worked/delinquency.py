"""Late from when, sixty days, penalty rate and its cure, rates that end."""

from __future__ import annotations

from datetime import date

from tests.examples.worked.allocation import rates
from tests.examples.worked.fees_late import FEE_ON, TENTH, late
from tests.examples.worked.record import REG_Z, Event, Example, Table

INTEREST_FIRST = {"minimum": ["interest"], "excess": ["interest"]}
MISSED = {"kind": "fixed", "amount": "25.00"}
APRIL: list[Event] = [("2023-03-10", "purchase", "500.00"), ("2023-04-10", "purchase", "500.00")]


def penalty(after_days: int, minimum: Table, purchase: str = "0.15") -> Table:
    """15 % a year, 28 % after so many days past due; due on the 15th."""
    terms = rates(INTEREST_FIRST, purchase=purchase)
    interest = {**terms["interest"], "penalty": {"annual_rate": "0.28", "after_days_past_due": after_days}}
    return {**terms, "cycle": {"closing_day": 31, "due_day": 15}, "interest": interest, "minimum_payment": minimum}


def _late(part: str, shows: str, paid: list[Event], past_due: str, fees_on: dict[str, str], minimum: str = "150.00") -> Example:
    expected: dict[str, dict[str, object]] = {on: {FEE_ON: day} for on, day in fees_on.items()}
    expected["2023-04-30"] |= {"past_due": past_due, "days_past_due": 5, "minimum_payment_due": minimum}
    return Example("US-5b2-2", REG_Z + "comment 5(b)(2)(ii)-2", shows, "2023-03-01", late(MISSED), [*APRIL, *paid], expected,
                   part=part)


#: What was due on 15 March (50) and 15 April (150) is unpaid.
MARCH: list[Event] = [("2023-02-10", "purchase", "500.00"), ("2023-03-10", "purchase", "500.00")]


def _sixtieth(part: str, shows: str, paid: tuple[str, str], days: str, interest: str) -> Example:
    terms = penalty(60, TENTH)
    terms["allocation"] = {"minimum": ["principal"], "excess": ["principal"]}
    return Example(
        "US-55b4-1", REG_Z + "comment 55(b)(4)-1", f"{shows}: {days}", "2023-02-01", terms,
        [*MARCH, (paid[0], "payment", paid[1])],
        {"2023-02-28": {"minimum_payment_due": "50.00"}, "2023-03-31": {"minimum_payment_due": "150.00"},
         "2023-05-31": {"interest": interest}}, part=part,
        reading="The comment gives dates and minimums; the balance of 1,000 and the rates are ours")


YEAR_2022: list[Event] = [
    ("2022-02-10", "purchase", "5000.00"), ("2022-07-10", "payment", "250.00"),
    *((f"2022-{month:02d}-10", "payment", "50.00") for month in range(8, 13)),
]
PERCENT = {"parts": [{"percent": "0.01", "of": "principal"}], "add": ["past_due"]}

EXAMPLES = [
    _late("nothing paid", "50 due on 25 April, nothing paid: late from the 26th", [], "50.00",
          {"2023-04-30": "2023-04-26", "2023-05-31": "2023-05-26"}),
    _late("part paid", "30 of 50 paid in time: late all the same", [("2023-04-20", "payment", "30.00")], "20.00",
          {"2023-04-30": "2023-04-26"}, "117.00"),
    _late("next minimum", "The 150 of the next statement are late from 26 May, not before", [], "50.00",
          {"2023-04-30": "2023-04-26", "2023-05-31": "2023-05-26"}),
    _sixtieth("paid on the sixtieth day", "The oldest 50 paid on 14 May", ("2023-05-14", "50.00"), "no day at 28 %", "12.37"),
    _sixtieth("part paid on the sixtieth day", "40 of them paid on 14 May", ("2023-05-14", "40.00"),
               "17 days at 28 %", "18.26"),
    Example(
        "US-55b4-3-iv-A", REG_Z + "comment 55(b)(4)-3.iv.A",
        "Penalty rate from July; after six minimums on time it ends with December",
        "2022-02-01", penalty(107, PERCENT), YEAR_2022,
        {"2022-06-30": {"interest": "61.64", "minimum_payment_due": "250.00"}, "2022-07-31": {"interest": "118.90"},
         "2022-12-31": {"interest": "118.90"}, "2023-01-31": {"interest": "63.70"}},
        reading="The 45 days of notice lie in after_days_past_due; the cure is of the whole account"),
    Example(
        "US-55a-1-iii-B", REG_Z + "comment 55(a)-1.iii.B", "Due 15 June: more than 60 days late from 15 August on",
        "2023-05-01",
        penalty(60, PERCENT), [("2023-05-10", "purchase", "5000.00")],
        {"2023-08-31": {"interest": "93.97"}}, part="sixty days", reading="14 days of August at 15 %, 17 at 28 %, on 5,000"),
    Example(
        "US-55a-1-iii-B", REG_Z + "comment 55(a)-1.iii.B", "45 days after the notice of that day: from 29 September on",
        "2023-05-01", penalty(105, PERCENT), [("2023-05-10", "purchase", "5000.00")],
        {"2023-09-30": {"interest": "65.21"}}, part="notice", reading="28 days of September at 15 %, 2 at 28 %, on 5,000"),
    Example(
        "US-55b-3-iii-C", REG_Z + "comment 55(b)-3.iii.C", "After a promotion each part goes back to its own terms",
        "2022-08-01",
        rates(purchase="0.15", first={"annual_rate": "0.13"}, second={"annual_rate": "0.16"}, **{
            f"promotion_{name}": {"annual_rate": "0.05", "until": date(2023, 3, 31), "revert_to": name}
            for name in ("purchase", "first", "second")}),
        [("2022-08-10", "purchase", "1000.00", {"segment": "promotion_purchase"}),
         ("2022-08-15", "purchase", "500.00", {"segment": "promotion_first"}),
         ("2022-11-15", "purchase", "300.00", {"segment": "promotion_second"})],
        {"2023-03-31": {"segment.promotion_purchase.interest": "4.25", "segment.purchase.interest": "0.00"},
         "2023-04-30": {"segment.purchase.interest": "12.33", "segment.first.interest": "5.34",
                        "segment.second.interest": "3.95"}},
        reading="The variable rates stand on an index of 3 %"),
]
