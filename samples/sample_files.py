"""Reads the packaged samples as text and writes portfolio files: nothing is guessed to be a number on the way in or out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).parent / "data"

TAIWAN_ACCOUNTS = "taiwan_accounts_2005.csv.gz"
PURCHASE_CARDS = "purchase_cards_2014-04_to_2016-03.csv.gz"
PURCHASE_CARD_CONTROL_TOTALS = "purchase_cards_control_totals.csv"
CARD_COMPLAINTS = "card_complaints_2013_to_2017.csv.gz"


def read_sample(name: str) -> pd.DataFrame:
    """One packaged data set with every column as text; an empty field is the empty string."""
    return pd.read_csv(DATA / name, dtype=str, keep_default_na=False)


def write_portfolio_file(directory: Path, name: str, columns: Mapping[str, object] | pd.DataFrame) -> int:
    """Writes one file of docs/reference/portfolio-files.md; returns its rows. A single value stands for every row."""
    rows = pd.DataFrame(columns)
    directory.mkdir(parents=True, exist_ok=True)
    rows.to_csv(directory / name, index=False, lineterminator="\n", encoding="utf-8")
    return len(rows)


def write_notes(directory: Path, text: str) -> None:
    """What was chosen or made up on the way, beside the files it concerns."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "NOTES.md").write_text(text, encoding="utf-8")


def spread(identities: np.ndarray[tuple[int], np.dtype[np.int64]], salt: int, choices: int
           ) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """A fixed choice in 0 .. choices-1 for each identity: evenly spread, and the same on every run and machine.

    A multiplicative hash (Knuth's 2654435761), not a random number: the demo must make the same books every time.
    """
    mixed = (identities * 2_654_435_761 + salt * 40_503_001) & 0xFFFF_FFFF
    return (mixed ^ (mixed >> 15)) % choices
