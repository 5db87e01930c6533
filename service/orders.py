"""Takes in sales orders of cards; one whose buyer is not known is kept under member 0."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from psycopg import Connection

from accounts.intake.amounts import read_amounts
from accounts.intake.book_days import BookDays
from accounts.intake.checking import BlockCheck
from accounts.intake.copying import copy_rows
from accounts.intake.master_data import alone, already_there, first_rows, found_by_code, org_unit_ids, outcome_of, picked
from accounts.intake.products import Product, Products
from accounts.intake.rows import RowBlock
from accounts.intake.taking import ChunkOutcome
from service.layouts import ORDERS

_MEMBERS = "SELECT member, member_id FROM member_directory WHERE member = ANY(%s)"
_TEXTS = ("channel", "product", "status")
_INSTANTS = ("ordered_at", "paid_at", "delivered_at")
_AMOUNTS = ("face", "price")
_FACTS = (*_TEXTS, *_INSTANTS, "quantity", *_AMOUNTS, "buyer", "org_unit")
_KNOWN = """
SELECT o.order_code, o.channel, o.product, o.status, o.ordered_at, o.paid_at, o.delivered_at, o.quantity, o.face, o.price,
       m.member, u.code
FROM sales_order o
LEFT JOIN member m ON m.member_id = o.member_id LEFT JOIN org_unit u ON u.org_unit_id = o.org_unit_id
WHERE o.order_code = ANY(%s)
"""


class OrdersIntake:
    """Judges and keeps the rows of an orders file."""

    layout = ORDERS

    def __init__(self, products: Products) -> None:
        self._products = products

    def prepare(self, block: RowBlock) -> BlockCheck:
        """Judge the cells."""
        check = BlockCheck(block, ORDERS)
        check.require()
        for name in ("order", "buyer", "product", "org_unit", "status"):
            check.text(name)
        check.values("channel")
        return check

    def take(self, connection: Connection[Any], source_id: int, book: BookDays, prepared: BlockCheck) -> ChunkOutcome:
        """Keep the orders that are new."""
        check = prepared
        alone(connection)
        facts: dict[str, Any] = {name: check.block.column(name).to_pylist() for name in (*_TEXTS, "buyer", "org_unit")}
        facts |= {name: check.values(name) for name in (*_INSTANTS, "quantity")}
        facts["quantity"] = [1 if each is None else each for each in facts["quantity"]]
        products = self._products_of(check, facts["product"])
        currency = np.array([each.currency.numeric if each else 0 for each in products], dtype=np.int64)
        facts |= _amounts(check, products)
        units = org_unit_ids(connection, check)
        member_ids = _buyers(connection, check, facts["buyer"])
        codes = check.block.column("order").to_pylist()
        known = {code: dict(zip(_FACTS, row, strict=True)) for code, row in found_by_code(connection, _KNOWN, codes).items()}
        new = first_rows(check, codes, known)
        there = already_there(check, "order", "order", codes, new, known, facts)
        copy_rows(connection, "sales_order", pa.table({
            "order_code": picked(codes, new, pa.string()),
            "member_id": picked(member_ids, new, pa.int64()),
            **{name: picked(facts[name], new, pa.string()) for name in _TEXTS},
            **{name: picked([_text(each) for each in facts[name]], new, pa.string()) for name in _INSTANTS},
            **{name: picked(facts[name], new, pa.int64()) for name in ("quantity", *_AMOUNTS)},
            "currency": currency[new],
            "org_unit_id": picked(units, new, pa.int64()),
            "source_id": np.full(len(new), source_id),
            "source_line": check.block.lines[new],
        }))
        outcome = outcome_of(check, len(new), there)
        early = sum(1 for index in new.tolist() if facts["paid_at"][index] is not None
                    and facts["paid_at"][index] < facts["ordered_at"][index])
        if early:
            outcome.notices["paid before they were ordered"] += early
        return outcome

    def _products_of(self, check: BlockCheck, codes: list[str | None]) -> list[Product | None]:
        """The product of each row; an order that names none is in the currency that all products of the book have."""
        currencies = {each.currency.numeric for each in self._products.values()}
        any_product = next(iter(self._products.values())) if len(currencies) == 1 else None
        unknown = np.array([code is not None and code not in self._products for code in codes], dtype=np.bool_)
        check.refuse(unknown, "product", "has no approved terms")
        unnamed = np.array([code is None and any_product is None for code in codes], dtype=np.bool_)
        check.refuse(unnamed, "product", "is missing; the book has no one currency that the order would be in without it")
        return [any_product if code is None else self._products.get(code) for code in codes]


def _amounts(check: BlockCheck, products: list[Product | None]) -> dict[str, list[int | None]]:
    """Face value of one card and price of the order, minor units."""
    units = [(each.currency.code, each.currency.digits, each.currency.digits) if each else ("an amount", 2, 2)
             for each in products]
    known = sorted(set(units))
    place = np.array([known.index(each) for each in units], dtype=np.int64)
    found: dict[str, list[int | None]] = {}
    for name in _AMOUNTS:
        minor, fits = read_amounts(check, name, place, known)
        check.refuse(fits & (minor < 0), name, "is below zero")
        found[name] = [int(each) if good else None for each, good in zip(minor.tolist(), fits.tolist(), strict=True)]
    return found


def _buyers(connection: Connection[Any], check: BlockCheck, codes: list[str | None]) -> list[int]:
    members = found_by_code(connection, _MEMBERS, codes)
    ids = [members.get(str(each), (0,))[0] for each in codes]
    unknown = np.array([code is not None and not each for code, each in zip(codes, ids, strict=True)], dtype=np.bool_)
    check.refuse(unknown, "buyer", "is no member on the books")
    return ids


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
