"""Bills a scenario again by the rules alone."""

from __future__ import annotations

from billing.scenario import Scenario
from statements.reperformance.account import ReperformedStatement
from statements.reperformance.covered import require_reperformed
from statements.reperformance.facts import history_of
from statements.reperformance.rebilled import reperform_history


def reperform(scenario: Scenario) -> list[ReperformedStatement]:
    """Every statement of a scenario, billed again by the rules alone. Raises NotReperformed for what is not covered."""
    require_reperformed(scenario)
    return reperform_history(history_of(scenario))
