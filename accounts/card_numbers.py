"""Card numbers (PANs): kept as first six and last four digits in clear, the rest only encrypted, found by a keyed hash.

The keys lie outside the database, in CARDWRIGHT_HOME/keys/card_numbers.key, readable by their owner only. Whoever has the
database without that file cannot read a number; whoever loses the file has lost the numbers.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from stdnum import luhn

from accounts.errors import Refused, Trouble

_NONCE_BYTES = 12
_DIGITS = re.compile(r"[0-9]{12,19}")
#: 12 to 19 digits, perhaps in groups, that are not part of a longer run of digits.
_LOOKS_LIKE = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){11,18}(?![0-9])")
#: How the numbers of the card schemes begin.
_SCHEMES = re.compile(r"4|5[0-8]|2[2-7]|3[0-9]|6[0-9]|8[1-9]|9[1-9]")


class BadCardNumber(ValueError):
    """A text that is not a card number; never carries the text itself."""


class KeyFileUnusable(Trouble):
    """The key file cannot be read or written, or does not hold the key that the books need."""


class KeyFileOpenToOthers(Refused):
    """The key file can be read by others than its owner."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"{path} can be read by others than its owner; run: chmod 600 {path}")


@dataclass(frozen=True)
class SealedCardNumber:
    """A card number as it is kept. ciphertext: nonce, then AES-256-GCM of the digits; found_by: HMAC-SHA-256 of them."""

    first6: str
    last4: str
    ciphertext: bytes
    key_id: int
    found_by: bytes


def check_card_number(text: str) -> None:
    """Raises BadCardNumber unless it is 12 to 19 digits that pass the Luhn check."""
    if not _DIGITS.fullmatch(text):
        raise BadCardNumber("is not a card number; write its 12 to 19 digits without spaces")
    if not luhn.is_valid(text):
        raise BadCardNumber("is not a card number; its check digit is wrong")


def looks_like_card_number(text: str) -> bool:
    """Whether a text is digits of a card scheme's form that pass the Luhn check."""
    digits = re.sub(r"[ -]", "", text)
    return bool(_DIGITS.fullmatch(digits) and len(digits) >= 14 and _SCHEMES.match(digits) and luhn.is_valid(digits))


def masked(text: str) -> str:
    """The text with every card number in it cut down to its first six and last four digits."""
    return _LOOKS_LIKE.sub(lambda found: _cut(found[0]), text)


def _cut(digits_as_written: str) -> str:
    digits = re.sub(r"[ -]", "", digits_as_written)
    return f"{digits[:6]}…{digits[-4:]}" if luhn.is_valid(digits) else digits_as_written


def masked_whole(text: str) -> str:
    """A text that was meant to be a card number, whether it is one or not, cut down to first six and last four."""
    digits = "".join(each for each in text if each.isdigit())
    return f"{digits[:6]}…{digits[-4:]}" if len(digits) >= 12 else "…"


class CardNumberKeys:
    """The keys that card numbers are sealed with: one to find them by, one or more to encrypt them, by key id."""

    def __init__(self, found_by: bytes, encryption: dict[int, bytes], current: int) -> None:
        self._found_by = found_by
        self._ciphers = {key_id: AESGCM(key) for key_id, key in encryption.items()}
        self.current = current

    @property
    def key_ids(self) -> frozenset[int]:
        """Ids of all keys that numbers can be opened with."""
        return frozenset(self._ciphers)

    def seal(self, number: str, card: str) -> SealedCardNumber:
        """Encrypt a card number for one card; the ciphertext is of no use for another. Raises BadCardNumber."""
        check_card_number(number)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        ciphertext = nonce + self._ciphers[self.current].encrypt(nonce, number.encode(), _bound_to(self.current, card))
        return SealedCardNumber(number[:6], number[-4:], ciphertext, self.current, self.hash_of(number))

    def open(self, ciphertext: bytes, key_id: int, card: str) -> str:
        """The card number. Raises KeyFileUnusable if the key is not at hand or the ciphertext is not this card's."""
        if key_id not in self._ciphers:
            raise KeyFileUnusable(f"card {card} is sealed with key {key_id}, which the key file does not hold")
        nonce, sealed = ciphertext[:_NONCE_BYTES], ciphertext[_NONCE_BYTES:]
        try:
            return self._ciphers[key_id].decrypt(nonce, sealed, _bound_to(key_id, card)).decode()
        except InvalidTag:
            raise KeyFileUnusable(f"the number of card {card} does not open with key {key_id}") from None

    def hash_of(self, number: str) -> bytes:
        """The keyed hash that a number is found by: 32 bytes."""
        keyed = hmac.HMAC(self._found_by, hashes.SHA256())
        keyed.update(number.encode())
        return keyed.finalize()

    def __repr__(self) -> str:
        return f"CardNumberKeys(key_ids={sorted(self._ciphers)})"


def _bound_to(key_id: int, card: str) -> bytes:
    return b"cardwright card number %d " % key_id + card.encode()


def key_path(home: Path) -> Path:
    """Where the keys of a home lie."""
    return home / "keys" / "card_numbers.key"


def card_number_keys(home: Path, key_ids_in_use: frozenset[int]) -> CardNumberKeys:
    """The keys of a home, made at first need.

    key_ids_in_use: keys that numbers on the books are sealed with. Raises KeyFileUnusable if one of them is not there (new
    keys are never made in place of lost ones), KeyFileOpenToOthers if the file is not its owner's alone.
    """
    path = key_path(home)
    try:
        if not path.exists() and not key_ids_in_use:
            _make_keys(path)
        keys = _read_keys(path)
    except FileNotFoundError:
        raise KeyFileUnusable(
            f"{path} is missing, but card numbers on the books are sealed with its keys; bring it back from your backup"
        ) from None
    except OSError as error:
        raise KeyFileUnusable(f"{path} cannot be used: {error.strerror or error}") from None
    if lost := key_ids_in_use - keys.key_ids:
        raise KeyFileUnusable(
            f"{path} lacks key {min(lost)}, which card numbers on the books are sealed with; bring it back from your backup"
        )
    return keys


def _make_keys(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = {"found_by": _text(secrets.token_bytes(32)), "current": 1, "encryption": {"1": _text(secrets.token_bytes(32))}}
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump(document, stream)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            # A link never replaces keys that another process made in the same moment.
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _read_keys(path: Path) -> CardNumberKeys:
    if path.stat().st_mode & 0o077:
        raise KeyFileOpenToOthers(path)
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
        encryption = {int(key_id): _bytes(key) for key_id, key in document["encryption"].items()}
        return CardNumberKeys(_bytes(document["found_by"]), encryption, int(document["current"]))
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise KeyFileUnusable(f"{path} is damaged; bring it back from your backup") from None


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
