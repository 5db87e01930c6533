"""How long grace runs, when a statement is due, credit balances."""

from __future__ import annotations

from tests.examples.worked.interest_unpaid import NO_REACH_BACK
from tests.examples.worked.record import NO_MINIMUM, REG_Z, Example, NotOurs, both, opening

APRIL = [("2023-04-10", "purchase", "500.00")]
STANDARD_CHARTERED = {"currency": "INR", "cycle": {"closing_day": 2, "due_day": 24}}

EXAMPLES = [
    Example(
        "US-5b2-3-iii", REG_Z + "comment 5(b)(2)(ii)-3.iii", "April's 500 paid by 25 May: no interest", "2023-04-01",
        NO_REACH_BACK, [*APRIL, ("2023-05-25", "payment", "500.00")],
        {"2023-04-30": {"payment_due_on": "2023-05-25"}, "2023-05-31": {"interest": "0.00", "grace": "kept"}},
        part="paid in full"),
    Example(
        "US-5b2-3-iii", REG_Z + "comment 5(b)(2)(ii)-3.iii", "300 paid: grace is lost, 200 bear interest from 1 May",
        "2023-04-01", NO_REACH_BACK, [*APRIL, ("2023-05-25", "payment", "300.00")],
        {"2023-05-31": {"interest": "2.55", "grace": "lost"}}, part="paid in part",
        reading="200 for 31 days at 15 %; the comment gives no rate"),
    Example(
        "IN-SC-DAYS", "Standard Chartered India, interest-free days",
        "Statement of 2 November, due on the 24th: 52 and 22 days free",
        "2023-10-03", STANDARD_CHARTERED,
        [("2023-10-03", "purchase", "100.00"), ("2023-11-02", "purchase", "100.00"), ("2023-11-24", "payment", "200.00")],
        {"2023-11-02": {"payment_due_on": "2023-11-24"}, "2023-12-02": {"interest": "0.00"}}, part="paid"),
    Example(
        "IN-SC-DAYS", "Standard Chartered India, interest-free days", "Paid a day later those days cost interest: 53 and 23",
        "2023-10-03", STANDARD_CHARTERED,
        [("2023-10-03", "purchase", "100.00"), ("2023-11-02", "purchase", "100.00"), ("2023-11-25", "payment", "200.00")],
        {"2023-12-02": {"segment.purchase.balance_days": "7600.00"}}, part="a day late"),
    Example(
        "CA-FCAC", "FCAC, grace period example", "Statement of 31 May, due 21 days later, paid then: no interest",
        "2023-05-01",
        {"currency": "CAD", "cycle": {"closing_day": 31, "due_after_days": 21}, "interest": {"segment": both("0.1999")}},
        [("2023-05-05", "purchase", "1000.00"), ("2023-06-21", "payment", "1000.00")],
        {"2023-05-31": {"payment_due_on": "2023-06-21"}, "2023-06-30": {"interest": "0.00", "grace": "kept"}}),
    Example(
        "LK-COMBANK", "Commercial Bank (Sri Lanka), interest policy, numbers ours",
        "21 days after 10 June is a Saturday, Monday is the full-moon holiday: due on Tuesday, 4 July", "2023-05-11",
        {"currency": "LKR", "cycle": {"closing_day": 10, "due_after_days": 21, "due_roll": "next_business_day",
                                      "calendar": "LK"}},
        [("2023-06-01", "purchase", "1000.00")], {"2023-06-10": {"payment_due_on": "2023-07-04"}},
        printed="Monday, 3 July, which looks at weekends alone"),
    Example(
        "US-11a", "12 CFR 1026.11(a)", "25 paid too much stay the holder's: a credit balance, nothing due", "2023-01-01",
        {"currency": "USD", "cycle": {"closing_day": 31, "due_day": 25}, "minimum_payment": NO_MINIMUM},
        [("2023-03-01", "payment", "125.00")],
        {"2023-03-31": {"new_balance": "-25.00", "minimum_payment_due": "0.00", "interest": "0.00"}},
        opening=opening("2023-02-28", "kept", purchase="100.00"),
        reading="By when the issuer has to send it back is a matter of its staff"),
]

PREPAID = "A limit of prepaid cards at the counter, no bill: see prepaid-rules.md"
NOT_OURS = [
    NotOurs("US-E20d-1-i", "12 CFR 1005 (Regulation E), comment 20(d)-1.i", "First dormancy fee after a year", PREPAID),
    NotOurs("US-E20d-1-ii", "12 CFR 1005 (Regulation E), comment 20(d)-1.ii", "One dormancy fee a calendar month", PREPAID),
    NotOurs("US-E20d-4", "12 CFR 1005 (Regulation E), comment 20(d)-4", "No second fee in the month", PREPAID),
    NotOurs("US-E20e-1", "12 CFR 1005 (Regulation E), 20(e)", "Five years to the card's expiry", PREPAID),
    NotOurs("CN-PP-1", "Measures on prepaid cards of payment institutions, 2012", "Most that a card may hold", PREPAID),
    NotOurs("CN-PP-2", "Measures on prepaid cards of payment institutions, 2012", "Cash taken below 5,000 and 50,000", PREPAID),
    NotOurs("CN-PP-3", "Measures on prepaid cards of payment institutions, 2012", "Whom to identify from which amount",
            PREPAID),
    NotOurs("CN-PP-6", "Measures on prepaid cards of payment institutions, 2012", "Agents sell cards of at most 200", PREPAID),
]
