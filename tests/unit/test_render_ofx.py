"""Statements as OFX: the structure of the specification, every transaction back with its sign, stable ids, no card numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from accounts.posting_types import POSTING_TYPES, PostingType
from billing.scenario import Scenario
from billing.simulation import simulate
from statements.facts import CardFacts, PostingLine, StatementFacts
from statements.render_ofx import account_id, render_ofx, transaction_id
from statements.seal import seal_statements
from statements.simulated import simulated_facts

#: What each element holds, in order; "?" optional, "*" any number. OFX 2.2, sections 2.5.1, 11.4.2 and 11.4.3.
STRUCTURE = {
    "OFX": "SIGNONMSGSRSV1 CREDITCARDMSGSRSV1",
    "SIGNONMSGSRSV1": "SONRS",
    "SONRS": "STATUS DTSERVER LANGUAGE FI?",
    "STATUS": "CODE SEVERITY",
    "FI": "ORG",
    "CREDITCARDMSGSRSV1": "CCSTMTTRNRS",
    "CCSTMTTRNRS": "TRNUID STATUS CCSTMTRS",
    "CCSTMTRS": "CURDEF CCACCTFROM BANKTRANLIST LEDGERBAL AVAILBAL?",
    "CCACCTFROM": "ACCTID",
    "BANKTRANLIST": "DTSTART DTEND STMTTRN*",
    "STMTTRN": "TRNTYPE DTPOSTED DTUSER TRNAMT FITID REFNUM? NAME MEMO?",
    "LEDGERBAL": "BALAMT DTASOF",
    "AVAILBAL": "BALAMT DTASOF",
}
INSTANT = r"[0-9]{8}120000\.000\[0:GMT\]"
AMOUNT = r"-?[0-9]+(\.[0-9]+)?"
VALUES = {
    "CODE": "0", "SEVERITY": "INFO", "LANGUAGE": "ENG|ZHO", "ORG": ".{1,32}", "TRNUID": ".{1,36}", "CURDEF": "[A-Z]{3}",
    "ACCTID": ".{1,22}", "TRNTYPE": "CREDIT|DEBIT|INT|FEE|CASH|PAYMENT", "TRNAMT": AMOUNT, "BALAMT": AMOUNT,
    "FITID": "[-0-9]{1,255}", "REFNUM": ".{1,32}", "NAME": ".{1,32}", "MEMO": ".{33,255}",
    **dict.fromkeys(("DTSERVER", "DTSTART", "DTEND", "DTPOSTED", "DTUSER", "DTASOF"), INSTANT),
}


def obeys(element: ET.Element) -> None:
    """Whether an element and all in it have the content that the specification gives them."""
    if element.tag in STRUCTURE:
        children = " ".join(child.tag for child in element) + " "
        pattern = "".join(f"({re.escape(item.rstrip('?*'))} ){item.removeprefix(item.rstrip('?*'))}"
                          for item in STRUCTURE[element.tag].split())
        assert re.fullmatch(pattern, children), (element.tag, children)
        for child in element:
            obeys(child)
    else:
        assert not len(element)
        assert re.fullmatch(VALUES[element.tag], element.text or ""), (element.tag, element.text)


def read(content: bytes) -> ET.Element:
    """The file as any XML reader sees it, its structure checked; the header says OFX 2.2."""
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<?OFX OFXHEADER="200" VERSION="220" ')
    root = ET.fromstring(content)
    obeys(root)
    return root


def rows(root: ET.Element) -> list[dict[str, str]]:
    """The transactions, each as element and text."""
    return [{child.tag: child.text or "" for child in row} for row in root.iter("STMTTRN")]


def told(root: ET.Element, path: str) -> str:
    """The text of the one element at a path."""
    found = root.findall(path)
    assert len(found) == 1
    return found[0].text or ""


def statements(**more: Any) -> list[StatementFacts]:
    """Three cycles: two honest identical coffees, a late part payment, interest and its fee."""
    coffee = {"on": date(2023, 3, 30), "type": "purchase", "amount": "4.50", "merchant": "Coffee & <Cake>"}
    scenario = Scenario.from_document({
        "account": {"opened_on": date(2023, 3, 1), "credit_limit": "10000.00"}, "until": date(2023, 6, 5),
        "terms": {"product": "classic", "currency": "CNY", "in_force_from": date(2023, 1, 1),
                  "fees": {"late_payment": {"kind": "fixed", "amount": "10.00"}}},
        "events": [coffee, coffee, {"on": date(2023, 4, 1), "type": "cash_advance", "amount": "200.00"},
                   {"on": date(2023, 5, 24), "type": "payment", "amount": "100.00", "id": "P-1"}], **more,
    }, Path("s.toml"))
    simulated = simulate(scenario, seal_statements)
    return [simulated_facts("A1", each) for each in simulated.statements]


def test_every_transaction_comes_back_with_the_holders_sign() -> None:
    facts = statements()
    root = read(render_ofx(facts))
    kinds = [(each["TRNTYPE"], each["DTPOSTED"][:8], each["TRNAMT"], each["NAME"]) for each in rows(root)]
    assert kinds[:3] == [("DEBIT", "20230330", "-4.50", "Coffee & <Cake>"), ("DEBIT", "20230330", "-4.50", "Coffee & <Cake>"),
                         ("CASH", "20230401", "-200.00", "Cash advance")]
    assert ("PAYMENT", "20230524", "100.00", "Payment") in kinds
    assert ("FEE", "20230424", "-10.00", "Late-payment fee") in kinds
    assert {kind for kind, *_ in kinds} == {"DEBIT", "CASH", "PAYMENT", "FEE", "INT"}
    owed = Decimal(facts[-1].row["new_balance"]) / 100
    assert sum(Decimal(each["TRNAMT"]) for each in rows(root)) == Decimal(told(root, ".//LEDGERBAL/BALAMT")) == -owed
    assert told(root, ".//AVAILBAL/BALAMT") == str(Decimal("10000.00") - owed)
    assert (told(root, ".//DTSTART")[:8], told(root, ".//DTEND")[:8]) == ("20230301", "20230605")
    assert [each.get("REFNUM") for each in rows(root) if each["TRNTYPE"] == "PAYMENT"] == ["P-1"]


def test_ids_are_never_used_twice_and_stay_the_same() -> None:
    facts = statements()
    whole = [each["FITID"] for each in rows(read(render_ofx(facts)))]
    assert len(set(whole)) == len(whole) > 6
    apart = [each["FITID"] for one in facts for each in rows(read(render_ofx([one])))]
    assert apart == whole
    assert render_ofx(facts) == render_ofx(statements())


def test_no_card_number_not_even_its_end() -> None:
    facts = statements()[0]
    card = CardFacts(7, "C-4417", "primary", date(2023, 3, 1), "4417")
    content = render_ofx([replace(facts, postings=[replace(each, card_id=7) for each in facts.postings], cards=[card])])
    assert b"4417" not in content


def _with(facts: StatementFacts, **changes: Any) -> Sequence[StatementFacts]:
    return [replace(facts, postings=[replace(each, **changes) for each in facts.postings])]


@pytest.mark.parametrize(("merchant", "name", "memo", "why"), [
    ("x" * 300, "x" * 32, "x" * 255, "as long as the specification lets it be"),
    ("Bank\x00of\x1b the\nWest \ufffe", "Bank of the West", None, "no control characters, one line"),
    ("\x01", "purchase", None, "nothing is left of it"),
    ("咖啡 & 书", "咖啡 & 书", None, "any script"),
    ("a" * 32, "a" * 32, None, "it fits"),
    ("a" * 31 + " and more", "a" * 31, "a" * 31 + " and more", "no space at the end"),
])
def test_names_that_do_not_fit(merchant: str, name: str, memo: str | None, why: str) -> None:
    first = rows(read(render_ofx(_with(statements()[0], merchant=merchant))))[0]
    assert (first["NAME"], first.get("MEMO")) == (name, memo), why


def test_the_holders_language() -> None:
    root = read(render_ofx(statements(), "zh"))
    assert told(root, ".//LANGUAGE") == "ZHO"
    assert "还款" in [each["NAME"] for each in rows(root)]


@pytest.mark.parametrize("kind", [each for each in POSTING_TYPES if each.figure != "previous_balance"],
                         ids=lambda each: each.name)
def test_every_kind_of_posting_has_a_type_that_agrees_with_its_sign(kind: PostingType) -> None:
    on = date(2023, 3, 30)
    line = PostingLine(on, 2, 1, kind.code, kind.debit, kind.credit, 156, 500, on, on)
    row, = rows(read(render_ofx([replace(statements()[0], postings=[line])])))
    assert row["TRNAMT"] == ("-5.00" if kind.sign > 0 else "5.00")
    assert (row["TRNTYPE"] in ("PAYMENT", "CREDIT")) == (kind.sign < 0)
    assert transaction_id(line) == row["FITID"]


def test_an_account_without_a_limit_has_no_available_balance() -> None:
    facts = statements()[0]
    root = read(render_ofx([replace(facts, row={**facts.row, "credit_limit": 10**14})]))
    assert root.find(".//AVAILBAL") is None


def test_a_long_account_code_keeps_its_beginning_and_stays_apart() -> None:
    long, other = "A" * 30 + "1", "A" * 30 + "2"
    assert account_id("A" * 22) == "A" * 22
    assert len(account_id(long)) == 22
    assert account_id(long) != account_id(other)
