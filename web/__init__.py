"""Who is asking, and what may they see?

Everything that people and other systems reach over HTTP: the API of tills, partners and channels (`api/`) and the consoles of
staff and auditors (`console/`). A page and a route call one named function of the room that owns the work; they open the one
transaction, and hold no rule of their own.
Read `application.py` first.
"""
