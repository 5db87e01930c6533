"""UK: the FCA's Consumer Credit sourcebook (CONC), the Consumer Credit Act, and the OFT's threshold for default charges."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from fees.rule_packs.account import account, cycle_dates, due_dates, event
from fees.rule_packs.allocation import not_highest_rate_first
from fees.rule_packs.check import Breach, Case, Check, RulePack, Source, given
from fees.rule_packs.dearer import notice
from fees.rule_packs.late_fees import most, most_of
from fees.rule_packs.minimum_covers import minimum_covers
from fees.terms_values import plain

DEFAULT_CHARGE = Decimal(12)


def _allocation(case: Case) -> Iterator[Breach]:
    for order in ("minimum", "excess"):
        yield from not_highest_rate_first(case.terms, order)


def _default_charges(case: Case) -> Iterator[Breach]:
    terms = case.terms
    late, returned, over = terms.fees.late_payment, terms.fees.returned_payment, terms.fees.over_limit
    charges: list[tuple[str, Decimal | None]] = []
    if late is not None:
        first, repeated = most(late)
        charges.append(("late_payment", None if first is None or repeated is None else max(first, repeated)))
    charges += [(name, most_of(fee)) for name, fee in (("returned_payment", returned), ("over_limit", over)) if fee is not None]
    opened_on, closings = cycle_dates(terms)
    due = due_dates(terms, closings)[0]
    for name, amount in charges:
        if terms.currency == "GBP" and (amount is None or amount > DEFAULT_CHARGE):
            costs = "has no cap" if amount is None else f"can be {plain(amount)}"
            events = [event(opened_on, "purchase", 10000)]
            if name == "returned_payment":
                events += [event(due, "payment", 5000), event(due, "returned_payment", 5000)]
            yield Breach(f"fees.{name}", f"fees.{name} {costs}; a default charge above {DEFAULT_CHARGE}.00 is presumed unfair",
                         account(f"A default costs the holder more than {DEFAULT_CHARGE}.00.", terms, events, closings[1],
                                 credit_limit="5000" if name == "over_limit" else "100000"))


def _simple_interest_on_default_charges(case: Case) -> Iterator[Breach]:
    terms, interest = case.terms, case.terms.interest
    compound = interest.compounding != "none" or interest.interest_bears_interest
    if compound and interest.fees_bear_interest and terms.fees.late_payment is not None:
        opened_on, closings = cycle_dates(terms, 5)
        key = "interest.fees_bear_interest"
        yield Breach(key, f"{given(terms, key)}: default charges would bear compound interest; only simple interest is allowed",
                     account("Nothing is paid: the late-payment fee bears interest, and that interest bears interest.", terms,
                             [event(opened_on, "purchase", 1000)], closings[-1]))


UK = RulePack(
    country="UK", name="United Kingdom", currency="GBP",
    checks=(
        Check("repayment-to-highest-rate", ("allocation.minimum", "allocation.excess"),
              "the whole of a repayment goes to the balance with the highest rate first",
              Source("FCA Handbook", "CONC 6.7.4R", "text"), _allocation),
        minimum_covers("minimum-covers-interest-fees-and-1-percent", Source("FCA Handbook", "CONC 6.7.5R(1)", "text"),
                       Fraction(1, 100)),
        Check("default-charges", ("fees.late_payment", "fees.returned_payment", "fees.over_limit"),
              "a default charge is at most 12.00, the threshold above which it is presumed unfair",
              Source("OFT842, Calculating fair default charges in credit card contracts",
                     "and the press release of 18 May 2006; today CONC 7.7.5R", "text"),
              _default_charges),
        Check("simple-interest-on-default-charges", ("interest.fees_bear_interest", "interest.compounding"),
              "default charges bear simple interest at most",
              Source("Consumer Credit Act 1974", "s. 86F, in by the Consumer Credit Act 2006, s. 13", "report"),
              _simple_interest_on_default_charges),
        notice(60, Source("FCA Handbook", "CONC 6.7.13R(1), the days to close an account at the old rate", "text"),
               only="interest."),
    ),
    not_checked=(
        "persistent debt after 18, 27 and 36 months (CONC 6.7): it is the account's history, not the terms'",
        "no higher rate for holders at risk of financial difficulties (CONC 6.7.10R)",
        "that interest on a default charge waits for 28 days after its notice (Consumer Credit Act 1974, s. 86E)",
    ),
)
