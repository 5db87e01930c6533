"""A bank's statement of account (ISO 20022 camt.053): checked against a schema, its entries as rows, its balances as its place.

XML is read without entities, document types or anything from elsewhere. Source: docs/reference/bank-statements.md.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from xml.etree.ElementTree import Element

import xmlschema
from xmlschema.exceptions import XMLResourceForbidden

from accounts.intake.cells import Amount, Choice, Code, CurrencyCode, FreeText, IsoDate
from accounts.intake.files import UnusableFile, stamp_of
from accounts.intake.layout import Column, FileLayout
from accounts.intake.rows import RowBlock, block_of_lists
from accounts.money import CURRENCIES, BadAmount, major_units, minor_units
from counter.clearing.file import ClearingFile, Defect
from counter.clearing.register import A_YEAR

LARGEST_FILE = 100_000_000
#: Versions of camt.053 whose parts that are read here are the same.
VERSIONS = tuple(f"{number:02}" for number in range(2, 15))
_NAMESPACE = re.compile(r"\{(urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.([0-9]{2}))\}Document")

CREDIT, RETURN = "payment", "returned_payment"
ENTRIES = FileLayout("bank_statement", "Money in and payments returned, by a bank's statement of account.", (
    Column("kind", Choice((CREDIT, RETURN)), "what it is", required=True),
    Column("ref", Code(200), "account, and the bank's reference or the statement's number and the entry's", required=True),
    Column("amount", Amount(), "major units", required=True),
    Column("currency", CurrencyCode(), "of the bank account", required=True),
    Column("booked_on", IsoDate(), "the day the bank booked it", required=True),
    Column("value_on", IsoDate(), "the day it counts from", required=True),
    Column("structured", FreeText(140), "structured creditor reference"),
    Column("text", FreeText(2000), "what the payer wrote, end-to-end reference included"),
    Column("payer", FreeText(140), "who paid"),
))


@dataclass
class BankStatement(ClearingFile):
    """A statement whose entries are its rows; opening_balance, closing_balance: minor units of `currency`."""

    currency: str = ""
    opening_balance: int = 0
    closing_balance: int = 0
    entries: list[list[str]] = field(default_factory=list)

    @property
    def number(self) -> int:
        """The bank's own number of the statement."""
        return self.sequence % A_YEAR

    def _blocks(self, names: list[str | None]) -> Iterator[RowBlock]:
        if self.entries:
            yield block_of_lists(names, list(range(1, len(self.entries) + 1)), self.entries, [])


def open_bank_statement(path: Path) -> BankStatement:
    """Read and check a statement. Raises UnusableFile for what cannot be read or is none; what does not add up is its
    `defect`."""
    try:
        stamp = stamp_of(path)
        if stamp[1] > LARGEST_FILE:
            raise UnusableFile(path, f"is larger than {LARGEST_FILE // 10**6} MB; ask the bank for one statement a file")
        content = path.read_bytes()
    except OSError as error:
        raise UnusableFile(path, f"cannot be read: {error.strerror or error}") from None
    document, space = _checked(path, content)
    statements = document.findall(f"{space}BkToCstmrStmt/{space}Stmt")
    if len(statements) > 1:
        raise UnusableFile(path, f"has {len(statements)} statements; each is taken from a file of its own")
    return _Reader(path, space, statements[0]).file(stamp, hashlib.sha256(content).digest())


def _checked(path: Path, content: bytes) -> tuple[Element, str]:
    """The document's root and its namespace, once the schema has found nothing wrong."""
    try:
        resource = xmlschema.XMLResource(content, defuse="always", allow="none")
        root = resource.root
    except XMLResourceForbidden:
        raise UnusableFile(path, "declares entities or a document type; no bank statement needs them, and they are not "
                           "read") from None
    except xmlschema.XMLResourceError as error:
        raise UnusableFile(path, f"is cut off or no XML ({error}); ask the bank for it again") from None
    found = _NAMESPACE.fullmatch(str(root.tag))
    if found is None or found[2] not in VERSIONS:
        raise UnusableFile(path, f"is no camt.053 message of versions {VERSIONS[0]} to {VERSIONS[-1]}: its root is {root.tag}")
    wrong = next(iter(_schema(found[1]).iter_errors(resource)), None)
    if wrong is not None:
        raise UnusableFile(path, f"{wrong.path}: {' '.join(str(wrong.reason).split())}; ask the bank for it again")
    assert isinstance(root, Element)
    return root, f"{{{found[1]}}}"


