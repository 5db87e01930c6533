"""service answers: how were members served?

Complaints, disputes, claims and requests taken in from files.
Read first: models.py, then intake.py.
"""
