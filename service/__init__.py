"""service answers: how were members served?

Complaints, disputes, claims and requests, and contacts with the desk, taken in from files.
Read first: models.py, then intake.py and contacts.py.
"""
