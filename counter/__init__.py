"""May this card do this now, and what changed?

What happens while somebody waits at a till or a desk: the life of a card, and prepaid value put on it, spent, given back and
paid out. Every command is one transaction: the rules are asked, the ledger, the lots and the guarded balance move together, and
what was answered is kept, so that the same request gets the same reply.
Read `card_life.py` first, then `holding.py`, `prepaid.py` and `authorisations.py`.
"""
