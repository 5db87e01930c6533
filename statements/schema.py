"""The JSON Schemas that `cardwright schema NAME` prints, each made from the code that reads or writes the thing itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.errors import Usage

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class UnknownSchema(Usage):
    """A name that no schema goes by."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no schema {name!r}; there are {', '.join(SCHEMAS)}")


def _terms() -> dict[str, Any]:
    from fees.terms import terms_schema

    return terms_schema()


def _scenario() -> dict[str, Any]:
    from billing.scenario import scenario_schema

    return scenario_schema()


def _document(name: str) -> Callable[[], dict[str, Any]]:
    def schema() -> dict[str, Any]:
        from pydantic import TypeAdapter

        from statements.document import Explanation, StatementDocument
        from statements.rebilling_shape import RebillingDocument

        shape = {"statement": StatementDocument, "explanation": Explanation, "rebilling": RebillingDocument}[name]
        return {"$schema": DIALECT, "$id": f"cardwright.{name}/1", **TypeAdapter(shape).json_schema()}

    return schema


def _file(kind: str) -> Callable[[], dict[str, Any]]:
    def schema() -> dict[str, Any]:
        from accounts.intake.layouts import LAYOUTS

        return LAYOUTS[kind].json_schema()

    return schema


def _of_the_desk(kind: str) -> Callable[[], dict[str, Any]]:
    def schema() -> dict[str, Any]:
        from service.layouts import SERVICE_LAYOUTS

        return SERVICE_LAYOUTS[kind].json_schema()

    return schema


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "terms": _terms, "scenario": _scenario, "statement": _document("statement"), "explanation": _document("explanation"),
    "rebilling": _document("rebilling"),
    "org_units": _file("org_units"), "members": _file("members"), "accounts": _file("accounts"), "cards": _file("cards"),
    "transactions": _file("transactions"), "cases": _of_the_desk("cases"), "contacts": _of_the_desk("contacts"),
    "orders": _of_the_desk("orders"),
}


def json_schema(name: str) -> dict[str, Any]:
    """The JSON Schema of terms, a scenario, a statement, an explanation, a rebilling, or a row of a portfolio file.

    Raises UnknownSchema, naming those there are.
    """
    if name not in SCHEMAS:
        raise UnknownSchema(name)
    return SCHEMAS[name]()
