"""The check that minimum payments cover interest and fees, with the smallest account on which they do not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction

from accounts.calendar import closing_on, due_on
from accounts.money import major_units
from fees.rule_packs.account import Event, account, event
from fees.rule_packs.amortisation import NotProved, Shortfall, bought_for, smallest_shortfall
from fees.rule_packs.carried import Carried
from fees.rule_packs.check import Breach, Case, Check, CounterExample, Source
from fees.terms import Terms
from fees.yearly_rates import percent


def minimum_covers(name: str, source: Source, share: Fraction = Fraction(0), since: date = date.min) -> Check:
    """The check that every minimum payment covers interest, fees and a share of the principal, whatever is owed.

    since: terms in force from an earlier day are left alone.
    """
    also = f" and {percent(share)} of what is owed besides" if share else ""

    def find(case: Case) -> Iterator[Breach]:
        short = smallest_shortfall(case.terms, share) if case.terms.in_force_from >= since else None
        if short is None:
            return
        money = _Money(case.terms)
        if isinstance(short, NotProved):
            yield Breach(
                "minimum_payment", f"minimum_payment is not proved to cover interest and fees{also} within {short.looked_at} "
                f"candidates: of balances in {short.kind.segment} from {money(short.from_principal)} on rounding alone "
                f"decides, and none up to {money(short.up_to)} falls short; add interest and fees in full, or round up")
            return
        owed = " and ".join(f"{money(amount)} in {kind.segment}" for kind, amount in short.amounts)
        charged = f"{money(short.interest)} of interest" + (f" and {money(short.fees)} of fees" if short.fees else "")
        yield Breach(
            "minimum_payment", f"minimum_payment falls short: with {owed} owed, a cycle charges {charged}, and the minimum "
            f"payment is {money(short.minimum)}; it has to cover interest and fees{also}, {money(short.required)}",
            _account(case.terms, short, money))

    return Check(name, ("minimum_payment",), f"a minimum payment covers interest and fees{also}, whatever is owed", source,
                 find)


class _Money:
    """Minor units as the product shows them."""

    def __init__(self, terms: Terms) -> None:
        self._digits, self._shown = terms.digits, terms.shown_digits

    def __call__(self, minor: int) -> str:
        return major_units(minor, self._digits, self._shown)


def _account(terms: Terms, short: Shortfall, money: _Money) -> CounterExample:
    kinds = [kind for kind, _ in short.amounts]
    closes_on = kinds[0].closes_on
    shows = (f"The minimum payment of {closes_on} is less than {money(short.required)}, what interest and fees of that cycle "
             "(and the share of the principal that is asked for) come to.")
    if any(kind.first for kind in kinds):
        return _losing_grace(terms, short, money, shows)
    before = kinds[0].before
    balances = {kind.segment: money(amount) for kind, amount in short.amounts if not kind.new}
    events = [_debit(kind, before + timedelta(days=1), money(amount)) for kind, amount in short.amounts if kind.new]
    opening = {"on": before, "grace": "lost", "payment_due_on": due_on(before, terms.cycle),
               "balances": {"purchase": "0", **balances}}
    return account(shows, terms, events + _fee(short, before, money), closes_on, opened_on=before, opening=opening,
                   credit_limit=_limit(short, money))


def _losing_grace(terms: Terms, short: Shortfall, money: _Money, shows: str) -> CounterExample:
    """An account that buys on the first day of a cycle and pays the minimum payment of its statement, and no more."""
    kind, amount = short.amounts[0]
    bought, minimum = bought_for(terms, kind, amount)
    before = closing_on(kind.before, 0, terms.cycle.closing_day)
    due = due_on(kind.before, terms.cycle)
    paid = [event(due, "payment", money(minimum))] if minimum else []
    events = [_debit(kind, before + timedelta(days=1), money(bought)), *paid, *_fee(short, kind.before, money)]
    opening = {"on": before, "grace": "kept", "payment_due_on": due_on(before, terms.cycle), "balances": {"purchase": "0"}}
    return account(shows, terms, events, kind.closes_on, opened_on=before, opening=opening,
                   credit_limit=money(2 * (bought + short.interest + short.fees)))


def _debit(kind: Carried, on: date, amount: str) -> Event:
    if kind.segment in ("purchase", "cash_advance"):
        return event(on, kind.segment, amount)
    return event(on, "purchase", amount, segment=kind.segment)


def _fee(short: Shortfall, before: date, money: _Money) -> list[Event]:
    return [event(before + timedelta(days=1), "fee", money(short.fee), kind="annual")] if short.fee else []


def _limit(short: Shortfall, money: _Money) -> str:
    return money(2 * (short.principal + short.interest + short.fees))
