"""The steps of every business day, in order; the one place that knows which room does each."""

from __future__ import annotations

from functools import partial

from billing import day, nightly_rebilling
from counter import authorisations, night
from jobs.business_day import POST, REBILL, Step
from statements.seal import seal_statements


def steps_of_the_day() -> tuple[Step, ...]:
    """Rebill what late events reach back to, let holds expire, post what is due, process due dates, charge anniversaries, bill
    instalments, age prepaid cards, close cycles; numbers leave room for steps to come."""
    return (
        Step(5, REBILL, nightly_rebilling.shards_to_rebill, partial(nightly_rebilling.rebill_accounts, seal=seal_statements)),
        Step(8, "holds", authorisations.shards_with_holds, authorisations.expire_holds),
        Step(10, POST, day.shards_to_post, day.post_day),
        Step(20, "due_dates", day.shards_with_due_dates, day.process_due_dates),
        Step(30, "anniversaries", day.shards_with_anniversaries, day.process_anniversaries),
        Step(35, "instalments", day.shards_with_instalments, day.bill_instalments),
        Step(37, "prepaid", night.shards_with_prepaid, night.age_prepaid),
        Step(40, "close", day.shards_to_close, partial(day.close_cycles, seal=seal_statements)),
    )
