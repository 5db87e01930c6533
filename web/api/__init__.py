"""The HTTP API: what tills, partners and channels ask for, one route a command of the counter.

A write carries an Idempotency-Key and is done once; a refusal is a problem document with its facts. Read `routes.py` first.
"""
