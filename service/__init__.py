"""service answers: how were members served?

Complaints, disputes, claims and requests, contacts with the desk and sales orders, taken in from files.
Read first: models.py, then intake.py, contacts.py and orders.py.
"""
