"""No negative amortisation: whether minimum payments cover interest and fees for every balance, proved piece by piece.

A minimum payment is the greatest of a few functions that are linear in the principal (its parts, its floor), plus what is
added in full; interest is linear between the ends of its tiers. So is what one leaves of the other. Where that may be below
zero once rounded, the balances are looked at one by one; everywhere else it is proved for all of them.

Looked at: principal of each segment that stands through a whole cycle (the one of two years that charges most on it), through
its first cycle without grace with what is charged for the cycle before, or that is new without grace; with the highest fixed
fee where fees are not added in full; under the penalty rate where there is one; within the credit limit. Not looked at: cycles
in which a large part was paid (the balance falls), deferred interest when it comes due.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import ceil, floor

from fees.rule_packs.carried import Carried, kinds_carried, rounded, rounded_interest
from fees.terms import Terms
from fees.terms_payments import MinimumPart

_ZERO = Fraction(0)
#: Balances looked at one by one in a stretch where only rounding decides; what is left of it then counts as not proved.
MOST_LOOKED_AT = 50_000
#: Bases that hold the statement's interest in any case, so that percent_or_interest takes it out of them, not into them.
_WITH_INTEREST = ("new_balance", "within_limit")
Amounts = tuple[tuple[Carried, int], ...]


@dataclass(frozen=True)
class Shortfall:
    """An account whose minimum payment does not cover what it has to; minor units. fee: that which is not a tax."""

    amounts: Amounts
    interest: int
    fee: int
    fees: int
    required: int
    minimum: int

    @property
    def principal(self) -> int:
        """What is owed besides interest and fees."""
        return sum(amount for _, amount in self.amounts)


@dataclass(frozen=True)
class NotProved:
    """Balances on which only rounding decides, too many to look at each: none fell short up to a principal, minor units."""

    kind: Carried
    looked_at: int
    from_principal: int
    up_to: int


def smallest_shortfall(terms: Terms, share: Fraction = _ZERO) -> Shortfall | NotProved | None:
    """The account with the least principal whose minimum payment is less than interest, fees and a share of the principal.

    None: there is no such account, whatever is owed. Fractions below the smallest amount that can be shown are no shortfall.
    """
    fee, kinds = highest_fee(terms), list(kinds_carried(terms))
    alone = [found for kind in kinds if (found := _alone(terms, kind, fee, share)) is not None]
    short = [each for each in alone if isinstance(each, Shortfall)]
    if short:
        return min(short, key=lambda each: each.principal)
    if alone:
        return alone[0]
    rule = terms.minimum_payment
    return _together(terms, kinds, fee, share) if rule.combine == "greater_of" and len(rule.parts) > 1 else None


def highest_fee(terms: Terms) -> int:
    """The highest fixed fee of the terms, in minor units, where the minimum payment does not add fees in full; else 0."""
    if "fees" in terms.minimum_payment.add:
        return 0
    fees = terms.fees
    amounts = [fee.amount for name in type(fees).model_fields if name != "tax_on_charges"
               if (fee := getattr(fees, name)) is not None and hasattr(fee, "amount")]
    amounts += [fee.floor for name in type(fees).model_fields if name != "tax_on_charges"
                if (fee := getattr(fees, name)) is not None and hasattr(fee, "floor")]
    return max((terms.minor(amount) for amount in amounts), default=0)


def statement_of(terms: Terms, amounts: Amounts, fee: int, share: Fraction) -> Shortfall:
    """What the cycle charges on these amounts and what it asks for, as they are posted."""
    exact = sum((kind.interest(amount) for kind, amount in amounts), _ZERO)
    interest = rounded_interest(terms, exact)
    tax = terms.fees.tax_on_charges
    fees = fee + sum(rounded(base * Fraction(part), terms.interest.rounding, terms.shown_unit)
                     for base, part in ((fee, tax.fees), (interest, tax.interest)))
    principal = sum(amount for _, amount in amounts)
    required = interest + fees + floor(share * principal / terms.shown_unit) * terms.shown_unit
    return Shortfall(amounts, interest, fee, fees, required, _minimum(terms, amounts, interest, fees))


def bought_for(terms: Terms, kind: Carried, amount: int) -> tuple[int, int]:
    """What is bought if so much is left once the minimum payment of its first statement is made, and that payment.

    The nearest that is found in a thousand steps, where next to all of a purchase is due.
    """
    fresh = replace(kind, new=True)
    bought, minimum = amount, 0
    for _ in range(1000):
        minimum, before = _minimum(terms, ((fresh, bought),), 0, 0), minimum
        bought = amount + minimum
        if minimum == before:
            break
    return bought, minimum


def _minimum(terms: Terms, amounts: Amounts, interest: int, fees: int) -> int:
    """The minimum payment of a statement with these figures; the rule of docs/reference/billing-rules.md, 10."""
    rule = terms.minimum_payment
    new_balance = sum(amount for _, amount in amounts) + interest + fees

    def share(part: MinimumPart, more: int = 0) -> Fraction:
        base = sum(_in_base(part, kind) * amount for kind, amount in amounts) + _of_charges(part) * (interest + fees) + more
        exact = Fraction(part.percent) * base
        return exact if part.round_to is None else Fraction(rounded(exact, part.rounding, terms.minor(part.round_to)))

    shares = [share(part) for part in rule.parts]
    total = max([_ZERO, *shares]) if rule.combine == "greater_of" else sum(shares, _ZERO)
    full = {"interest": interest, "fees": fees}
    if rule.combine == "percent_or_interest":
        full["interest"] = 0  # the parts hold it
        with_interest = sum((share(part, 0 if _of_charges(part) else interest) for part in rule.parts), _ZERO)
        without = sum((share(part, -interest if part.of in _WITH_INTEREST else 0) for part in rule.parts), _ZERO)
        total = with_interest if with_interest > interest else without + interest
    total += sum(full.get(item, 0) for item in rule.add if item not in rule.floor_before)
    total = max(total, Fraction(terms.minor(rule.floor)))
    total += sum(full.get(item, 0) for item in rule.floor_before)
    unit = max(terms.minor(rule.round_to), terms.minor(terms.interest.rounding_unit))
    return min(rounded(total, rule.rounding, unit), new_balance)


def _in_base(part: MinimumPart, kind: Carried) -> int:
    """1 if the base of a part holds this kind of principal; a credit limit is taken to be used up."""
    cash = kind.segment == "cash_advance"
    return int({"new_purchases": kind.new and not cash, "revolving_principal": not kind.new and not cash,
                "purchases": not cash, "cash_advances": cash}.get(part.of, True))


def _of_charges(part: MinimumPart) -> int:
    """1 if the base of a part holds the interest and fees of the statement too."""
    return int(part.of in ("new_balance", "within_limit", "credit_limit"))


@dataclass(frozen=True)
class _Line:
    """A linear function of a principal."""

    at_zero: Fraction
    slope: Fraction

    def __add__(self, other: _Line) -> _Line:
        return _Line(self.at_zero + other.at_zero, self.slope + other.slope)

    def times(self, factor: Fraction | int) -> _Line:
        return _Line(self.at_zero * factor, self.slope * factor)


def _alone(terms: Terms, kind: Carried, fee: int, share: Fraction) -> Shortfall | NotProved | None:
    """The least of one kind of principal that falls short by itself."""
    step, unproved = terms.shown_unit, None
    for low, high, margins in _pieces(terms, kind, fee, share):
        begin, end = low, high
        for margin in margins:
            # Down or half up, rounding takes less than its unit or half of it: never all of the slack.
            begin, end = _below(margin, _slack(terms, kind) - step, begin, end,
                                reached=terms.minimum_payment.rounding in ("up", "half_even"))
        if end is not None and begin > end:
            continue
        first = ceil(begin / step) * step
        principal: int | None = first
        for _ in range(MOST_LOOKED_AT):
            if principal is None or (end is not None and principal > end):
                break
            found = statement_of(terms, ((kind, principal),), fee, share)
            if found.required - found.minimum >= step:
                return found
            principal = _next(terms, kind, share, principal)
        else:
            unproved = unproved or NotProved(kind, MOST_LOOKED_AT, first, principal or first)
    return unproved


def _next(terms: Terms, kind: Carried, share: Fraction, principal: int) -> int | None:
    """The next principal on which more is required, if ever: up to it the minimum payment can only rise.

    It falls where parts that hold the interest change their form, so there the next one is the one after.
    """
    step, factor = terms.shown_unit, max(band.factor for band in kind.bands)
    if not factor and not share:
        return None
    if terms.minimum_payment.combine == "percent_or_interest" or len(kind.bands) > 1:
        return principal + step
    unit = terms.minor(terms.interest.rounding_unit) or 1
    up_from = {"up": _ZERO, "down": Fraction(unit)}.get(terms.interest.rounding, Fraction(unit, 2))
    posted = rounded(kind.interest(principal), terms.interest.rounding, unit)
    nexts = [(posted + up_from) / factor] if factor else []
    if share:
        nexts.append((floor(share * principal / step) + 1) * step / share)
    return max(ceil(min(nexts) / step) * step, principal + step)


def _pieces(terms: Terms, kind: Carried, fee: int, share: Fraction) -> Iterator[tuple[Fraction, Fraction | None, list[_Line]]]:
    """Stretches of principal with the branches whose greatest is what the minimum payment leaves there."""
    for low, high, interest in _stretches(terms, kind):
        if terms.minimum_payment.combine != "percent_or_interest":
            yield low, high, _margins(terms, kind, interest, fee, share)
            continue
        for holds, excess in _either(terms, kind, interest, fee):
            # Parts that are rounded up hold more than the interest where their lines are still below it.
            begin, end = _below(excess, _slack(terms, kind) + _raised(terms), low, high)
            if end is None or begin <= end:
                yield begin, end, _margins(terms, kind, interest, fee, share, holds)


def _either(terms: Terms, kind: Carried, interest: _Line, fee: int) -> list[tuple[_Line, _Line]]:
    """The two forms of parts that hold the interest, each with a line that is not above zero where that form is taken."""
    shares, parts = sum(_shares(terms, kind, interest, fee), _Line(_ZERO, _ZERO)), terms.minimum_payment.parts
    added = sum((Fraction(part.percent) for part in parts if not _of_charges(part)), _ZERO)
    taken_out = sum((Fraction(part.percent) for part in parts if part.of in _WITH_INTEREST), _ZERO)
    with_interest = shares + interest.times(added)
    excess = with_interest + interest.times(-1)
    return [(with_interest, excess.times(-1)), (shares + interest.times(1 - taken_out), excess)]


def _stretches(terms: Terms, kind: Carried) -> Iterator[tuple[Fraction, Fraction | None, _Line]]:
    """Stretches of principal on which interest is one line: first, last (None: no end), and the line."""
    least = Fraction(terms.minor(terms.interest.minimum_charge))
    low, charged = _ZERO, _ZERO
    for band in kind.bands:
        high = None if band.up_to is None else Fraction(band.up_to)
        line = _Line(charged - band.factor * low, band.factor)
        crossing = (least - line.at_zero) / line.slope if line.slope else None
        if least > charged and crossing is not None and (high is None or crossing < high):
            yield low, crossing, _Line(least, _ZERO)
            yield crossing, high, line
        else:
            yield low, high, _Line(least, _ZERO) if least > charged and line.slope else line
        if high is not None:
            charged, low = charged + band.factor * (high - low), high


def _fees(terms: Terms, interest: _Line, fee: int) -> _Line:
    tax = terms.fees.tax_on_charges
    return _Line(fee * (1 + Fraction(tax.fees)), _ZERO) + interest.times(Fraction(tax.interest))


def _shares(terms: Terms, kind: Carried, interest: _Line, fee: int) -> list[_Line]:
    """Each part of the minimum payment."""
    charges, principal = interest + _fees(terms, interest, fee), _Line(_ZERO, Fraction(1))
    return [(principal.times(_in_base(part, kind)) + charges.times(_of_charges(part))).times(Fraction(part.percent))
            for part in terms.minimum_payment.parts]


def _margins(terms: Terms, kind: Carried, interest: _Line, fee: int, share: Fraction,
             parts: _Line | None = None) -> list[_Line]:
    """What each branch of the minimum payment leaves over what is required; it falls short where all of them are below zero.

    parts: what the parts come to, where they hold the interest.
    """
    rule = terms.minimum_payment
    nothing, principal, fees = _Line(_ZERO, _ZERO), _Line(_ZERO, Fraction(1)), _fees(terms, interest, fee)
    full = {"interest": interest if parts is None else nothing, "fees": fees}
    shares = _shares(terms, kind, interest, fee)
    branches = [nothing, *shares] if rule.combine == "greater_of" else [sum(shares, nothing) if parts is None else parts]
    before = sum((full.get(item, nothing) for item in rule.add if item not in rule.floor_before), nothing)
    after = sum((full.get(item, nothing) for item in rule.floor_before), nothing)
    minimums = [*(branch + before for branch in branches), _Line(Fraction(terms.minor(rule.floor)), _ZERO)]
    required = interest + fees + principal.times(share)
    return [each + after + required.times(-1) for each in minimums]


def _slack(terms: Terms, kind: Carried) -> Fraction:
    """By how much rounding can make a minimum payment less than its lines say, and charges more."""
    rule = terms.minimum_payment
    unit = max(terms.minor(rule.round_to), terms.minor(terms.interest.rounding_unit))
    half = Fraction(unit, 2)
    cut = {"up": _ZERO, "half_up": half, "half_even": half, "down": Fraction(unit)}[rule.rounding]
    own = max(terms.minor(terms.interest.rounding_unit), terms.shown_unit)
    for part in rule.parts:
        # A part of nothing is nothing: rounding takes nothing from it. Where parts hold the interest, each is of something.
        of_something = _in_base(part, kind) or _of_charges(part) or rule.combine == "percent_or_interest"
        if part.round_to is not None and part.rounding != "up" and of_something:
            cut += Fraction(terms.minor(part.round_to))
    if not any(band.factor for band in kind.bands):
        return cut  # it bears nothing, so nothing else is rounded
    asked = rule.floor_before if rule.floor else rule.add  # in full, whichever line decides: at the floor only what is above it
    taxed = bool(terms.fees.tax_on_charges.interest) and "fees" not in asked
    in_parts = rule.combine == "percent_or_interest" or any(_of_charges(part) for part in rule.parts)
    half = Fraction(own, 2) if terms.interest.rounding in ("half_up", "half_even") else Fraction(own)
    return cut + half * (("interest" not in asked) + taxed + in_parts)


def _below(line: _Line, most: Fraction, low: Fraction, high: Fraction | None,
           reached: bool = True) -> tuple[Fraction, Fraction | None]:
    """The part of a stretch on which a line is at most so much; a last below the first where there is none.

    reached: whether a line that lies flat at just so much is among them.
    """
    if not line.slope:
        inside = line.at_zero < most or (reached and line.at_zero == most)
        return (low, high) if inside else (low, low - 1)
    crossing = (most - line.at_zero) / line.slope
    if line.slope > 0:
        return low, crossing if high is None else min(high, crossing)
    return max(low, crossing), high


def _together(terms: Terms, kinds: Sequence[Carried], fee: int, share: Fraction) -> Shortfall | NotProved | None:
    """The least of several kinds at once: the corner of what all branches leave below zero that has the least principal.

    The lines know no rounding: the least corner beyond what rounding charges may still be made up for by what the minimum
    payment is rounded up by, and then the one beyond that too is taken. Where there is none, nothing is proved.
    """
    step, unproved = terms.shown_unit, None
    lines = [_margins(terms, kind, _Line(_ZERO, max(band.factor for band in kind.bands)), fee, share) for kind in kinds]
    # Each amount is rounded up to one that can be shown.
    beyond_charged = max(_slack(terms, kind) for kind in kinds) + (1 + len(kinds)) * step
    for beyond_rounding in (beyond_charged, beyond_charged + _raised(terms)):
        corner = _least_corner(lines, beyond_rounding)
        if corner is not None:
            found = statement_of(terms, tuple((kinds[kind], ceil(amount / step) * step) for kind, amount in corner), fee, share)
            if found.required > found.minimum:
                return found
            unproved = unproved or NotProved(kinds[corner[0][0]], 1, found.principal, found.principal)
    return unproved


def _raised(terms: Terms) -> int:
    """By how much rounding can make a minimum payment more than its lines say."""
    rule = terms.minimum_payment
    parts = [terms.minor(part.round_to) for part in rule.parts if part.round_to is not None]
    return max(parts, default=0) + max(terms.minor(rule.round_to), terms.minor(terms.interest.rounding_unit))


def _least_corner(lines: Sequence[Sequence[_Line]], beyond_rounding: Fraction) -> list[tuple[int, Fraction]] | None:
    """Which kinds, and how much of each, leave every branch so much below zero with the least principal; None: nothing does.

    A linear programme, solved by looking at every corner: as many kinds as there are branches that decide, at most.
    """
    branches = range(len(lines[0]))
    constant = [lines[0][branch].at_zero + beyond_rounding for branch in branches]
    best: list[tuple[int, Fraction]] | None = None
    for size in range(2, min(len(lines), len(branches)) + 1):
        for those in combinations(range(len(lines)), size):
            for tight in combinations(branches, size):
                corner = _solved([[-lines[kind][branch].slope for kind in those] for branch in tight],
                                 [constant[branch] for branch in tight])
                if corner is None or min(corner) < 0:
                    continue
                if best is not None and sum(corner) >= sum(amount for _, amount in best):
                    continue
                if all(sum(-lines[kind][branch].slope * amount for kind, amount in zip(those, corner, strict=True))
                       >= constant[branch] for branch in branches):
                    best = list(zip(those, corner, strict=True))
    return best


def _solved(rows: list[list[Fraction]], right: list[Fraction]) -> tuple[Fraction, ...] | None:
    """The one solution of as many linear equations as unknowns, by elimination; None if there is not exactly one."""
    table = [[*row, value] for row, value in zip(rows, right, strict=True)]
    for column in range(len(table)):
        pivot = next((row for row in range(column, len(table)) if table[row][column]), None)
        if pivot is None:
            return None
        table[column], table[pivot] = table[pivot], table[column]
        table[column] = [value / table[column][column] for value in table[column]]
        for row in range(len(table)):
            if row != column:
                factor = table[row][column]
                table[row] = [value - factor * base for value, base in zip(table[row], table[column], strict=True)]
    return tuple(row[-1] for row in table)
