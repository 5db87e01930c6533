"""`cardwright staffing`: how many people the desk needs, and what a faster answer for some would cost."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from accounts.command_line import AsJson
from service.staffing import Load, Staffed, needed, staffed


def staffing(
    calls: Annotated[float, typer.Option("--calls", metavar="N", help="Calls offered in the period.")],
    handle: Annotated[float, typer.Option("--handle", metavar="SECONDS", help="How long one takes, on average.")],
    per: Annotated[float, typer.Option("--per", metavar="MINUTES", help="Length of the period.")] = 30,
    within: Annotated[float, typer.Option("--within", metavar="SECONDS", help="Answered in time means within this.")] = 20,
    share: Annotated[float, typer.Option("--share", metavar="FRACTION", help="Share to be answered in time.")] = 0.8,
    faster: Annotated[float, typer.Option("--faster", metavar="SECONDS", help="What answering within this would cost.")] = 3,
    as_json: AsJson = False,
) -> None:
    """How many people answer so many calls in time (Erlang C), and how many more a faster answer takes.

    \b
    cardwright staffing --calls 100 --handle 180
    cardwright staffing --calls 40 --handle 240 --within 20 --share 0.9 --faster 3
    """
    load = Load(calls, per * 60, handle)
    promised, quick = needed(load, within, share), needed(load, faster, share)
    rows = [staffed(load, agents, within) for agents in range(promised.agents, max(promised.agents + 3, quick.agents) + 1)]
    if as_json:
        facts: dict[str, Any] = {
            "erlangs": round(load.erlangs, 4), "within_s": within, "share": share, "faster_s": faster,
            "needed": _facts(promised), "needed_faster": _facts(quick), "more_for_faster": quick.agents - promised.agents}
        print(json.dumps(facts, sort_keys=True))
        return
    table = Table(box=SIMPLE, pad_edge=False)
    for name in ("people", f"within {within:g} s", f"within {faster:g} s", "wait at all", "mean wait s", "busy"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in rows:
        fast = staffed(load, each.agents, faster)
        table.add_row(str(each.agents), f"{each.level:.1%}", f"{fast.level:.1%}", f"{each.waits:.1%}",
                      f"{each.mean_wait_s:.1f}", f"{each.occupancy:.1%}")
    out = Console(file=sys.stdout, highlight=False)
    out.print(f"{load.erlangs:.2f} erlangs: {promised.agents} people answer {share:.0%} within {within:g} s; "
              f"within {faster:g} s it takes {quick.agents}, {quick.agents - promised.agents} more", markup=False)
    out.print(table)


def _facts(found: Staffed) -> dict[str, float | int]:
    return {name: value if isinstance(value, int) else round(value, 5) for name, value in asdict(found).items()}
