"""reports answers: how is the card centre doing?

Management reports from sums made by SQL, in table, JSON, CSV, XLSX, HTML and PDF; exports of statements and of the journal.
Read first: catalogue.py, then turnover.py, counted.py, asking.py; of the exports journal.py.
"""
