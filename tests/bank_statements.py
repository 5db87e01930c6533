"""Bank statements (camt.053) for tests: entries as dictionaries, balances that agree with them unless told."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

IBAN = "DE02120300000000202051"


def bank_statement(entries: Sequence[dict[str, Any]], number: int = 1, *, opening: str = "1000.00", closing: str | None = None,
                   version: str = "08", on: str = "2024-01-05", currency: str = "CNY", entries_said: int | None = None) -> str:
    """A statement as text.

    An entry: amount; side (CRDT), reversal, status (BOOK), value_on, booked_on, ref, structured, text, end_to_end, payer;
    parts: its transactions, each of the same.
    """
    new = version >= "08"
    total = sum((Decimal(each["amount"]) * (1 if each.get("side", "CRDT") == "CRDT" else -1) for each in entries
                 if each.get("status", "BOOK") == "BOOK"), Decimal(0))
    end = Decimal(opening) + total if closing is None else Decimal(closing)
    summary = "" if entries_said is None else (
        f"<TxsSummry><TtlNtries><NbOfNtries>{entries_said}</NbOfNtries></TtlNtries></TxsSummry>")
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">\n'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M{number}</MsgId><CreDtTm>{on}T18:00:00</CreDtTm></GrpHdr>\n<Stmt><Id>S{number}</Id>"
        f"<ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{on}T18:00:00</CreDtTm><Acct><Id><IBAN>{IBAN}</IBAN></Id>"
        f"<Ccy>{currency}</Ccy></Acct>\n{_balance('OPBD', Decimal(opening), on, currency)}"
        f"{_balance('CLBD', end, on, currency)}{summary}\n"
        + "".join(_entry(each, on, currency, new) for each in entries) + "</Stmt></BkToCstmrStmt></Document>\n")


def statement_file(home: Path, entries: Sequence[dict[str, Any]], number: int = 1, **more: Any) -> Path:
    """The same on disk."""
    path = home / f"bank-{number}{more.pop('suffix', '')}.xml"
    path.write_text(bank_statement(entries, number, **more), encoding="utf-8")
    return path


def _balance(code: str, amount: Decimal, on: str, currency: str) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"{currency}\">{abs(amount)}</Amt>"
            f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>")


def _entry(entry: dict[str, Any], on: str, currency: str, new: bool) -> str:
    status = entry.get("status", "BOOK")
    parts = entry.get("parts", [entry])
    return (
        "<Ntry>" + (f"<NtryRef>{entry['ref']}</NtryRef>" if "ref" in entry else "")
        + f'<Amt Ccy="{currency}">{entry["amount"]}</Amt><CdtDbtInd>{entry.get("side", "CRDT")}</CdtDbtInd>'
        + ("<RvslInd>true</RvslInd>" if entry.get("reversal") else "")
        + (f"<Sts><Cd>{status}</Cd></Sts>" if new else f"<Sts>{status}</Sts>")
        + f"<BookgDt><Dt>{entry.get('booked_on', on)}</Dt></BookgDt><ValDt><Dt>{entry.get('value_on', on)}</Dt></ValDt>"
        + (f"<AcctSvcrRef>{entry['bank_ref']}</AcctSvcrRef>" if "bank_ref" in entry else "")
        + "<BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd><NtryDtls>"
        + "".join(_transaction(each, currency, new, "parts" in entry) for each in parts) + "</NtryDtls></Ntry>\n")


def _transaction(part: dict[str, Any], currency: str, new: bool, own: bool) -> str:
    payer = escape(part.get("payer", "A payer"))
    name = f"<Pty><Nm>{payer}</Nm></Pty>" if new else f"<Nm>{payer}</Nm>"
    amount = f'<Amt Ccy="{currency}">{part["amount"]}</Amt>' if new else (
        f'<AmtDtls><TxAmt><Amt Ccy="{currency}">{part["amount"]}</Amt></TxAmt></AmtDtls>')
    remittance = "".join(f"<Ustrd>{escape(each)}</Ustrd>" for each in [part["text"]] if each) if "text" in part else ""
    if "structured" in part:
        remittance += f"<Strd><CdtrRefInf><Ref>{part['structured']}</Ref></CdtrRefInf></Strd>"
    return (f"<TxDtls><Refs><EndToEndId>{part.get('end_to_end', 'NOTPROVIDED')}</EndToEndId></Refs>" + (amount if own else "")
            + f"<RltdPties><Dbtr>{name}</Dbtr></RltdPties>" + (f"<RmtInf>{remittance}</RmtInf>" if remittance else "")
            + ("<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if part.get("returned") else "") + "</TxDtls>")
