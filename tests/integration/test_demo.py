"""`cardwright demo` from nothing to a page of links, twice: the second time nothing is billed again."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from pypdf import PdfReader

from accounts.embedded_server import stop_if_unused
from tests.conftest import RunCardwright, temporary_home


@pytest.fixture
def out() -> Iterator[Path]:
    """An empty folder for the demo, its servers stopped afterwards."""
    with temporary_home() as folder:
        yield folder
        for home in (folder / "taiwan", folder / "purchase-cards"):
            stop_if_unused(home)


def demo(cardwright: RunCardwright, out: Path) -> dict[str, Any]:
    ended = cardwright("demo", "--small", "--json", "--workers", "2", "--out", out, timeout=400)
    assert ended.returncode == 0, ended.stderr
    facts: dict[str, Any] = json.loads(ended.stdout)
    return facts


def test_the_small_demo_makes_everything_it_says_and_again_nothing_new(cardwright: RunCardwright, out: Path) -> None:
    facts = demo(cardwright, out)
    taiwan, purchase_cards = facts["books"]
    assert (taiwan["accounts"], taiwan["statements"]) == (300, 1_500)
    assert (purchase_cards["accounts"], purchase_cards["statements"]) == (40, 960)
    assert {each["report"] for book in facts["books"] for each in book["reports"]} == {
        "turnover", "cards", "cases", "receivables", "income"}
    shown = [each for book in facts["books"] for each in book["shown_statements"]]
    assert len(shown) == 12
    for each in shown:
        text = PdfReader(each["file"]).pages[0].extract_text()
        assert each["account"] in text
    page = Path(facts["summary"]).read_text("utf-8")
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) >= 12 + 2 * 10
    assert [link for link in links if not (out / unquote(link)).is_file()] == []
    assert "already contain the interest and fees that the bank itself charged" in page

    again = demo(cardwright, out)
    for book in (*facts["books"], *again["books"]):
        del book["seconds"]
    assert again == facts


def test_a_dry_run_says_what_would_be_made_and_makes_nothing(cardwright: RunCardwright, tmp_path: Path) -> None:
    ended = cardwright("demo", "--dry-run", "--out", tmp_path / "demo")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "purchase-cards" in ended.stderr
    assert not (tmp_path / "demo").exists()
