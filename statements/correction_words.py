"""The words of corrected statements and of the one-page difference, in English and 中文."""

from __future__ import annotations

CORRECTION_LABELS: dict[str, tuple[str, str]] = {
    "corrected_title": ("Corrected credit card statement", "更正后的信用卡对账单"),
    "corrected_on": ("Corrected on", "更正日期"),
    "corrected_note": (
        "Corrected on {on}. It shows the statement of {closes_on} (seal {seal}…) as it would have been, had everything been "
        "known in time. The difference stands on a later statement; what is to be paid now is on the latest one.",
        "本对账单于{on}更正，列示{closes_on}账单（校验码 {seal}…）在各笔交易及时入账情况下的应有内容。"
        "差额列入后续账单，当前应还款项以最新账单为准。",
    ),
    "corrected_draft_note": (
        "Preview of a correction: the statement of {closes_on} (seal {seal}…) as it would have been, had everything been "
        "known in time. Nothing was corrected yet.",
        "更正预览：列示{closes_on}账单（校验码 {seal}…）在各笔交易及时入账情况下的应有内容，尚未更正。",
    ),
    "late_event_note": (
        "{event} of {amount} {currency}, {late_for}: it became known later and was posted on {posted_on}.",
        "{late_for}{event} {amount} {currency}，因获知较晚，于{posted_on}入账。",
    ),
    "difference_title": ("Correction of your statements", "账单更正说明"),
    "difference_less": ("Taken off what you owe", "少收您的金额"),
    "difference_more": ("Added to what you owe", "补收您的金额"),
    "difference_none": ("Change of what you owe", "应还金额变动"),
    "difference_on": ("Corrected on", "更正日期"),
    "difference_statements": ("Statements corrected", "更正账单数"),
    "difference_draft_note": (
        "Preview: nothing was corrected yet.", "预览：尚未更正。"),
    "known_title": ("What became known", "新获知的交易"),
    "known_note": (
        "These came to our knowledge after their own days had been billed; we now count them on the days they happened.",
        "下列交易在所属日期出账后才为我们所知，现按其实际发生日期重新计算。",
    ),
    "known_on": ("Known on", "获知日期"),
    "happened_on": ("Happened on", "发生日期"),
    "cycles_title": ("What your statements said, and say now", "原账单与更正后账单"),
    "cycles_note": (
        "Each closed statement with what it said first and, below, what it says now. The statements themselves stay as issued.",
        "每期账单上行为原金额，下行为更正后金额。已出的账单保持不变。",
    ),
    "cycles_earlier": ("and {count} earlier statements", "另有 {count} 期较早账单"),
    "events_earlier": ("and {count} earlier ones", "另有 {count} 笔较早交易"),
    "other_corrections": ("{count} smaller corrections", "其他 {count} 笔小额更正"),
    "reason_follows_all": ("They follow from what became known.", "由上述新获知的交易所致。"),
    "was": ("was", "原"),
    "is_now": ("now", "现"),
    "minimum_short": ("Minimum payment", "最低还款额"),
    "posted_title": ("What is posted", "入账的更正"),
    "posted_note": (
        "Posted on {on} and shown as lines of your next statement; what you owe changes by {amount} {currency}.",
        "于{on}入账并列入下期账单；您的应还金额变动 {amount} {currency}。",
    ),
    "posted_none": ("No charge comes out otherwise; nothing is posted.", "各项费用及利息均无变化，无需入账。"),
    "correction_changed": ("{before} was charged and {after} would have been", "原收 {before}，应收 {after}"),
    "correction_gone": ("{before} was charged and would not have been", "原收 {before}，本不应收取"),
    "correction_new": ("{after} was not charged and would have been", "原未收取，应收 {after}"),
    "waiver_gone": ("{before} was waived; there is nothing left to waive", "原减免 {before}，已无可减免金额"),
    "waiver_changed": ("{before} was waived and {after} would have been", "原减免 {before}，应减免 {after}"),
    "reason_grace_kept": ("your interest-free period is kept", "您享受免息还款期"),
    "reason_grace_lost": ("your interest-free period is lost", "您不享受免息还款期"),
    "reason_minimum_met": ("the minimum payment was met in time", "最低还款额已按时足额偿还"),
    "reason_minimum_missed": ("the minimum payment was not met in time", "最低还款额未按时足额偿还"),
    "reason_unpaid_differs": ("another part of the minimum payment was unpaid", "未还的最低还款额有所不同"),
    "reason_balances_differ": ("other balances bore interest", "计息余额有所不同"),
    "reason_follows": ("it follows from what became known", "由上述新获知的交易所致"),
    "charge_of_day": ("{charge} of {on}", "{on} {charge}"),
    "charge_of_days": ("{charge} of {count} days, {first} to {last}", "{first} 至 {last} {charge}（{count} 笔）"),
    "total_correction": ("Change of what you owe", "应还金额变动合计"),
}