@lru_cache(maxsize=len(VERSIONS))
def _schema(namespace: str) -> xmlschema.XMLSchema11:
    text = files("counter.clearing").joinpath("data/bank-statement.xsd").read_text(encoding="utf-8")
    return xmlschema.XMLSchema11(text.replace("NAMESPACE", namespace), allow="none", defuse="never")


class _Reader:
    """Reads one statement, whose schema has been checked."""

    def __init__(self, path: Path, space: str, statement: Element) -> None:
        self.path, self.space, self.statement = path, space, statement

    def file(self, stamp: tuple[int, int, int], sha256: bytes) -> BankStatement:
        account = self._text(self.statement, "Acct/Id/IBAN") or self._text(self.statement, "Acct/Id/Othr/Id")
        number = self._text(self.statement, "ElctrncSeqNb") or self._text(self.statement, "LglSeqNb")
        if not number or not 0 < int(number) < A_YEAR:
            raise UnusableFile(self.path, "Stmt has no sequence number (ElctrncSeqNb or LglSeqNb) from 1 on; without it nobody "
                               "can tell whether one is missing")
        opening, currency, _ = self._balance(("OPBD", "PRCD"))
        closing, of_closing, on = self._balance(("CLBD",))
        if currency not in CURRENCIES or of_closing != currency:
            raise UnusableFile(self.path, f"its balances are in {currency} and {of_closing}; both have to be in one known "
                               "currency")
        digits = CURRENCIES[currency].digits
        file = BankStatement(
            self.path, ENTRIES, False, "csv", sha256, list(ENTRIES.names), 0, stamp=stamp, sender=account[:60],
            sequence=on.year * A_YEAR + int(number), file_on=on, currency=currency)
        try:
            file.opening_balance, file.closing_balance = _minor(opening, digits), _minor(closing, digits)
            moved = self._entries(file, digits)
        except BadAmount as wrong:
            raise UnusableFile(self.path, f"an amount is wrong: {wrong}") from None
        file.rows = file.rows_expected = len(file.entries)
        file.body_sha256 = hashlib.sha256(repr([each[2:] for each in file.entries]).encode()).digest()
        file.defect = self._defect(file, moved, digits)
        return file

    def _defect(self, file: BankStatement, moved: int, digits: int) -> Defect | None:
        said = self._text(self.statement, "TxsSummry/TtlNtries/NbOfNtries")
        entries = len(self.statement.findall(f"{self.space}Ntry"))
        if said and int(said) != entries:
            return Defect("truncated", f"it says {int(said)} entries and has {entries}; ask the bank for it again")
        if file.opening_balance + moved != file.closing_balance:
            shown = [major_units(each, digits) for each in (file.opening_balance, moved, file.closing_balance)]
            return Defect("totals", f"it opens with {shown[0]}, its booked entries come to {shown[1]}, and it closes with "
                          f"{shown[2]}: entries are missing; ask the bank for it again")
        return None

    def _entries(self, file: BankStatement, digits: int) -> int:
        """Fill in the entries that are payments or payments returned; what all booked ones come to."""
        moved, left = 0, {"not booked yet": 0, "debits that return no payment": 0, "credits that take back a debit": 0}
        seen: set[str] = set()
        for place, entry in enumerate(self.statement.findall(f"{self.space}Ntry"), start=1):
            status = self._text(entry, "Sts/Cd") or self._text(entry, "Sts")
            if status != "BOOK":
                left["not booked yet"] += 1
                continue
            amount, credit = self._amount(entry, file.currency), self._text(entry, "CdtDbtInd") == "CRDT"
            moved += _minor(amount, digits) * (1 if credit else -1)
            reversal = self._text(entry, "RvslInd") in ("true", "1")
            parts = self._parts(entry, amount, file.currency)
            for number, (part, part_amount) in enumerate(parts, start=1):
                returned = reversal or (part is not None and part.find(f"{self.space}RtrInf") is not None)
                if credit == returned:
                    left["credits that take back a debit" if credit else "debits that return no payment"] += 1
                    continue
                own = self._text(part, "Refs/AcctSvcrRef") or (self._text(entry, "AcctSvcrRef") if len(parts) == 1 else "")
                if not own or own in seen:
                    own = f"{file.sequence // A_YEAR}-{file.number}/{place}.{number}"
                seen.add(own)
                kind = CREDIT if credit else RETURN
                file.entries.append(self._row(entry, part, f"{file.sender}/{own}", part_amount, kind, file))
        file.notices += [f"{count} entries left: {why}" for why, count in left.items() if count]
        return moved

    def _row(self, entry: Element, part: Element | None, ref: str, amount: Decimal, kind: str,
             file: BankStatement) -> list[str]:
        booked = self._day(entry, "BookgDt") or file.file_on
        end_to_end = self._text(part, "Refs/EndToEndId")
        words = [each.text or "" for each in (part.findall(self._path("RmtInf/Ustrd")) if part is not None else [])]
        words += [end_to_end] if end_to_end and end_to_end != "NOTPROVIDED" else []
        return [kind, ref, format(amount, "f"), file.currency, booked.isoformat(),
                (self._day(entry, "ValDt") or booked).isoformat(), self._text(part, "RmtInf/Strd/CdtrRefInf/Ref"),
                " ".join(" ".join(words).split()),
                self._text(part, "RltdPties/Dbtr/Pty/Nm") or self._text(part, "RltdPties/Dbtr/Nm")]

    def _parts(self, entry: Element, amount: Decimal, currency: str) -> list[tuple[Element | None, Decimal]]:
        """The transactions of an entry with their amounts; the entry as one where they do not come to what it says."""
        found = entry.findall(self._path("NtryDtls/TxDtls"))
        if len(found) <= 1:
            return [(found[0] if found else None, amount)]
        amounts = [self._amount(each, currency, "Amt") or self._amount(each, currency, "AmtDtls/TxAmt/Amt") for each in found]
        if sum(amounts, Decimal(0)) != amount:
            return [(None, amount)]
        return list(zip(found, amounts, strict=True))

    def _amount(self, under: Element, currency: str, path: str = "Amt") -> Decimal:
        """An amount in the account's currency, zero where there is none."""
        found = under.find(self._path(path))
        if found is None or not (found.text or "").strip():
            return Decimal(0)
        if found.get("Ccy") != currency:
            if path == "Amt" and under.tag == f"{self.space}Ntry":
                raise UnusableFile(self.path, f"an entry is in {found.get('Ccy')} and the account in {currency}")
            return Decimal(0)
        return Decimal(str(found.text).strip())

    def _balance(self, codes: tuple[str, ...]) -> tuple[Decimal, str, date]:
        for balance in self.statement.findall(f"{self.space}Bal"):
            if self._text(balance, "Tp/CdOrPrtry/Cd") in codes:
                amount = balance.find(f"{self.space}Amt")
                on = self._day(balance, "Dt")
                assert amount is not None
                assert on is not None
                sign = 1 if self._text(balance, "CdtDbtInd") == "CRDT" else -1
                return sign * Decimal(str(amount.text).strip()), amount.get("Ccy", ""), on
        raise UnusableFile(self.path, f"Stmt has no balance {' or '.join(codes)}; a statement has an opening and a closing one")

    def _day(self, under: Element, path: str) -> date | None:
        text = self._text(under, f"{path}/Dt") or self._text(under, f"{path}/DtTm")
        return date.fromisoformat(text[:10]) if text else None

    def _text(self, under: Element | None, path: str) -> str:
        found = under.find(self._path(path)) if under is not None else None
        return "" if found is None else (found.text or "").strip()

    def _path(self, path: str) -> str:
        return "/".join(f"{self.space}{step}" for step in path.split("/"))


def _minor(amount: Decimal, digits: int) -> int:
    return minor_units(format(amount, "f"), digits) if amount >= 0 else -minor_units(format(-amount, "f"), digits)


__all__ = ["CREDIT", "ENTRIES", "RETURN", "BankStatement", "open_bank_statement"]
