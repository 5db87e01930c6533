"""Puts scenarios on real books and runs their business days with the nightly functions, for tests to compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from psycopg import Connection

from accounts.calendar import first_closing
from accounts.card_sets import seal_card_sets, seal_month_of_cards
from accounts.money import CURRENCIES, minor_units
from accounts.month_facts import last_of_month, seal_month_facts
from accounts.posting_facts import seal_facts
from accounts.posting_types import BY_NAME
from accounts.sharding import members_of
from billing import day, nightly_rebilling
from billing.scenario import INSTALMENT_EVENTS, Scenario
from fees.schedule import approve, propose
from statements.seal import seal_statements


def open_books(connection: Connection[Any], scenarios: Sequence[Scenario], first_on: date) -> None:
    """Accounts 1.. of members 1.., one for each scenario, with all their events in the ledger, waiting for their days."""
    for terms in scenarios[0].terms:
        propose(connection, terms, "author")
        approve(connection, terms.product, "approver")
    connection.execute("UPDATE book SET first_on = %s, open_on = %s", (first_on, first_on))
    connection.execute("INSERT INTO source (source_id, kind, name, complete) VALUES (2, 'file', 'scenarios', true)")
    terms = scenarios[0].terms[0]
    currency, digits = CURRENCIES[terms.currency].numeric, terms.digits
    with connection.cursor() as cursor:
        for number, scenario in enumerate(scenarios, 1):
            account = scenario.account
            closing_day = account.closing_day or terms.cycle.closing_day
            cursor.execute("INSERT INTO member (member_id, member, kind) VALUES (%s, %s, 'person')", (number, f"M{number}"))
            cursor.execute(
                "INSERT INTO card_account (member_id, account_id, account, product, currency, opened_on, credit_limit,"
                " closing_day, anchor_on, migrated, status, over_limit_opt_in)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, false, 'active', %s)",
                (number, number, f"A{number}", terms.product, currency, account.opened_on,
                 minor_units(account.credit_limit, digits), closing_day, first_closing(account.opened_on, closing_day),
                 account.over_limit_opt_in),
            )
            cursor.execute("INSERT INTO account_directory (account, member_id, account_id) VALUES (%s, %s, %s)",
                           (f"A{number}", number, number))
            cursor.execute("INSERT INTO guarded_balance (member_id, account_id) VALUES (%s, %s)", (number, number))
            for waiver_id, waiver in enumerate(scenario.waivers, 1):
                cursor.execute(
                    "INSERT INTO standing_waiver (member_id, account_id, standing_waiver_id, kind, from_on, until_on, percent,"
                    " reason, proposed_by, approved_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'author', %s)",
                    (number, number, waiver_id, waiver.kind, waiver.from_on, waiver.until, waiver.percent, waiver.reason,
                     waiver.approved_by))
            for event_no, agreed in enumerate(scenario.arrangements(), 1):
                cursor.execute(
                    "INSERT INTO account_event (member_id, account_id, event_no, kind, from_on, until_on, annual_rate, reason,"
                    " proposed_by, approved_by) VALUES (%s, %s, %s, %s, %s, %s, %s, 'told', 'one', 'another')",
                    (number, number, event_no, agreed.kind, agreed.from_on, agreed.until_on, agreed.annual_rate))
            for line, event in enumerate(scenario.events, 1):
                if event.type in INSTALMENT_EVENTS or event.arrangement is not None:
                    continue
                kind = BY_NAME[event.type]
                posted_on = max(event.posted_on or event.on, account.opened_on)
                cursor.execute(
                    "INSERT INTO posting (member_id, account_id, posted_on, source_id, source_line, type, debit_account,"
                    " credit_account, currency, amount, effective_on, transaction_on, original_currency, segment, source_ref)"
                    " VALUES (%s, %s, %s, 2, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    (number, number, posted_on, line, kind.code, kind.debit, kind.credit, currency,
                     minor_units(event.amount, digits), min(event.on, posted_on), event.on, event.currency,
                     event.segment, event.id),
                )


def run_days(connection: Connection[Any], first_on: date, until: date,
             at_counter: Callable[[date], None] = lambda on: None, rebill_by_night: bool = False) -> None:
    """Every business day of shard 0, in order, as the nightly steps do it; at_counter: what staff do while a day is open."""
    first, last = members_of(0)
    on = first_on
    while on <= until:
        at_counter(on)
        connection.execute("UPDATE book SET open_on = %s", (on + timedelta(days=1),))
        if rebill_by_night and nightly_rebilling.shards_to_rebill(connection, on):
            assert nightly_rebilling.rebill_accounts(connection, on, first, last, [], seal_statements).parked == []
        for shards, step in ((day.shards_to_post, day.post_day), (day.shards_with_due_dates, day.process_due_dates),
                             (day.shards_with_anniversaries, day.process_anniversaries),
                             (day.shards_with_instalments, day.bill_instalments)):
            if shards(connection, on):
                step(connection, on, first, last, [])
        if day.shards_to_close(connection, on):
            day.close_cycles(connection, on, first, last, [], seal_statements)
        seal_facts(connection, on)
        seal_card_sets(connection, on)
        if last_of_month(on):
            seal_month_facts(connection, on)
            seal_month_of_cards(connection, on)
        connection.execute("UPDATE book SET closed_through = %s", (on,))
        on += timedelta(days=1)
