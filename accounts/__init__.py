"""accounts answers: who owes what?

Members, organisation units, card accounts, cards and the ledger of one-row postings; money, calendar, the database.
Every other room stands on this one and it imports none of them.
Read first: models.py (what is kept), then posting_types.py (what may happen to an account), then ledger.py.
"""
