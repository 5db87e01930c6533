"""docs/reference/rule-packs.md, written from the packs themselves: `make docs` writes it anew, a test compares."""

from __future__ import annotations

from fees.rule_packs.check import Check, RulePack
from fees.rule_packs.registry import PACKS, PREPAID_PACKS

_BASIS = {"text": "its text", "example": "a published example of it", "report": "reports of it", "memory": "memory"}
_OPENING = """# Rule packs

`rule_pack` in the [terms](terms.md) names the law that a schedule is held against. `cardwright products lint` says what
breaks it, by which clause, and describes an account that shows it; `--counter-example DIR` writes that account as a
[scenario](scenario.md) for `cardwright simulate`. `products load` and `products approve` refuse (exit code 3) terms that break
a check; a check marked *note* is only said.

A pack is a reading of the law by programmers, not advice by lawyers. **Known from** says how well a source is known here: its
text, a published example of it that was worked through, reports of it (by a regulator, a bank, a lawyer, the press), or memory.
Check it before you rely on it.

Prepaid products are held against the rule set that `[prepaid] rule_set` names, in the same way; its limits also hold at the
counter, where each refuses with its numbers.

Checks of notice need the version before: `products load` and `products approve` take it from the books; for `lint` give
`--after FILE`, and with `--told-on DATE` the day that holders are told.
"""


def reference() -> str:
    """The page, whole."""
    return _OPENING + "".join(_pack(pack) for pack in (*PACKS.values(), *PREPAID_PACKS.values()))


def _pack(pack: RulePack) -> str:
    lines = [f"\n## {pack.country}: {pack.name}\n", f"Amounts of the law are in {pack.currency}.\n",
             "| check | asks that | keys | source | known from |", "|---|---|---|---|---|",
             *(_row(check) for check in pack.checks)]
    if pack.not_checked:
        lines += ["\nNot checked:\n", *(f"- {each}" for each in pack.not_checked)]
    return "\n".join(lines) + "\n"


def _row(check: Check) -> str:
    name = f"`{check.name}`" + (" *note*" if check.level == "note" else "")
    keys = ", ".join(f"`{key}`" for key in check.keys)
    return f"| {name} | {check.rule} | {keys} | {check.source} | {_BASIS[check.source.basis]} |"


if __name__ == "__main__":
    print(reference(), end="")
