"""billing answers: what does this cycle cost this account?

The cycle engine: interest, grace, payment allocation, minimum payment, ageing, over whole batches of accounts at once; and
the steps of a business day that feed it and post what it charges.
Read first: cycle.py (the pure function), then day.py (what a business day does with it), then simulation.py.
"""
