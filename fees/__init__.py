"""fees answers: what may be charged, by which clause, since when?

Terms of a product as dated data (one TOML file a version, stored as rows that cannot overlap) and the rule of each fee.
Read first: terms.py (every parameter), then supported.py (what this release charges), then one fee, late_payment.py.
"""
