"""What a card was used for within the last hour, on the business day and in its month: what velocity limits are held against.

Counted while the account is held for the command, so that several tills at once cannot each be the last that is let through.
"""

from __future__ import annotations

from psycopg.rows import dict_row

from accounts.posting_types import COUNTER, SPEND, SPEND_DISCOUNT
from counter.holding import HeldCard
from fees.allowed_use import AllowedUse, Used

#: Authorisations as promised, unless they were reversed, and spends less their discount. The hour is measured by the clock that
#: recorded them.
_USED = f"""
WITH used AS (
    SELECT z.line, z.amount, z.authorised_on AS on_day, z.recorded_at FROM authorisation z
    WHERE z.member_id = %(member_id)s AND z.account_id = %(account_id)s AND z.card_id = %(card_id)s AND z.state <> 'reversed'
      AND (z.authorised_on >= %(month)s OR z.recorded_at > now() - INTERVAL '1 hour')
    UNION ALL
    SELECT e.line, sum(CASE p.type WHEN {SPEND.code} THEN p.amount ELSE -p.amount END)::bigint, e.business_on, e.recorded_at
    FROM counter_event e
    JOIN posting p ON p.member_id = e.member_id AND p.account_id = e.account_id AND p.posted_on = e.business_on
     AND p.source_id = {COUNTER} AND p.source_line = e.line AND p.type IN ({SPEND.code}, {SPEND_DISCOUNT.code})
    WHERE e.member_id = %(member_id)s AND e.account_id = %(account_id)s AND e.card_id = %(card_id)s AND e.command = 'spend'
      AND (e.business_on >= %(month)s OR e.recorded_at > now() - INTERVAL '1 hour')
    GROUP BY e.line, e.business_on, e.recorded_at
)
SELECT count(*) FILTER (WHERE recorded_at > now() - INTERVAL '1 hour') AS hour_count,
       coalesce(sum(amount) FILTER (WHERE recorded_at > now() - INTERVAL '1 hour'), 0)::bigint AS hour_amount,
       count(*) FILTER (WHERE on_day = %(day)s) AS day_count,
       coalesce(sum(amount) FILTER (WHERE on_day = %(day)s), 0)::bigint AS day_amount,
       count(*) FILTER (WHERE on_day >= %(month)s) AS month_count,
       coalesce(sum(amount) FILTER (WHERE on_day >= %(month)s), 0)::bigint AS month_amount
FROM used
"""  # noqa: S608


def require_allowed_use(held: HeldCard, merchant: str | None, mcc: str | None, amount: int) -> None:
    """A card pays where its terms let it, as often and as much as they let it. Raises LimitReached.

    amount: what the card would give, minor units.
    """
    rules = AllowedUse(held.terms)
    rules.require_merchant(merchant, mcc)
    if rules.own.velocity:
        rules.require_velocity(amount, _used(held))


def _used(held: HeldCard) -> dict[str, Used]:
    with held.connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(_USED, {
            "member_id": held.facts.member_id, "account_id": held.facts.account_id, "card_id": held.facts.card_id,
            "day": held.on, "month": held.on.replace(day=1)}).fetchone()
    assert row is not None
    return {per: Used(row[f"{per}_count"], row[f"{per}_amount"]) for per in ("hour", "day", "month")}
