"""Runs the revisions on the connection that `accounts.migration.migrate` hands over.

The models of every room are gathered here by name, for `compare_metadata`: nothing imports the migrations.
"""

from __future__ import annotations

import importlib

from alembic import context

from accounts.models import Base

ROOMS = ("accounts", "fees", "billing", "counter", "service", "jobs", "web")

for room in ROOMS:
    importlib.import_module(f"{room}.models")

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("migrations are run by `cardwright init`")
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True)
context.run_migrations()
