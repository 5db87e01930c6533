"""Where a card may be used, and how often and how much within a time: each limit has a name and refuses with its numbers.

Pure: the merchant and what the card was used for before go in; amounts are minor units. The limits are `[authorisation]` of the
terms. Source: docs/reference/authorisations.md, 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.money import major_units
from fees.prepaid import LimitReached
from fees.terms import Terms
from fees.terms_authorisation import AuthorisationTerms, VelocityLimit


@dataclass(frozen=True)
class Used:
    """What a card was used for within a time: how often, and for how much (minor units)."""

    count: int
    amount: int


@dataclass(frozen=True)
class AllowedUse:
    """The limits that a product sets to the use of its cards."""

    terms: Terms

    @property
    def own(self) -> AuthorisationTerms:
        return self.terms.authorisation

    def require_merchant(self, merchant: str | None, mcc: str | None) -> None:
        """The merchant and its category are among those that the terms name; who is not told is none of them."""
        own = self.own
        if own.categories and not _among(mcc, own.categories):
            raise LimitReached("category_not_allowed", f"category {mcc or 'not told'} is none of {', '.join(own.categories)}, "
                               "where this product may be used", mcc=mcc or "")
        if _among(mcc, own.categories_never):
            raise LimitReached("category_barred", f"this product may not be used in category {mcc}", mcc=mcc or "")
        if own.merchants and not _named(merchant, own.merchants):
            raise LimitReached("merchant_not_allowed", f"{merchant or 'a merchant not told'} is none of "
                               f"{', '.join(own.merchants)}, where this product may be used", merchant=merchant or "")
        if _named(merchant, own.merchants_never):
            raise LimitReached("merchant_barred", f"this product may not be used at {merchant}", merchant=merchant or "")

    def require_velocity(self, amount: int, used: Mapping[str, Used]) -> None:
        """One more use, for an amount, is within every limit; used: by the limit's time (`hour`, `day`, `month`)."""
        for limit in self.own.velocity:
            before = used[limit.per]
            if limit.count is not None and before.count + 1 > limit.count:
                raise LimitReached("velocity_count", f"used {before.count} times {_when(limit)}, and {limit.count} is the "
                                   "most", used=str(before.count), most=str(limit.count), per=limit.per)
            if limit.amount is not None and before.amount + amount > (most := self.terms.minor(limit.amount)):
                raise LimitReached("velocity_amount", f"{self._text(amount)} on top of {self._text(before.amount)} "
                                   f"{_when(limit)} is more than {self._text(most)}", asked=self._text(amount),
                                   used=self._text(before.amount), most=self._text(most), per=limit.per)

    def _text(self, amount: int) -> str:
        return major_units(amount, self.terms.digits)


def _when(limit: VelocityLimit) -> str:
    return "within the last hour" if limit.per == "hour" else f"this {limit.per}"


def _among(mcc: str | None, categories: Sequence[str]) -> bool:
    return mcc is not None and any(first <= mcc <= (last or first) for first, _, last in (
        each.partition("-") for each in categories))


def _named(merchant: str | None, names: Sequence[str]) -> bool:
    """Names are compared without regard to capitals and spaces around and between words, as tills print them differently."""
    return merchant is not None and _plain(merchant) in {_plain(each) for each in names}


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
