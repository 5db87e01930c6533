"""The life of a card: every state and every command, against a table written by hand from the rules."""

from __future__ import annotations

import pytest

from counter.card_life import BLOCK_REASONS, FINAL, LIFE, STATES, NotPossible, state_after

# One row a state; one letter a command, in the order of COMMANDS: where it leads to, "." where it is refused, "=" stays.
COMMANDS = ("approve", "decline", "emboss", "issue", "activate", "block", "unblock", "report_lost", "report_stolen",
            "report_damaged", "expire", "extend", "renew", "replace", "close", "freeze", "unfreeze", "load", "spend",
            "transfer", "redeem", "refund")
LETTERS = {"p": "approved", "m": "embossed", "i": "issued", "a": "active", "b": "blocked", "l": "lost", "s": "stolen",
           "d": "damaged", "x": "expired", "n": "renewed", "r": "replaced", "c": "closed"}
EXPECTED = {
    #            apr dec emb iss act blk unb los sto dam exp ext ren rep clo frz unf loa spe tra red ref
    "applied":  "p   c   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .",
    "approved": ".   .   m   i   .   .   .   .   .   .   .   .   .   .   c   .   .   .   .   .   .   .",
    "embossed": ".   .   .   i   .   .   .   .   .   .   .   .   .   .   c   .   .   .   .   .   .   .",
    "issued":   ".   .   .   .   a   b   .   l   s   d   x   =   .   .   c   =   =   .   .   .   .   .",
    "active":   ".   .   .   .   .   b   .   l   s   d   x   =   n   r   c   =   =   =   =   =   =   =",
    "blocked":  ".   .   .   .   .   .   a   l   s   .   x   .   .   .   c   =   =   .   .   .   .   =",
    "lost":     ".   .   .   .   .   .   .   .   s   .   .   .   .   r   c   .   =   .   .   .   .   =",
    "stolen":   ".   .   .   .   .   .   .   .   .   .   .   .   .   r   c   .   =   .   .   .   .   =",
    "damaged":  ".   .   .   .   .   .   .   .   .   .   .   .   .   r   c   .   =   .   .   .   .   =",
    "expired":  ".   .   .   .   .   .   .   l   s   d   .   a   n   r   c   =   =   .   .   .   =   =",
    "renewed":  ".   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   =",
    "replaced": ".   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   =",
    "closed":   ".   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .",
}


def after(state: str, command: str, **card: object) -> str:
    facts: dict[str, object] = {"frozen": False, "account_status": "active", **card}
    return state_after("C1", command, state, **facts)  # type: ignore[arg-type]


def test_the_table_speaks_of_every_state_and_every_command() -> None:
    assert tuple(EXPECTED) == STATES
    assert sorted(COMMANDS) == sorted(LIFE)


@pytest.mark.parametrize("state", STATES)
def test_every_command_in_every_state(state: str) -> None:
    for command, letter in zip(COMMANDS, EXPECTED[state].split(), strict=True):
        if letter == ".":
            with pytest.raises(NotPossible, match=f"card C1: is {state}, and {command} is for cards that are ") as refused:
                after(state, command)
            assert refused.value.rule == "state"
        else:
            assert after(state, command) == (state if letter == "=" else LETTERS[letter]), (state, command)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_frozen_card_lets_no_money_out_and_everything_else_through(command: str) -> None:
    state = "active" if "active" in LIFE[command] else next(iter(LIFE[command]))
    if command in ("spend", "transfer", "redeem"):
        with pytest.raises(NotPossible, match="is frozen"):
            after(state, command, frozen=True)
    else:
        assert after(state, command, frozen=True) == after(state, command)


@pytest.mark.parametrize("status", ["closed", "charged_off"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_account_takes_refunds_and_little_else(command: str, status: str) -> None:
    state = "active" if "active" in LIFE[command] else next(iter(LIFE[command]))
    if command in ("refund", "close", "freeze", "unfreeze", "report_lost", "report_stolen"):
        assert after(state, command, account_status=status) == after(state, command)
    else:
        with pytest.raises(NotPossible, match=f"its account is {status.replace('_', ' ')}"):
            after(state, command, account_status=status)


@pytest.mark.parametrize(("reason", "reversible"), BLOCK_REASONS.items())
def test_a_block_is_undone_where_its_reason_is(reason: str, reversible: bool) -> None:
    if reversible:
        assert after("blocked", "unblock", blocked_for=reason) == "active"
    else:
        with pytest.raises(NotPossible, match=f"was blocked for {reason}, which is not undone"):
            after("blocked", "unblock", blocked_for=reason)


def test_nothing_leads_back_to_use_from_a_card_that_was_lost_or_taken_the_place_of() -> None:
    reached = {"lost", "stolen", "damaged", *FINAL}
    for _ in STATES:
        reached |= {to or state for moves in LIFE.values() for state, to in moves.items() if state in reached}
    assert reached == {"lost", "stolen", "damaged", *FINAL}, "and never active again"
