"""A scenario with events that are heard of late: statements as they were issued, then what corrects them, then what follows.

Up to the day on which a late event becomes known the account is billed without it. On that day it is posted, with the
difference that it makes to everything charged before; from then on each statement is that of the account on which everything
happened in time, told by what was really posted since the statement before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from accounts.money import major_units
from accounts.posting_types import BY_CODE, OWN_CHARGES
from billing.rebilling import ChargeKey, Correction, charges_of, corrections, reason
from billing.scenario import Scenario, ScenarioEvent
from billing.simulated_statement import Simulated, SimulatedStatement, sealed
from billing.closing import Seal

#: Figures of a statement, and whether a posting that raises what is owed lowers them.
FIGURES = {"payments": -1, "credits": -1, "purchases": 1, "cash_advances": 1, "balance_transfers": 1, "fees": 1, "interest": 1,
           "waivers": -1, "adjustments": 1}
