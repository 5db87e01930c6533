"""Card numbers: sealed for one card, found by hash, never shown, keys never made twice."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from accounts.card_numbers import (
    BadCardNumber,
    KeyFileOpenToOthers,
    KeyFileUnusable,
    card_number_keys,
    check_card_number,
    key_path,
    looks_like_card_number,
    masked,
    masked_whole,
)

NUMBER = "4111111111111111"  # a published test number
NOTHING: frozenset[int] = frozenset()


def test_a_number_opens_for_its_own_card_only(tmp_path: Path) -> None:
    keys = card_number_keys(tmp_path, NOTHING)
    sealed = keys.seal(NUMBER, "C1")
    assert (sealed.first6, sealed.last4, sealed.key_id) == ("411111", "1111", 1)
    assert keys.open(sealed.ciphertext, 1, "C1") == NUMBER
    changed = sealed.ciphertext[:-1] + bytes([sealed.ciphertext[-1] ^ 1])
    for ciphertext, key_id, card in ((sealed.ciphertext, 1, "C2"), (changed, 1, "C1"), (sealed.ciphertext, 2, "C1")):
        with pytest.raises(KeyFileUnusable):
            keys.open(ciphertext, key_id, card)
    assert NUMBER.encode() not in sealed.ciphertext
    assert NUMBER not in repr(sealed) + repr(keys)


def test_the_same_number_has_one_hash_and_never_the_same_ciphertext(tmp_path: Path) -> None:
    keys = card_number_keys(tmp_path, NOTHING)
    one, other = keys.seal(NUMBER, "C1"), keys.seal(NUMBER, "C1")
    assert one.found_by == other.found_by == keys.hash_of(NUMBER)
    assert one.ciphertext != other.ciphertext
    assert card_number_keys(tmp_path / "elsewhere", NOTHING).hash_of(NUMBER) != one.found_by


def test_keys_are_the_owners_alone_and_stay(tmp_path: Path) -> None:
    first = card_number_keys(tmp_path, NOTHING).hash_of(NUMBER)
    path = key_path(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert card_number_keys(tmp_path, frozenset({1})).hash_of(NUMBER) == first
    path.chmod(0o640)
    with pytest.raises(KeyFileOpenToOthers, match="chmod 600"):
        card_number_keys(tmp_path, NOTHING)


def test_lost_keys_are_never_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnusable, match="is missing"):
        card_number_keys(tmp_path, frozenset({1}))
    assert not key_path(tmp_path).exists()
    card_number_keys(tmp_path, NOTHING)
    with pytest.raises(KeyFileUnusable, match="lacks key 2"):
        card_number_keys(tmp_path, frozenset({1, 2}))


def test_a_damaged_key_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    card_number_keys(tmp_path, NOTHING)
    path = key_path(tmp_path)
    for content in ("", "{}", "[]", json.dumps({"found_by": "!", "current": 1, "encryption": {"1": "x"}})):
        path.write_text(content)
        with pytest.raises(KeyFileUnusable, match="is damaged"):
            card_number_keys(tmp_path, NOTHING)


@pytest.mark.parametrize("text", ["4111111111111112", "41111111", "4111 1111 1111 1111", "４" + "１" * 15, "x" * 16, ""])
def test_what_is_no_card_number_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadCardNumber) as told:
        check_card_number(text)
    assert not text or text not in str(told.value)


def test_numbers_are_masked_wherever_they_stand() -> None:
    assert masked("card 4111111111111111, or 4111-1111-1111-1111!") == "card 411111…1111, or 411111…1111!"
    assert masked("order 4111111111111112 of 2023-05-01") == "order 4111111111111112 of 2023-05-01"
    assert masked_whole("4111 1111 1111 1112") == "411111…1112"
    assert masked_whole("4111") == "…"


def test_codes_that_are_card_numbers_in_clear() -> None:
    assert looks_like_card_number("4111111111111111")
    assert looks_like_card_number("5555 5555 5555 4444")
    for code in ("4111111111111112", "C-4111111111111111", "0000000000000000", "1234567890", "card-0001"):
        assert not looks_like_card_number(code), code
