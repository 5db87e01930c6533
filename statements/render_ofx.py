"""Statements of one account as OFX 2.2, the file that a holder's own accounting software takes in.

One credit-card statement (CREDITCARDMSGSRSV1) over all the cycles given: the software sees one account, its transactions and
the balance at the last closing. Signs are the holder's: what is spent is negative. No card number is in it, not even its end.

Source: Open Financial Exchange Specification 2.2, chapters 2 and 11; order and lengths of the elements are its.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

from accounts.posting_types import BY_CODE, PostingType
from statements.compose import compose
from statements.document import Line, StatementDocument
from statements.facts import PostingLine, StatementFacts
from statements.page import NO_LIMIT
from statements.wording import Language, described, label, language_of

_HEADER = ('<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n'
           '<?OFX OFXHEADER="200" VERSION="220" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>\n')
_LONGEST_ACCOUNT, _LONGEST_NAME, _LONGEST_REFERENCE, _LONGEST_MEMO = 22, 32, 32, 255
#: What XML 1.0 cannot hold: control characters but tab and line ends, surrogates, non-characters.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LANGUAGES: dict[Language, str] = {"en": "ENG", "zh": "ZHO"}


def render_ofx(statements: Sequence[StatementFacts], language: Language | None = None) -> bytes:
    """One OFX file of one account's statements, oldest first; the same statements give the same bytes.

    language: of descriptions; the member's where none is given. A transaction keeps its FITID in every file that it is in.
    """
    lang = language or language_of(statements[-1].letterhead.language)
    documents = [compose(facts) for facts in statements]
    ofx = ET.Element("OFX")
    sign_on = _in(ofx, "SIGNONMSGSRSV1", "SONRS")
    _status(sign_on)
    _text(sign_on, "DTSERVER", _noon(documents[-1]["cycle"]["closes_on"]))
    _text(sign_on, "LANGUAGE", _LANGUAGES[lang])
    _text(_in(sign_on, "FI"), "ORG", _cut(label("issuer", "en"), _LONGEST_NAME))
    answer = _in(ofx, "CREDITCARDMSGSRSV1", "CCSTMTTRNRS")
    _text(answer, "TRNUID", "0")
    _status(answer)
    _statement(_in(answer, "CCSTMTRS"), statements, documents, lang)
    ET.indent(ofx, "")
    return (_HEADER + ET.tostring(ofx, encoding="unicode") + "\n").encode()


def transaction_id(posting: PostingLine) -> str:
    """The FITID of a posting: its key in the books. Two honest identical rows stay two; a second download repeats the first."""
    return f"{posting.posted_on:%Y%m%d}-{posting.source_id}-{posting.source_line}-{posting.type}"


def account_id(account: str) -> str:
    """An account's code in the 22 characters that OFX has for it: of a longer one the beginning, and a digest of the whole."""
    if len(account) <= _LONGEST_ACCOUNT:
        return account
    return f"{account[:13]}-{hashlib.sha256(account.encode()).hexdigest()[:8]}"


def _statement(response: ET.Element, statements: Sequence[StatementFacts], documents: Sequence[StatementDocument],
               lang: Language) -> None:
    latest = documents[-1]
    _text(response, "CURDEF", latest["currency"])
    _text(_in(response, "CCACCTFROM"), "ACCTID", account_id(latest["account"]))
    transactions = _in(response, "BANKTRANLIST")
    _text(transactions, "DTSTART", _noon(documents[0]["cycle"]["opens_on"]))
    _text(transactions, "DTEND", _noon(latest["cycle"]["closes_on"]))
    for facts, document in zip(statements, documents, strict=True):
        for posting, line in zip(sorted(facts.postings, key=lambda each: each.order), document["lines"], strict=True):
            _transaction(_in(transactions, "STMTTRN"), posting, line, lang)
    _balance(response, "LEDGERBAL", _turned(latest["new_balance"]), latest)
    if Decimal(latest["credit_limit"]) < NO_LIMIT:
        _balance(response, "AVAILBAL", latest["available_credit"], latest)


def _transaction(row: ET.Element, posting: PostingLine, line: Line, lang: Language) -> None:
    description = _cut(described(line["description"], line["type"], lang), _LONGEST_MEMO)
    _text(row, "TRNTYPE", _kind(BY_CODE[posting.type]))
    _text(row, "DTPOSTED", _noon(line["posted_on"]))
    _text(row, "DTUSER", _noon(line["transaction_on"]))
    _text(row, "TRNAMT", _turned(line["amount"]))
    _text(row, "FITID", transaction_id(posting))
    if reference := _cut(line["ref"], _LONGEST_REFERENCE):
        _text(row, "REFNUM", reference)
    _text(row, "NAME", _cut(description, _LONGEST_NAME) or line["type"][:_LONGEST_NAME])
    if len(description) > _LONGEST_NAME:
        _text(row, "MEMO", description)


def _kind(posting_type: PostingType) -> str:
    """The TRNTYPE of a posting."""
    if posting_type.sign > 0 and posting_type.figure in _KINDS:
        return _KINDS[posting_type.figure]
    if posting_type.name == "payment":
        return "PAYMENT"
    return "DEBIT" if posting_type.sign > 0 else "CREDIT"


_KINDS = {"interest": "INT", "fees": "FEE", "cash_advances": "CASH"}


def _balance(response: ET.Element, name: str, amount: str, latest: StatementDocument) -> None:
    balance = _in(response, name)
    _text(balance, "BALAMT", amount)
    _text(balance, "DTASOF", _noon(latest["cycle"]["closes_on"]))


def _status(parent: ET.Element) -> None:
    status = _in(parent, "STATUS")
    _text(status, "CODE", "0")
    _text(status, "SEVERITY", "INFO")


def _in(parent: ET.Element, *names: str) -> ET.Element:
    """A new element inside another, or several, each inside the one before; gives the innermost."""
    for name in names:
        parent = ET.SubElement(parent, name)
    return parent


def _text(parent: ET.Element, name: str, text: str) -> None:
    _in(parent, name).text = text


def _cut(text: str, length: int) -> str:
    """A text in one line that XML and OFX can hold."""
    return " ".join(_NOT_XML.sub(" ", text).split())[:length].rstrip()


def _noon(day: str) -> str:
    """A date as OFX writes instants: at noon, so that it is the same day in nearly every time zone."""
    return f"{date.fromisoformat(day):%Y%m%d}120000.000[0:GMT]"


def _turned(amount: str) -> str:
    """An amount with the other sign."""
    return amount.removeprefix("-") if amount.startswith("-") or not Decimal(amount) else f"-{amount}"
