"""What the API takes and gives: bodies of requests, checked strictly, and the shapes of replies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from counter.authorisations import DAYS_HELD, MOST_DAYS_HELD

#: Major units, as everywhere: "49.90", or an integer. Never a JSON number with decimals, which would be a float.
AmountText = Annotated[str, Field(pattern=r"^[0-9]{1,13}(\.[0-9]{1,4})?$", description="in major units, more than zero",
                                  examples=["49.90"])]
Ref = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$",
                           description="the caller's own reference of this event; kept on the posting", examples=["T1-000317"])]
Words = Annotated[str, Field(min_length=1, max_length=140, pattern=r"^[^\x00-\x1f\x7f]+$")]
Mcc = Annotated[str, Field(pattern=r"^[0-9]{4}$", description="merchant category code, ISO 18245", examples=["5411"])]


class Asked(BaseModel):
    """A body: unknown fields are refused, and nothing is guessed from another type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class AtMerchant(Asked):
    """Where something was bought."""

    amount: AmountText
    ref: Ref
    merchant: Words | None = None
    mcc: Mcc | None = None


class Spend(AtMerchant):
    """A spend from a prepaid card."""


class CodeSpend(AtMerchant):
    """A spend by pay code."""

    code: Annotated[str, Field(pattern=r"^[0-9]{12}$", description="what the holder shows")]


class Authorisation(AtMerchant):
    """An amount to be promised; `ref` is the retrieval reference."""

    kind: Literal["purchase", "cash_advance"] = "purchase"
    original_amount: AmountText | None = Field(default=None, description="what the till asks in its own currency")
    original_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    days: Annotated[int, Field(ge=1, le=MOST_DAYS_HELD, description="how long it is held")] = DAYS_HELD


class Clearing(Asked):
    """What a promise was used for."""

    amount: AmountText
    ref: Ref
    more_to_come: bool = Field(default=False, description="keep what is left of the hold for another clearing")


class Reversal(Asked):
    """A promise taken back."""

    ref: Ref | None = None


class Load(Asked):
    """Value put on a card."""

    amount: AmountText
    source: Words = Field(description="what it is paid with: bank_transfer, cash …")
    ref: Ref | None = None


class Activation(Load):
    """The sale of a card that is issued."""

    buyer: Words | None = Field(default=None, description="who pays: purchases of one buyer on a day are looked at together")
    buyer_kind: Literal["person", "company"] = "person"
    identified: bool = False


class Refund(Asked):
    """Money given back: of a spend (prepaid), or without an original."""

    ref: Ref
    of: Ref | None = Field(default=None, description="the reference of the spend that is given back")
    amount: AmountText | None = Field(default=None, description="a part of it; left out: all that is left. Needed without `of`")
    merchant: Words | None = None
    mcc: Mcc | None = None


class Step(Asked):
    """One step in the life of a card."""

    step: Literal["freeze", "unfreeze", "block", "unblock", "report_lost", "report_stolen", "report_damaged", "close"]
    reason: Words | None = None
    ref: Ref | None = None


class Replacement(Asked):
    """A new card in the place of one that is lost, stolen, damaged or expired."""

    new_card: Ref
    reason: Words | None = None
    ref: Ref | None = None


class CodeRequest(Asked):
    """A pay code for a card."""

    ref: Ref | None = None


class Posted(BaseModel):
    """One posting of a command."""

    type: str
    amount: str


class Reply(BaseModel):
    """What a command did. Commands add their own facts; docs/reference/http-api.md lists them."""

    model_config = ConfigDict(extra="allow")

    card: str
    account: str
    command: str
    on: str = Field(description="the business day that it counts on")
    line: int
    ref: str | None
    status: str = Field(description="of the card, afterwards")
    postings: list[Posted]


class Facts(BaseModel):
    """Facts of the books, as the command of the same name prints them."""

    model_config = ConfigDict(extra="allow")


class Listed(BaseModel):
    """A list with its length."""

    count: int
    items: list[Any]
