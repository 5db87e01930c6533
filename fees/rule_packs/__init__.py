"""rule_packs answers: does a schedule break the law of its country, by which clause, and for which account would it show?

Read first: check.py (what a check is), then united_states.py (the longest pack), then registry.py (all of them).
"""
