"""What may happen to a card account: each kind of posting, its two ledger sides and the statement figure it counts in.

A posting debits one ledger account and credits another; one of the two is the holder's: the receivable of a credit account, the
value of a prepaid one. Where it is debited the holder owes more (has less), where it is credited the holder owes less (has
more). Codes are kept in the database and never change their meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Figure = Literal[
    "previous_balance", "payments", "credits", "purchases", "cash_advances", "balance_transfers", "fees", "interest",
    "waivers", "adjustments",
]

RECEIVABLE = 100
PREPAID_VALUE = 150
#: Lines of the chart below this one are holders', all others the house's.
HOUSE = 200

BANK_SETTLEMENT = 240
PAYMENTS_IN_SUSPENSE = 280
EXPECTED_BREAKAGE = 290
BREAKAGE_INCOME = 436

CHART_OF_ACCOUNTS: dict[int, tuple[str, str]] = {
    RECEIVABLE: ("cardholder_receivable", "asset"),
    PREPAID_VALUE: ("prepaid_value", "liability"),
    210: ("merchant_settlement", "liability"),
    220: ("cash_settlement", "liability"),
    230: ("transfer_settlement", "liability"),
    BANK_SETTLEMENT: ("bank_settlement", "asset"),
    250: ("dispute_suspense", "asset"),
    260: ("taxes_payable", "liability"),
    270: ("prepaid_transfers", "liability"),
    PAYMENTS_IN_SUSPENSE: ("payments_in_suspense", "liability"),
    EXPECTED_BREAKAGE: ("expected_breakage", "asset"),
    300: ("opening_balances", "equity"),
    410: ("interest_income", "income"),
    411: ("over_limit_interest_income", "income"),
    420: ("other_fee_income", "income"),
    421: ("joining_fee_income", "income"),
    422: ("annual_fee_income", "income"),
    423: ("supplementary_annual_fee_income", "income"),
    424: ("late_payment_fee_income", "income"),
    425: ("service_fee_income", "income"),
    426: ("replacement_fee_income", "income"),
    427: ("cash_advance_fee_income", "income"),
    428: ("foreign_fee_income", "income"),
    429: ("balance_transfer_fee_income", "income"),
    430: ("returned_payment_fee_income", "income"),
    431: ("over_limit_fee_income", "income"),
    432: ("instalment_fee_income", "income"),
    433: ("extension_fee_income", "income"),
    434: ("redemption_fee_income", "income"),
    435: ("dormancy_fee_income", "income"),
    BREAKAGE_INCOME: ("breakage_income", "income"),
    510: ("waivers", "expense"),
    520: ("adjustments", "expense"),
    530: ("points_expense", "expense"),
    540: ("charge_off_losses", "expense"),
    550: ("prepaid_promotions", "expense"),
}


@dataclass(frozen=True)
class PostingType:
    """One kind of posting.

    code: kept in the database. figure: the statement figure that its amount counts in.
    charge: its name as a charge (`interest`, or the fee's name in the terms), segment: which balance the interest is on.
    """

    code: int
    name: str
    debit: int
    credit: int
    figure: Figure
    charge: str | None = None
    segment: str | None = None

    @property
    def sign(self) -> int:
        """+1 where the holder owes more for it, -1 where the holder owes less."""
        return 1 if self.debit < HOUSE else -1


def _owes_more(code: int, name: str, against: int, figure: Figure, charge: str | None = None,
               segment: str | None = None) -> PostingType:
    return PostingType(code, name, RECEIVABLE, against, figure, charge, segment)


def _owes_less(code: int, name: str, against: int, figure: Figure, charge: str | None = None) -> PostingType:
    return PostingType(code, name, against, RECEIVABLE, figure, charge)


def _has_less(code: int, name: str, against: int, figure: Figure, charge: str | None = None) -> PostingType:
    return PostingType(code, name, PREPAID_VALUE, against, figure, charge)


def _has_more(code: int, name: str, against: int, figure: Figure, charge: str | None = None) -> PostingType:
    return PostingType(code, name, against, PREPAID_VALUE, figure, charge)


OPENING_DEBIT = _owes_more(1, "opening_debit", 300, "previous_balance")
OPENING_CREDIT = _owes_less(2, "opening_credit", 300, "previous_balance")
#: What a prepaid account holds when it is taken over.
OPENING_VALUE = _has_more(0, "opening_value", 300, "previous_balance")
PURCHASE = _owes_more(10, "purchase", 210, "purchases")
CASH_ADVANCE = _owes_more(11, "cash_advance", 220, "cash_advances")
BALANCE_TRANSFER = _owes_more(12, "balance_transfer", 230, "balance_transfers")
PAYMENT = _owes_less(13, "payment", 240, "payments")
REFUND = _owes_less(14, "refund", 210, "credits")
FEE = _owes_more(15, "fee", 420, "fees", "fee")
INTEREST = _owes_more(16, "interest", 410, "interest", "interest", "other")
ADJUSTMENT_DEBIT = _owes_more(17, "adjustment_debit", 520, "adjustments")
ADJUSTMENT_CREDIT = _owes_less(18, "adjustment_credit", 520, "adjustments")
RETURNED_PAYMENT = _owes_more(19, "returned_payment", 240, "payments")
CHARGEBACK = _owes_less(20, "chargeback", 210, "credits")
PROVISIONAL_CREDIT = _owes_less(21, "provisional_credit", 250, "credits")
POINTS_CREDIT = _owes_less(22, "points_credit", 530, "credits")

#: Prepaid value: put on a card, spent, paid out; a spend that comes back; value that goes over to another card or comes from
#: one; value that the issuer or a partner gives away, and what of it nobody used in time.
LOAD = _has_more(23, "load", 240, "payments")
SPEND = _has_less(24, "spend", 210, "purchases")
UNLOAD = _has_less(25, "unload", 240, "payments")
SPEND_REFUND = _has_more(26, "spend_refund", 210, "credits")
TRANSFER_OUT = _has_less(27, "transfer_out", 270, "adjustments")
TRANSFER_IN = _has_more(28, "transfer_in", 270, "adjustments")
BONUS = _has_more(29, "bonus", 550, "credits")
#: What the issuer bears of a spend, and takes back with what is refunded of it.
SPEND_DISCOUNT = _has_more(34, "spend_discount", 550, "credits")
DISCOUNT_RETURNED = _has_less(35, "discount_returned", 550, "credits")
BONUS_FORFEITED = _has_less(33, "bonus_forfeited", 550, "adjustments")

PURCHASE_INTEREST = _owes_more(40, "purchase_interest", 410, "interest", "interest", "purchase")
CASH_ADVANCE_INTEREST = _owes_more(41, "cash_advance_interest", 410, "interest", "interest", "cash_advance")
OVER_LIMIT_INTEREST = _owes_more(42, "over_limit_interest", 411, "interest", "interest", "over_limit")
#: Interest on any other segment of the terms; the line number in the ledger is the segment's row, counted from 1.
SEGMENT_INTEREST = _owes_more(43, "segment_interest", 410, "interest", "interest", "other_segment")
#: What brings a closing's interest up to the least that the terms charge.
MINIMUM_INTEREST = _owes_more(44, "minimum_interest", 410, "interest", "interest", "minimum")
#: Interest that a deferred-interest segment put off, charged because the promotion ended unpaid; line number as for 43.
DEFERRED_INTEREST = _owes_more(45, "deferred_interest", 410, "interest", "interest", "deferred")
INTEREST_TAX = _owes_more(62, "interest_tax", 260, "fees", "tax")

#: A part of an instalment plan that has fallen due; of Cardwright's own, with the plan's number as line number.
INSTALMENT = _owes_more(30, "instalment", 210, "purchases")
#: What becomes a plan leaves the balances that it stood in: a purchase of this cycle, no payment of anything.
INSTALMENT_CONVERSION = _owes_less(31, "instalment_conversion", 210, "adjustments")
#: The same of what the last statement billed; the statement does not ask for it any more.
STATEMENT_CONVERSION = _owes_less(32, "statement_conversion", 210, "adjustments")

JOINING_FEE = _owes_more(50, "joining_fee", 421, "fees", "joining")
ANNUAL_FEE = _owes_more(51, "annual_fee", 422, "fees", "annual")
SUPPLEMENTARY_ANNUAL_FEE = _owes_more(52, "supplementary_annual_fee", 423, "fees", "supplementary_annual")
LATE_PAYMENT_FEE = _owes_more(53, "late_payment_fee", 424, "fees", "late_payment")
SERVICE_FEE = _owes_more(54, "service_fee", 425, "fees", "service")
REPLACEMENT_FEE = _owes_more(55, "replacement_fee", 426, "fees", "replacement")
CASH_ADVANCE_FEE = _owes_more(56, "cash_advance_fee", 427, "fees", "cash_advance")
FOREIGN_FEE = _owes_more(57, "foreign_fee", 428, "fees", "foreign")
BALANCE_TRANSFER_FEE = _owes_more(58, "balance_transfer_fee", 429, "fees", "balance_transfer")
RETURNED_PAYMENT_FEE = _owes_more(59, "returned_payment_fee", 430, "fees", "returned_payment")
OVER_LIMIT_FEE = _owes_more(60, "over_limit_fee", 431, "fees", "over_limit")
#: Fee (or interest) on a part of an instalment plan; line number as for 30.
INSTALMENT_FEE = _owes_more(63, "instalment_fee", 432, "fees", "instalment")
#: Tax on the fees of one event, or on one of Cardwright's own (then its line number is a thousand times the fee's, plus the
#: fee's code, so that several taxed on one day stay apart).
FEE_TAX = _owes_more(61, "fee_tax", 260, "fees", "tax")

#: Fees that a prepaid account pays out of its value.
EXTENSION_FEE = _has_less(64, "extension_fee", 433, "fees", "extension")
REDEMPTION_FEE = _has_less(65, "redemption_fee", 434, "fees", "redemption")
DORMANCY_FEE = _has_less(66, "dormancy_fee", 435, "fees", "dormancy")
PREPAID_REPLACEMENT_FEE = _has_less(67, "prepaid_replacement_fee", 426, "fees", "replacement")

JOINING_FEE_WAIVER = _owes_less(70, "joining_fee_waiver", 510, "waivers", "joining")
ANNUAL_FEE_WAIVER = _owes_less(71, "annual_fee_waiver", 510, "waivers", "annual")
SUPPLEMENTARY_ANNUAL_FEE_WAIVER = _owes_less(72, "supplementary_annual_fee_waiver", 510, "waivers", "supplementary_annual")
LATE_PAYMENT_FEE_WAIVER = _owes_less(73, "late_payment_fee_waiver", 510, "waivers", "late_payment")
SERVICE_FEE_WAIVER = _owes_less(74, "service_fee_waiver", 510, "waivers", "service")
REPLACEMENT_FEE_WAIVER = _owes_less(75, "replacement_fee_waiver", 510, "waivers", "replacement")
CASH_ADVANCE_FEE_WAIVER = _owes_less(76, "cash_advance_fee_waiver", 510, "waivers", "cash_advance")
FOREIGN_FEE_WAIVER = _owes_less(77, "foreign_fee_waiver", 510, "waivers", "foreign")
BALANCE_TRANSFER_FEE_WAIVER = _owes_less(78, "balance_transfer_fee_waiver", 510, "waivers", "balance_transfer")
RETURNED_PAYMENT_FEE_WAIVER = _owes_less(79, "returned_payment_fee_waiver", 510, "waivers", "returned_payment")
OVER_LIMIT_FEE_WAIVER = _owes_less(80, "over_limit_fee_waiver", 510, "waivers", "over_limit")
INTEREST_WAIVER = _owes_less(81, "interest_waiver", 510, "waivers", "interest")

#: What an account owes and is not expected to pay, written off; and what it pays of that after all.
CHARGE_OFF = _owes_less(90, "charge_off", 540, "adjustments")
RECOVERY = _owes_more(91, "recovery", 540, "adjustments")

#: Types that an account is taken over with; their codes come before those of all others.
OPENINGS = (OPENING_VALUE, OPENING_DEBIT, OPENING_CREDIT)

#: What waives a charge of a kind, by the charge's name.
WAIVERS: dict[str, PostingType] = {
    str(each.charge): each for each in (
        JOINING_FEE_WAIVER, ANNUAL_FEE_WAIVER, SUPPLEMENTARY_ANNUAL_FEE_WAIVER, LATE_PAYMENT_FEE_WAIVER, SERVICE_FEE_WAIVER,
        REPLACEMENT_FEE_WAIVER, CASH_ADVANCE_FEE_WAIVER, FOREIGN_FEE_WAIVER, BALANCE_TRANSFER_FEE_WAIVER,
        RETURNED_PAYMENT_FEE_WAIVER, OVER_LIMIT_FEE_WAIVER, INTEREST_WAIVER,
    )
}

POSTING_TYPES: tuple[PostingType, ...] = (
    OPENING_VALUE, OPENING_DEBIT, OPENING_CREDIT, PURCHASE, CASH_ADVANCE, BALANCE_TRANSFER, PAYMENT, REFUND, FEE, INTEREST,
    ADJUSTMENT_DEBIT, ADJUSTMENT_CREDIT, RETURNED_PAYMENT, CHARGEBACK, PROVISIONAL_CREDIT, POINTS_CREDIT,
    LOAD, SPEND, UNLOAD, SPEND_REFUND, TRANSFER_OUT, TRANSFER_IN, BONUS, BONUS_FORFEITED,
    SPEND_DISCOUNT, DISCOUNT_RETURNED,
    PURCHASE_INTEREST, CASH_ADVANCE_INTEREST, OVER_LIMIT_INTEREST, SEGMENT_INTEREST, MINIMUM_INTEREST, DEFERRED_INTEREST,
    INTEREST_TAX, INSTALMENT, INSTALMENT_CONVERSION, STATEMENT_CONVERSION, JOINING_FEE, ANNUAL_FEE, SUPPLEMENTARY_ANNUAL_FEE,
    LATE_PAYMENT_FEE, SERVICE_FEE, REPLACEMENT_FEE, CASH_ADVANCE_FEE, FOREIGN_FEE, BALANCE_TRANSFER_FEE, RETURNED_PAYMENT_FEE,
    OVER_LIMIT_FEE, INSTALMENT_FEE, FEE_TAX, EXTENSION_FEE, REDEMPTION_FEE, DORMANCY_FEE, PREPAID_REPLACEMENT_FEE,
    *WAIVERS.values(), CHARGE_OFF, RECOVERY,
)


def _correction_of(charge: PostingType) -> PostingType:
    """What gives back a charge, or takes back a waiver: the two sides turned round, in the same figure."""
    return replace(charge, code=charge.code + CORRECTION, name=f"{charge.name}_correction", debit=charge.credit,
                   credit=charge.debit)


#: Added to the code of a charge or a waiver of Cardwright's own: the code of what corrects it downwards after a rebilling.
CORRECTION = 100
POSTING_TYPES += tuple(
    _correction_of(each) for each in POSTING_TYPES
    if PURCHASE_INTEREST.code <= each.code < CORRECTION and (each.charge is not None or each in (CHARGE_OFF, RECOVERY))
)

BY_CODE: dict[int, PostingType] = {each.code: each for each in POSTING_TYPES}
BY_NAME: dict[str, PostingType] = {each.name: each for each in POSTING_TYPES}

#: What a transactions file may carry for a credit product; `load`, `spend` and `unload` belong to prepaid products.
TRANSACTION_TYPES: frozenset[str] = frozenset(
    each.name for each in POSTING_TYPES if PURCHASE.code <= each.code <= POINTS_CREDIT.code
)
PREPAID_TRANSACTION_TYPES: frozenset[str] = frozenset({LOAD.name, SPEND.name, UNLOAD.name})

#: In a signed file a negative amount means the opposite event.
OPPOSITE: dict[str, str] = {
    "purchase": "refund", "refund": "purchase", "payment": "returned_payment", "returned_payment": "payment",
    "adjustment_debit": "adjustment_credit", "adjustment_credit": "adjustment_debit",
}

#: Sources of postings that are no file's (source_id in the ledger): what the counter posted while somebody waited, which
#: counts at once; and Cardwright's own charges.
COUNTER = 0
OWN_CHARGES = 1
