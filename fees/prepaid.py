"""What a prepaid card may do by its terms and its rule set: each limit has a name, and refuses with its numbers.

Pure: facts of the card and of the request go in. Amounts are minor units of the product's currency. The limits themselves are
data: `[prepaid]` of the terms, and fees/rule_packs/prepaid.py. Source: docs/reference/prepaid-rules.md, 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.calendar import months_later
from accounts.errors import Refused
from accounts.money import major_units
from fees.rule_packs.prepaid import LIMITS, Limits
from fees.terms import Terms
from fees.terms_prepaid import PrepaidTerms


class LimitReached(Refused):
    """A named rule says no; carries its name and the numbers it was decided by."""

    def __init__(self, rule: str, says: str, **numbers: str) -> None:
        self.rule, self.numbers = rule, numbers
        super().__init__(f"{says} ({rule})")


@dataclass(frozen=True)
class PrepaidRules:
    """The limits of one product: its own, and those of the law that it names."""

    terms: Terms

    @property
    def own(self) -> PrepaidTerms:
        assert self.terms.prepaid is not None
        return self.terms.prepaid

    @property
    def law(self) -> Limits:
        return LIMITS[self.own.rule_set]

    def require_source(self, source: str) -> None:
        """Value comes from what the terms name, never from what the rule set bars."""
        if source in self.law.barred_sources:
            raise LimitReached("source_barred", f"{source} may not pay for a prepaid card under {self.own.rule_set}",
                               source=source)
        if source not in self.own.load_sources:
            raise LimitReached("source_not_allowed", f"{source} is none of {', '.join(self.own.load_sources)}, which this "
                               "product is loaded from", source=source)

    def require_desk(self, outlet: str | None, operator: str) -> None:
        """Value is put on at the outlets and by the people that the terms name, where they name any."""
        if self.own.load_outlets and outlet not in self.own.load_outlets:
            raise LimitReached("outlet_not_allowed", f"{outlet or 'an outlet that is not told (--outlet)'} is none of "
                               f"{', '.join(self.own.load_outlets)}, where this product is loaded", outlet=outlet or "")
        if self.own.load_operators and operator not in self.own.load_operators:
            raise LimitReached("operator_not_allowed", f"{operator} is none of {', '.join(self.own.load_operators)}, who load "
                               "this product", operator=operator)

    def require_reloadable(self, loaded_before: bool) -> None:
        """A card that is not reloadable is loaded once, when it is activated."""
        if loaded_before and not self.own.reloadable:
            raise LimitReached("not_reloadable", "this product is loaded once, when it is activated")

    def require_room(self, value: int, amount: int) -> None:
        """No card holds more than its product lets it, and its rule set."""
        highest = self.law.highest(self.own.registered)
        most = min(self.own.max_balance, highest) if highest is not None else self.own.max_balance
        if value + amount > self.terms.minor(most):
            raise LimitReached(
                "max_balance", f"{self._text(value)} and {self._text(amount)} would be {self._text(value + amount)}; the card "
                f"holds {self._text(self.terms.minor(most))} at most", value=self._text(value), asked=self._text(amount),
                most=self._text(self.terms.minor(most)))

    def require_cash_allowed(self, source: str, amount: int, buyer: str) -> None:
        """From an amount on, a purchase or load is not paid in cash; buyer: person | company."""
        below = self.own.cash_purchase_below.company if buyer == "company" else self.own.cash_purchase_below.person
        law = self.law.cash_below_company if buyer == "company" else self.law.cash_below_person
        least = self.terms.minor(below if law is None else min(below, law))
        if source == "cash" and amount >= least:
            raise LimitReached("cash", f"{self._text(amount)} in cash: a {buyer} pays {self._text(least)} or more by transfer",
                               asked=self._text(amount), below=self._text(least))

    def require_identified(self, amount: int, identified: bool, bought_today: Sequence[int]) -> None:
        """Who buys unregistered cards for much, or splits a purchase to stay just under it, gives a name.

        bought_today: what the same buyer bought before on the day. A registered card always has a named holder.
        """
        if self.own.registered or identified:
            return
        least = self.terms.minor(self.own.identify_purchase_from)
        if amount >= least:
            raise LimitReached("identify", f"a purchase of {self._text(amount)} of unregistered cards: whoever buys for "
                               f"{self._text(least)} or more is identified", asked=self._text(amount), least=self._text(least))
        just_under = [each for each in (*bought_today, amount) if least * self.law.just_under <= each < least]
        if self.law.identify_from is not None and len(just_under) >= self.law.split_into:
            raise LimitReached("split_purchase", f"{len(just_under)} purchases just under {self._text(least)} on one day: the "
                               "buyer is identified", purchases=str(len(just_under)), least=self._text(least))

    def require_transfer(self, *, from_registered: bool, to_registered: bool, same_holder: bool, approved: bool) -> None:
        """Value goes from card to card of one holder, or with a second person's approval; in China never to a bearer's card."""
        if self.law.unregistered_is_bearer and from_registered and not to_registered:
            raise LimitReached("registered_to_unregistered", "value of a registered card does not go to an unregistered one "
                               f"under {self.own.rule_set}")
        if not same_holder and not approved:
            raise LimitReached("other_holder", "the two cards have different holders; a second person has to approve "
                               "(--approved-by)")

    def require_loss_report(self) -> None:
        """Who holds an unregistered card is its owner: nobody else can report it lost."""
        if self.law.unregistered_is_bearer and not self.own.registered:
            raise LimitReached("loss_unregistered", "an unregistered card cannot be reported lost: nobody knows whose it was")

    def require_redeemable(self, bought_on: date, on: date) -> None:
        """Value is paid out where the terms and the rule set let it be, some days after the purchase."""
        own = self.own
        if not own.redemption.allowed:
            raise LimitReached("not_redeemable", "this product is not paid out")
        if self.law.unregistered_is_bearer and not own.registered:
            raise LimitReached("redeem_unregistered", f"an unregistered card is not paid out under {own.rule_set}; its value "
                               "can be extended or swapped")
        first = bought_on + timedelta(days=own.redemption.after_days)
        if on < first:
            raise LimitReached("redeem_too_early", f"bought on {bought_on}; it is paid out from {first} on, "
                               f"{own.redemption.after_days} days later", first=first.isoformat())

    def valid_until(self, issued_on: date) -> date | None:
        """The last day of a card that is issued on a day; None: it has no end."""
        months = self.own.validity_months
        return None if not months else months_later(issued_on, months, issued_on.day)

    def extended_until(self, expires_on: date, on: date) -> date:
        """The last day after one extension: from the old last day, or from today if that is over."""
        last = max(expires_on, on)
        return months_later(last, self.own.extension.months, last.day)

    def discount_on(self, amount: int) -> int:
        """What a spend costs less; rounded down to what can be shown, so that it is never more than the share."""
        return self._share(amount, self.own.discount)

    def redemption_fee(self, value: int) -> int:
        """What a redemption costs, rounded down in the holder's favour."""
        return self._share(value, self.own.redemption.fee_percent)

    def _share(self, amount: int, share: Decimal) -> int:
        return int(amount * share) // self.terms.shown_unit * self.terms.shown_unit

    def _text(self, amount: int) -> str:
        return major_units(amount, self.terms.digits)
