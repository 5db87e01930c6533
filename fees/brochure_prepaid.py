"""The fee table of a prepaid card: what it may hold, how long it is valid, and what its few fees are."""

from __future__ import annotations

from collections.abc import Iterator

from fees.brochure_writer import Line, Writer
from fees.terms_prepaid import PrepaidTerms


def value_lines(writer: Writer) -> tuple[Line, ...]:
    """What a card may hold, from what, and how long."""
    return tuple(_value(writer, _own(writer)))


def prepaid_fee_lines(writer: Writer) -> tuple[Line, ...]:
    """What is charged to a card."""
    return tuple(_fees(writer, _own(writer)))


def _own(writer: Writer) -> PrepaidTerms:
    assert writer.terms.prepaid is not None
    return writer.terms.prepaid


def _value(writer: Writer, own: PrepaidTerms) -> Iterator[Line]:
    say = writer.say
    holder = say("card_registered" if own.registered else "card_unregistered")
    yield Line(say("holder"), holder, "prepaid.registered")
    yield Line(say("max_balance"), writer.amount(own.max_balance), "prepaid.max_balance")
    sources = writer.enumerated(writer.name(each) for each in own.load_sources)
    loads = say("load_rule" if own.reloadable else "load_once_rule", sources=sources)
    yield Line(say("load_from"), loads, "prepaid.load_sources")
    valid = say("valid_months", months=str(own.validity_months)) if own.validity_months else say("valid_for_ever")
    yield Line(say("validity"), valid, "prepaid.validity_months")
    if own.discount:
        yield Line(say("discount"), say("discount_rule", percent=writer.percent(own.discount)), "prepaid.discount")


def _fees(writer: Writer, own: PrepaidTerms) -> Iterator[Line]:
    say, replacement = writer.say, writer.terms.fees.replacement
    if own.validity_months:
        yield Line(say("extension"), say("extension_rule", amount=writer.amount(own.extension.fee),
                                         months=str(own.extension.months)), "prepaid.extension")
    if replacement is not None:
        rule = [say("replacement_rule", amount=writer.amount(replacement.amount))]
        if replacement.free_for:
            rule.append(say("free_for", reasons=writer.enumerated(writer.name(each) for each in replacement.free_for)))
        yield Line(say("replacement"), writer.all_of(rule), replacement.clause)
    yield Line(say("redemption"), _redemption(writer, own), "prepaid.redemption")
    if own.dormancy.fee and own.dormancy.after_months:
        yield Line(say("dormancy"), say("dormancy_rule", amount=writer.amount(own.dormancy.fee),
                                        months=str(own.dormancy.after_months)), "prepaid.dormancy")


def _redemption(writer: Writer, own: PrepaidTerms) -> str:
    if not own.redemption.allowed:
        return writer.say("redemption_none")
    share = own.redemption.fee_percent
    charged = writer.say("redemption_rule", percent=writer.percent(share)) if share else writer.say("redemption_free")
    after = [writer.say("redemption_after", days=str(own.redemption.after_days))] if own.redemption.after_days else []
    return writer.all_of([charged, *after])
