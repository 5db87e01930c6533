"""The card complaints as a portfolio: one case a complaint, as the regulator received it.

Nothing is chosen but a name: a complaint without an id is called by its line in the sample, `cfpb-line-17`. The data do not
say when a company answered, nor when a case was closed, so both stay empty; the holders are not known.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from samples.sample_files import CARD_COMPLAINTS, read_sample, write_notes, write_portfolio_file

NOTES = """# Card complaints: what was chosen

- `case` is the regulator's `complaint_id` with `cfpb-` before it; where that is missing, `cfpb-line-N`, N being the line
  of the sample.
- `received_at`, `sent_at`: the dates published. Nine complaints were sent on before the day they were received.
- `topic` is the published issue, `channel` how it was submitted (mostly not published), `outcome` the company's
  response.
- Not published, hence empty: member, account, due_at, answered_at, closed_at.

Source: CFPB Consumer Complaint Database, public domain.
"""

_TIMELY = {"Yes": "true", "No": "false", "": ""}


def write_portfolio(directory: Path) -> dict[str, int]:
    """Writes cases.csv and NOTES.md to `directory`; returns the rows per file."""
    complaints = read_sample(CARD_COMPLAINTS)
    named_by_line = "line-" + (np.arange(len(complaints)) + 2).astype(str).astype(object)
    identity = complaints["complaint_id"].where(complaints["complaint_id"] != "", named_by_line)
    rows = write_portfolio_file(directory, "cases.csv", {
        "case": "cfpb-" + identity,
        "kind": "complaint",
        "received_at": complaints["date_received"],
        "channel": complaints["submitted_via"],
        "topic": complaints["issue"],
        "product": complaints["product"],
        "sent_at": complaints["date_sent_to_company"],
        "outcome": complaints["company_response_to_consumer"],
        "timely": complaints["timely_response"].map(_TIMELY),
    })
    write_notes(directory, NOTES)
    return {"cases.csv": rows}
