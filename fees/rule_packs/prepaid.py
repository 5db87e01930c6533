"""The rule sets of prepaid cards: China's for cards of many merchants and of one, and the gift-card rule of the US.

A rule set holds the terms (`products lint`), and at the counter each of its limits refuses with its numbers (fees/prepaid.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from fees.rule_packs.check import Breach, Case, Check, RulePack, Source
from fees.terms_prepaid import PrepaidTerms
from fees.terms_values import plain

_MEASURES_2012 = "支付机构预付卡业务管理办法 (中国人民银行公告〔2012〕第12号)"
_SINGLE_PURPOSE = "单用途商业预付卡管理办法(试行) (商务部令2012年第9号)"
_REGULATION_E = "12 CFR 1005.20 (Regulation E)"

#: Sources of value that no rule set of China lets onto a card: it would be bought on credit.
CREDIT = "credit_card"
#: Cards of others whose value may not become that of a card of many merchants.
OTHER_CARDS = ("other_issuer_card", "single_purpose_card", "telecom_card", "transit_card", "game_card")


@dataclass(frozen=True)
class Limits:
    """What a rule set asks of cards; amounts in major units, None where it says nothing.

    highest_*: value of one card; shortest_months: validity of unregistered cards; cash_below_*: from so much, no cash;
    identify_from: a purchase of unregistered cards from so much needs a name; just_under: a purchase of this share of that or
    more counts towards splitting; split_into: so many of them on a day need a name all the same.
    """

    highest_registered: Decimal | None = None
    highest_unregistered: Decimal | None = None
    registered_may_end: bool = True
    shortest_months: int = 0
    cash_below_person: Decimal | None = None
    cash_below_company: Decimal | None = None
    identify_from: Decimal | None = None
    just_under: Decimal = Decimal("0.9")
    split_into: int = 3
    barred_sources: tuple[str, ...] = ()
    unregistered_is_bearer: bool = False
    fee_after_months: int = 0

    def highest(self, registered: bool) -> Decimal | None:
        """The most that one card may hold."""
        return self.highest_registered if registered else self.highest_unregistered


_CHINA = {
    "highest_registered": Decimal(5000), "highest_unregistered": Decimal(1000), "registered_may_end": False,
    "shortest_months": 36, "cash_below_person": Decimal(50000), "cash_below_company": Decimal(5000),
    "identify_from": Decimal(10000), "unregistered_is_bearer": True,
}
LIMITS: dict[str, Limits] = {
    "none": Limits(),
    "CN_MULTI_PURPOSE": Limits(**_CHINA, barred_sources=(CREDIT, *OTHER_CARDS)),  # type: ignore[arg-type]
    "SINGLE_PURPOSE_MERCHANT": Limits(**_CHINA),  # type: ignore[arg-type]
    "US_GIFT": Limits(shortest_months=60, fee_after_months=12),
}

_Find = Callable[[PrepaidTerms, Limits], Iterator[tuple[str, str]]]


def _check(rule_set: str, name: str, keys: tuple[str, ...], rule: str, source: Source, find: _Find) -> Check:
    def breaches(case: Case) -> Iterator[Breach]:
        if case.terms.prepaid is not None:
            for key, says in find(case.terms.prepaid, LIMITS[rule_set]):
                yield Breach(f"prepaid.{key}", f"prepaid.{key} {says}")

    return Check(name, tuple(f"prepaid.{key}" for key in keys), rule, source, breaches)


def _highest_value(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    most = limits.highest(terms.registered)
    if most is not None and terms.max_balance > most:
        whose = "registered" if terms.registered else "unregistered"
        yield "max_balance", f"= {plain(terms.max_balance)}: a card that is {whose} may hold {plain(most)} at most"


def _validity(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    months = terms.validity_months
    if months and terms.registered and not limits.registered_may_end:
        yield "validity_months", f"= {months}: a registered card has no end; leave it out"
    elif months and months < limits.shortest_months:
        yield "validity_months", f"= {months}: at least {limits.shortest_months}, or 0 for none"


def _cash(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    for who, most in (("person", limits.cash_below_person), ("company", limits.cash_below_company)):
        asked = getattr(terms.cash_purchase_below, who)
        if most is not None and asked > most:
            yield f"cash_purchase_below.{who}", f"= {plain(asked)}: from {plain(most)} on a {who} pays by transfer, not in cash"


def _identify(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    if limits.identify_from is not None and not terms.registered and terms.identify_purchase_from > limits.identify_from:
        yield "identify_purchase_from", (f"= {plain(terms.identify_purchase_from)}: whoever buys for "
                                         f"{plain(limits.identify_from)} or more is identified")


def _sources(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    barred = [each for each in terms.load_sources if each in limits.barred_sources]
    if barred:
        yield "load_sources", f"names {', '.join(barred)}, which may not pay for a prepaid card"


def _no_credit(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    if CREDIT in terms.load_sources:
        yield "load_sources", f"names {CREDIT}: a prepaid card is not bought on credit"


def _registered_redeems(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    if terms.registered and not terms.redemption.allowed:
        yield "redemption.allowed", "= false: the holder of a registered card may have its value paid out"
    if not terms.registered and terms.redemption.allowed:
        yield "redemption.allowed", "= true: an unregistered card is not paid out; its value can be extended or swapped"


def _no_dormancy(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    if terms.dormancy.fee:
        yield "dormancy.fee", f"= {plain(terms.dormancy.fee)}: value never becomes the issuer's; leave it out"


def _late_dormancy(terms: PrepaidTerms, limits: Limits) -> Iterator[tuple[str, str]]:
    if terms.dormancy.fee and terms.dormancy.after_months < limits.fee_after_months:
        yield "dormancy.after_months", (f"= {terms.dormancy.after_months}: no fee before {limits.fee_after_months} months "
                                        "without use")


def _china(rule_set: str, law: str, *more: Check) -> tuple[Check, ...]:
    def source(paragraph: str) -> Source:
        return Source(law, paragraph, "report")

    return (
        _check(rule_set, "highest_value", ("max_balance",), "a registered card holds 5,000 at most, an unregistered one 1,000",
               source("value of one card"), _highest_value),
        _check(rule_set, "validity", ("validity_months",),
               "a registered card has no end, an unregistered one is valid for three years or more", source("validity"),
               _validity),
        _check(rule_set, "cash", ("cash_purchase_below.person", "cash_purchase_below.company"),
               "a company pays 5,000 or more by transfer, a person 50,000 or more", source("purchase"), _cash),
        _check(rule_set, "identified", ("identify_purchase_from",),
               "whoever buys unregistered cards for 10,000 or more is identified", source("real names"), _identify),
        *more,
    )


PREPAID_PACKS: dict[str, RulePack] = {
    "CN_MULTI_PURPOSE": RulePack("CN_MULTI_PURPOSE", "prepaid cards of many merchants, China", "CNY", _china(
        "CN_MULTI_PURPOSE", _MEASURES_2012,
        _check("CN_MULTI_PURPOSE", "sources", ("load_sources",),
               "no credit card and no card of another kind or issuer pays for it", Source(_MEASURES_2012, "purchase and load",
                                                                                         "report"), _sources),
        _check("CN_MULTI_PURPOSE", "redemption", ("redemption.allowed",),
               "a registered card can be paid out, an unregistered one cannot", Source(_MEASURES_2012, "redemption", "report"),
               _registered_redeems),
        _check("CN_MULTI_PURPOSE", "value_stays_the_holders", ("dormancy.fee",), "value never becomes income",
               Source(_MEASURES_2012, "customers' money", "report"), _no_dormancy),
    ), ("that customers' money lies in a reserve account: `report prepaid_float` says how much has to",)),
    "SINGLE_PURPOSE_MERCHANT": RulePack("SINGLE_PURPOSE_MERCHANT", "prepaid cards of one merchant, China", "CNY", _china(
        "SINGLE_PURPOSE_MERCHANT", _SINGLE_PURPOSE,
        _check("SINGLE_PURPOSE_MERCHANT", "no_credit", ("load_sources",), "no credit card pays for it",
               Source(_SINGLE_PURPOSE, "purchase", "memory"), _no_credit),
    )),
    "US_GIFT": RulePack("US_GIFT", "gift cards, United States", "USD", (
        _check("US_GIFT", "five_years", ("validity_months",), "value can be used for five years after it was loaded last",
               Source(_REGULATION_E, "(e)(2)", "text"), _validity),
        _check("US_GIFT", "dormancy", ("dormancy.after_months",),
               "no dormancy fee before twelve months without use, one a month at most", Source(_REGULATION_E, "(d)(1)", "text"),
               _late_dormancy),
    ), ("what is printed on the card and its package",)),
}
