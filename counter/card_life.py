"""The life of a card, credit or prepaid: which command is possible in which state, and what it makes of it.

The table is the rule; nothing else decides. A freeze is no state: a frozen card keeps its own, and money may not leave it.
Source: docs/reference/card-life.md.
"""

from __future__ import annotations

from accounts.errors import Refused

STATES = (
    "applied", "approved", "embossed", "issued", "active", "blocked", "lost", "stolen", "damaged", "expired", "renewed",
    "replaced", "closed",
)
#: States that no command leads out of.
FINAL = ("renewed", "replaced", "closed")

#: What each command makes of each state that it is possible in.
LIFE: dict[str, dict[str, str]] = {
    "approve": {"applied": "approved"},
    "decline": {"applied": "closed"},
    "emboss": {"approved": "embossed"},
    "issue": {"approved": "issued", "embossed": "issued"},
    "activate": {"issued": "active"},
    "block": {"issued": "blocked", "active": "blocked"},
    "unblock": {"blocked": "active"},
    "report_lost": {"issued": "lost", "active": "lost", "blocked": "lost", "expired": "lost"},
    "report_stolen": {"issued": "stolen", "active": "stolen", "blocked": "stolen", "expired": "stolen", "lost": "stolen"},
    "report_damaged": {"issued": "damaged", "active": "damaged", "expired": "damaged"},
    "expire": {"issued": "expired", "active": "expired", "blocked": "expired"},
    "extend": {"issued": "issued", "active": "active", "expired": "active"},
    "renew": {"active": "renewed", "expired": "renewed"},
    "replace": {"lost": "replaced", "stolen": "replaced", "damaged": "replaced", "active": "replaced", "expired": "replaced"},
    "close": dict.fromkeys(
        ("approved", "embossed", "issued", "active", "blocked", "lost", "stolen", "damaged", "expired"), "closed"),
    "freeze": dict.fromkeys(("issued", "active", "blocked", "expired"), ""),
    "unfreeze": dict.fromkeys(("issued", "active", "blocked", "expired", "lost", "stolen", "damaged"), ""),
    "load": dict.fromkeys(("active",), ""),
    "spend": dict.fromkeys(("active",), ""),
    "transfer": dict.fromkeys(("active",), ""),
    "redeem": dict.fromkeys(("active", "expired"), ""),
    # What comes back finds its way onto the account, whatever became of the card that paid.
    "refund": dict.fromkeys(("active", "blocked", "lost", "stolen", "damaged", "expired", "renewed", "replaced"), ""),
}

#: Why a card is blocked, and whether that can be undone.
BLOCK_REASONS: dict[str, bool] = {
    "holder_request": True, "suspicion": True, "delinquency": True, "over_limit": True,
    "fraud": False, "counterfeit": False, "deceased": False,
}
#: Commands by which money leaves a card: not while it is frozen.
_OUT = ("spend", "transfer", "redeem")
#: What the account may still do once it is closed or written off.
_OF_CLOSED_ACCOUNT = ("refund", "close", "freeze", "unfreeze", "report_lost", "report_stolen")


class NotPossible(Refused):
    """A command that a card's state does not let through; carries which."""

    def __init__(self, card: str, command: str, rule: str, says: str) -> None:
        self.card, self.command, self.rule = card, command, rule
        super().__init__(f"card {card}: {says}")


def state_after(card: str, command: str, state: str, *, frozen: bool, account_status: str,
                blocked_for: str | None = None) -> str:
    """The state that a command leaves a card in.

    state: of the card now; blocked_for: why, where it is blocked. Raises NotPossible, which says what can be done instead.
    """
    allowed = LIFE[command]
    if account_status in ("closed", "charged_off") and command not in _OF_CLOSED_ACCOUNT:
        raise NotPossible(card, command, "account_closed", f"its account is {account_status.replace('_', ' ')}; nothing but "
                          "refunds comes to it any more")
    if state not in allowed:
        can = ", ".join(sorted(other for other in LIFE if state in LIFE[other])) or "nothing any more"
        raise NotPossible(card, command, "state", f"is {state}, and {command} is for cards that are "
                          f"{' or '.join(allowed)}; a card that is {state} can: {can}")
    if frozen and command in _OUT:
        raise NotPossible(card, command, "frozen", f"is frozen: {command} has to wait until it is unfrozen")
    if command == "unblock" and not BLOCK_REASONS.get(blocked_for or "", True):
        raise NotPossible(card, command, "blocked_for_good", f"was blocked for {blocked_for}, which is not undone; replace it")
    return allowed[state] or state
