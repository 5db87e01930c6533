"""Every rule pack by its country, and what a pack finds in terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.errors import Refused
from fees.rule_packs.check import Breach, Case, Check, RulePack, Source, clause_of
from fees.rule_packs.china import CN
from fees.rule_packs.hong_kong import HK
from fees.rule_packs.india import IN
from fees.rule_packs.prepaid import PREPAID_PACKS
from fees.rule_packs.taiwan import TW
from fees.rule_packs.united_kingdom import UK
from fees.rule_packs.united_states import US
from fees.terms import Terms

#: The packs by the value of `rule_pack`.
PACKS: dict[str, RulePack] = {pack.country: pack for pack in (US, CN, TW, HK, IN, UK)}


@dataclass(frozen=True)
class Broken:
    """A check that terms break: by which clause of theirs, and how."""

    pack: RulePack
    check: Check
    breach: Breach
    clause: str | None

    def __str__(self) -> str:
        clause = f"clause {self.clause} breaks " if self.clause else ""
        return f"{self.breach.says} ({clause}{self.pack.country} {self.check.name}: {self.check.source})"


class BreaksRulePack(Refused):
    """Terms that break the law of their rule pack; carries every breach."""

    def __init__(self, where: str, found: list[Broken]) -> None:
        self.where, self.found = where, tuple(found)
        said = "; ".join(str(each) for each in found[:2])
        more = f"; and {len(found) - 2} more" if len(found) > 2 else ""
        super().__init__(f"{where} breaks its rule pack: {said}{more}; `cardwright products lint` shows an account for each")


def broken(case: Case) -> Iterator[Broken]:
    """Everything in the terms that breaks their rule pack, refused or noted, in the order of the pack's checks."""
    pack = _pack_of(case.terms)
    if pack is None:
        return
    for check in (_currency(pack), *pack.checks):
        for breach in check.find(case):
            yield Broken(pack, check, breach, clause_of(case.terms, breach.key))


def _pack_of(terms: Terms) -> RulePack | None:
    """The law of a product: a credit card's by its country, a prepaid card's by its rule set."""
    return PACKS.get(terms.rule_pack) if terms.prepaid is None else PREPAID_PACKS.get(terms.prepaid.rule_set)


def require_lawful(case: Case, where: str | None = None) -> None:
    """Raises BreaksRulePack if the terms break a check that refuses them."""
    found = [each for each in broken(case) if each.check.level == "refused"]
    if found:
        raise BreaksRulePack(where or case.terms.label, found)


def _currency(pack: RulePack) -> Check:
    def find(case: Case) -> Iterator[Breach]:
        if case.terms.currency != pack.currency:
            yield Breach("currency", f'currency = "{case.terms.currency}": the amounts of the {pack.country} pack are in '
                         f"{pack.currency}, so they are not compared")

    return Check("currency", ("currency",), f"amounts of the law are in {pack.currency}",
                 Source("this pack", "its own currency", "text"), find, "note")


__all__ = ["PACKS", "PREPAID_PACKS", "BreaksRulePack", "Broken", "broken", "require_lawful"]
