"""jobs answers: what must be done today, and was it?

The business day as rows in the database (date x step x shard), Dramatiq broker and actors that are woken to do it, recovery.
Read first: business_day.py (the state machine), then actors.py, then running.py.
"""
