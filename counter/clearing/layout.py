"""What a daily clearing file looks like: a header, the names of its columns, a row for each record, totals, a trailer.

Source: docs/reference/clearing-files.md.
"""

from __future__ import annotations

from accounts.intake.cells import Amount, Choice, Code, CurrencyCode, FreeText, IsoDate, YesOrNo
from accounts.intake.layout import Column, FileLayout

VERSION = "cardwright.clearing/1"
PRESENTMENT, CASH_PRESENTMENT, REFUND, REVERSAL, CHARGEBACK = KINDS = (
    "presentment", "cash_presentment", "refund", "reversal", "chargeback")

CLEARING = FileLayout("clearing", "What a network presents in a day.", (
    Column("kind", Choice(KINDS), "what it is", required=True),
    Column("card", Code(), "code of the card, never its number", required=True),
    Column("ref", Code(200), "the record's own reference, never used twice", required=True),
    Column("of", Code(200), "of a presentment: the retrieval reference of its authorisation; of a reversal: the reference of "
           "what is reversed, presentment or authorisation; of a refund or chargeback: the reference of its presentment"),
    Column("transaction_on", IsoDate(), "the day it happened", required=True),
    Column("amount", Amount(), "major units of the account's currency", required=True),
    Column("currency", CurrencyCode(), "the account's", required=True),
    Column("original_amount", Amount(), "amount in the currency it was made in"),
    Column("original_currency", CurrencyCode(), "the currency it was made in"),
    Column("merchant", FreeText(300), "merchant"),
    Column("mcc", Code(10), "merchant category code"),
    Column("more_to_come", YesOrNo(), "more presentments of the same authorisation follow: keep holding what is left of it"),
    Column("description", FreeText(), "words for the statement"),
))
