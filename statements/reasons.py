"""The sentences of an explanation in English and 中文: why a charge is what it is, and why one was not made."""

from __future__ import annotations

from statements.wording import LANGUAGES, Language

_REASONS: dict[str, tuple[str, str]] = {
    # -- interest -------------------------------------------------------------------------------------------------------
    "interest": (
        "{balance_days} balance-days from {first} to {last} at {rate} come to {unrounded}, rounded to {amount} {currency}; "
        "{cause}.",
        "{first} 至 {last} 的余额日积数 {balance_days}，按{rate}计息，合计 {unrounded}，"
        "取整后为 {amount} {currency}；{cause}。",
    ),
    "interest_amount": ("{amount} {currency} of interest was charged; {cause}.", "收取利息 {amount} {currency}；{cause}。"),
    "cause_lost": (
        "purchases bear it because {received} of the {owed} billed on {billed_on} was received by {in_time}",
        "因为 {billed_on} 账单金额 {owed} 中，截至 {in_time} 仅收到 {received}，消费款项不享受免息期",
    ),
    "cause_revolving": (
        "what was left unpaid of earlier statements bears it until it is paid",
        "此前账单未还清的部分在还清前持续计息",
    ),
    "cause_no_grace": (
        "this product has no interest-free period, so a debit bears it from its own day",
        "本产品不设免息还款期，款项自交易之日起计息",
    ),
    "cause_cash_advance": (
        "cash advances have no interest-free period",
        "预借现金不享受免息还款期",
    ),
    "cause_over_limit": (
        "the balance stood above the credit limit of {limit} on those days",
        "上述日期账户余额超过信用额度 {limit}",
    ),
    "cause_deferred": (
        "the promotion that put it off ended with part of the purchase unpaid",
        "因为优惠期结束时该笔款项尚未还清，递延的利息现予收取",
    ),
    "minimum_interest": (
        "the interest of this closing came to {interest}, and the terms charge at least {least}: {amount} {currency} more.",
        "本期利息合计 {interest}，条款规定最低收取 {least}，补收 {amount} {currency}。",
    ),
    "interest_tax": (
        "{percent} % of tax on the interest of {interest} is {amount} {currency}.",
        "利息 {interest} 按 {percent}% 计税，计 {amount} {currency}。",
    ),
    "cause_hardship": (
        "{cause}; from {first} to {last} at {rate}, agreed for hardship",
        "{cause}；其中 {first} 至 {last} 按商定的困难减息{rate}计息",
    ),
    "cause_penalty": (
        "{cause}; from {first} to {last} at the penalty rate, {rate}",
        "{cause}；其中 {first} 至 {last} 按罚息利率{rate}计息",
    ),
    "cause_disputed": (
        "{cause}; {amount} that was in dispute from {first} to {last} is left out",
        "{cause}；{first} 至 {last} 存在争议的 {amount} 未计息",
    ),
    "cause_taken_in": ("it came with a file and was not worked out here", "该笔由外部文件导入，并非本系统计算"),
    # -- fees -----------------------------------------------------------------------------------------------------------
    "late_payment_percent": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "{percent} % of it is {unrounded}, with floor, cap and rounding {amount} {currency}.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "按其 {percent}% 计为 {unrounded}，经下限、上限及取整后为 {amount} {currency}。",
    ),
    "late_payment_fixed": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "the terms charge {amount} {currency} for that.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "按条款收取 {amount} {currency}。",
    ),
    "late_payment_first": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "no due date was missed in the {repeat_within_cycles} cycles before, and the terms charge {amount} {currency}.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "此前 {repeat_within_cycles} 期内无逾期，按条款收取 {amount} {currency}。",
    ),
    "late_payment_repeat": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "it was missed before ({missed_before}) within {repeat_within_cycles} cycles, and the terms charge {amount} {currency} "
        "for a repeat.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "{repeat_within_cycles} 期内曾逾期（{missed_before}），按条款对再次逾期收取 {amount} {currency}。",
    ),
    "late_payment_escalating": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "it is due date number {in_a_row} missed in a row, for which the terms charge {amount} {currency}.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "连续第 {in_a_row} 期逾期，按条款收取 {amount} {currency}。",
    ),
    "late_payment_slab": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "for a statement of {new_balance} the terms charge {amount} {currency}.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "账单金额 {new_balance} 所在档次按条款收取 {amount} {currency}。",
    ),
    "late_payment_of_balance": (
        "{received} of the minimum payment of {minimum} due on {due_on} was received by {in_time}, so {unpaid} was missing; "
        "{percent} % of the {balance_unpaid} left of the statement's {new_balance} is {unrounded}: {amount} {currency}.",
        "{due_on} 到期的最低还款额 {minimum} 中，截至 {in_time} 收到 {received}，尚缺 {unpaid}；"
        "账单金额 {new_balance} 中未还的 {balance_unpaid} 按 {percent}% 计为 {unrounded}，取整后为 {amount} {currency}。",
    ),
    "late_payment_of_interest": (
        "the minimum payment of {minimum} due on {due_on} was not met by {in_time}; "
        "{percent} % of this statement's interest of {interest} is {unrounded}: {amount} {currency}.",
        "{due_on} 到期的最低还款额 {minimum} 截至 {in_time} 未足额偿还；"
        "本期利息 {interest} 按 {percent}% 计为 {unrounded}，取整后为 {amount} {currency}。",
    ),
    "late_payment_daily": (
        "the minimum payment of {minimum} due on {due_on} was not met by {in_time}; at {per_day} a day this cycle's days late "
        "come to {amount} {currency} ({delays}).",
        "{due_on} 到期的最低还款额 {minimum} 截至 {in_time} 未足额偿还；"
        "按每日 {per_day} 计，本期逾期天数应收 {amount} {currency}（{delays}）。",
    ),
    "event_fixed": (
        "a transaction ({transaction}) of {transaction_amount} posted on {on}; the terms charge {amount} {currency} for it.",
        "{on} 入账交易（{transaction}）{transaction_amount}，按条款收取 {amount} {currency}。",
    ),
    "event_percent": (
        "{percent} % of the transaction ({transaction}) of {transaction_amount} that posted on {on} is {unrounded}, with "
        "floor, cap and rounding {amount} {currency}.",
        "{on} 入账交易（{transaction}）{transaction_amount} 按 {percent}% 计为 {unrounded}，"
        "经下限、上限及取整后为 {amount} {currency}。",
    ),
    "over_limit_fixed": (
        "the balance went over the credit limit of {credit_limit} by {excess}; the terms charge {amount} {currency} for that.",
        "账户余额超过信用额度 {credit_limit} 达 {excess}，按条款收取 {amount} {currency}。",
    ),
    "over_limit_percent": (
        "the balance went over the credit limit of {credit_limit} by {excess}; {percent} % of it is {unrounded}, with floor, "
        "cap and rounding {amount} {currency}.",
        "账户余额超过信用额度 {credit_limit} 达 {excess}，按其 {percent}% 计为 {unrounded}，"
        "经下限、上限及取整后为 {amount} {currency}。",
    ),
    "fee_tax": (
        "{amount} {currency} of tax is on these fees: {taxed}.",
        "下列费用应计税金 {amount} {currency}：{taxed}。",
    ),
    "joining": (
        "the account was opened on {opened_on}; the terms charge {amount} {currency} once for joining.",
        "账户于 {opened_on} 开立，按条款一次性收取 {amount} {currency}。",
    ),
    "annual": (
        "the account was opened on {opened_on}; {amount} {currency} is the fee for year {year} of it{waiver}.",
        "账户于 {opened_on} 开立，此为第 {year} 年年费 {amount} {currency}{waiver}。",
    ),
    "first_year_cap": (
        "the fees of an account's first year come to at most {percent} % of its credit limit of {limit}; it is what that "
        "leaves, or less.",
        "账户首年费用合计不超过信用额度 {limit} 的 {percent}%，本项以其余额为限。",
    ),
    "waived": ("{waived} of it was waived: {told}.", "其中 {waived} 已减免：{told}。"),
    "annual_waived": (
        ", and it was waived: {spend} spent in {count} transactions in the year before meets the terms",
        "；因此前一年消费 {spend}、共 {count} 笔，符合减免条件，已予减免",
    ),
    "annual_not_waived": (
        "; {spend} spent in {count} transactions in the year before does not reach what would waive it",
        "；此前一年消费 {spend}、共 {count} 笔，未达减免条件",
    ),
    "supplementary_annual": (
        "supplementary card {card} was issued on {issued_on}; {amount} {currency} is the fee for year {year} of it.",
        "附属卡 {card} 于 {issued_on} 发卡，此为第 {year} 年年费 {amount} {currency}。",
    ),
    "instalment_flat": (
        "part {part} of {parts} of instalment plan {plan} fell due; {percent} % of the {amount_of_plan} of the plan is "
        "{unrounded}, rounded {amount} {currency}.",
        "分期计划 {plan} 第 {part}/{parts} 期到期；按分期总额 {amount_of_plan} 的 {percent}% 计为 {unrounded}，"
        "取整后为 {amount} {currency}。",
    ),
    "instalment_declining": (
        "part {part} of {parts} of instalment plan {plan} fell due; {left} left of the plan at {percent} % a year for {days} "
        "days from {from} is {unrounded}, rounded {amount} {currency}.",
        "分期计划 {plan} 第 {part}/{parts} 期到期；未到期余额 {left} 自 {from} 起 {days} 天按年利率 {percent}% "
        "计为 {unrounded}，取整后为 {amount} {currency}。",
    ),
    "service": (
        "a payment of {payment} was settled on {on}; the terms charge {amount} {currency} for each.",
        "{on} 入账还款 {payment}，按条款每笔收取 {amount} {currency}。",
    ),
    "replacement": (
        "card {card} replaced another on {issued_on} (reason: {reason}); the terms charge {amount} {currency} for that.",
        "卡片 {card} 于 {issued_on} 换发（原因：{reason}），按条款收取 {amount} {currency}。",
    ),
    "fee": (
        "{amount} {currency} came with a file as a fee ({description}) and was not worked out here.",
        "该笔费用 {amount} {currency}（{description}）由外部文件导入，并非本系统计算。",
    ),
    # -- why not --------------------------------------------------------------------------------------------------------
    "not_in_terms": (
        "the terms {terms_version} do not charge it.",
        "条款 {terms_version} 未设此项收费。",
    ),
    "no_earlier_statement": (
        "there was no earlier statement whose payment could be missed.",
        "此前尚无账单，不存在逾期还款。",
    ),
    "no_minimum_due": (
        "the statement of {closes_on} asked for a minimum payment of {minimum}; there was nothing to miss.",
        "{closes_on} 账单最低还款额为 {minimum}，无须还款。",
    ),
    "no_due_date_in_cycle": (
        "the statement of {closes_on} could be paid until {in_time}; the day after, when the fee falls, is not in this cycle.",
        "{closes_on} 账单的还款期限（含宽限）至 {in_time} 止，收费日不在本账单周期内。",
    ),
    "minimum_met": (
        "{received} was received by {in_time}; the minimum payment due on {due_on} was {minimum} ({allowed} may be missing).",
        "截至 {in_time} 已收到 {received}，{due_on} 到期的最低还款额为 {minimum}（允许差额 {allowed}），已足额还款。",
    ),
    "returned_payment_charged": (
        "the minimum payment of {minimum} due on {due_on} was missed, and a returned payment was charged for since: a due date "
        "bears one of the two.",
        "{due_on} 到期的最低还款额 {minimum} 未足额偿还，但此后已收取还款退回手续费：同一到期日只收其一。",
    ),
    "amount_zero": (
        "what the terms {terms_version} charge for it comes to nothing.",
        "按条款 {terms_version} 计算的金额为零。",
    ),
    "no_such_transaction": (
        "nothing of that kind ({transactions}) was posted in this cycle.",
        "本期没有此类交易（{transactions}）。",
    ),
    "none_foreign": (
        "none of the {transactions} transactions of this cycle was made in another currency.",
        "本期 {transactions} 笔交易均非外币交易。",
    ),
    "due_date_charged": (
        "a payment was returned on {first_on}, and the due date that it belongs to bore a late-payment or returned-payment fee "
        "before: it bears one.",
        "{first_on} 有还款被退回，但所属到期日已收取过违约金或还款退回手续费：只收一次。",
    ),
    "no_opt_in": (
        "the terms {terms_version} charge it only where the holder agreed to it, and the holder did not.",
        "条款 {terms_version} 规定须经持卡人同意方可收取，持卡人未同意。",
    ),
    "no_excess": (
        "no spending took the balance over the credit limit of {limit} in this cycle (its own fees and interest left out).",
        "本期消费未使余额超过信用额度 {limit}（不计本期费用及利息）。",
    ),
    "enough_cycles_charged": (
        "it was charged in the {cycles_charged_before} cycles before; the terms allow {max_consecutive_cycles} in a row.",
        "此前已连续 {cycles_charged_before} 期收取；条款规定最多连续收取 {max_consecutive_cycles} 期。",
    ),
    "nothing_taxed": (
        "no fee and no interest of this cycle bears tax by the terms {terms_version}.",
        "按条款 {terms_version}，本期费用及利息均无须计税。",
    ),
    "grace_kept": (
        "{received} was received by {in_time} towards the {owed} billed on {billed_on}, which pays it in full.",
        "{billed_on} 账单金额 {owed}，截至 {in_time} 已收到 {received}，已全额还款，消费免收利息。",
    ),
    "disputed": (
        "the {disputed} of that kind that was in dispute from {first} to {last} bears nothing, and no other balance of that "
        "kind bore interest on any day of the cycle.",
        "该类款项中 {disputed} 于 {first} 至 {last} 存在争议，不计息；本期内该类款项无其他计息余额。",
    ),
    "disputed_grace_kept": (
        "{received} was received by {in_time} towards the {owed} billed on {billed_on}; {disputed} of it was disputed by then "
        "and not asked for any more, which leaves nothing unpaid.",
        "{billed_on} 账单金额 {owed}，截至 {in_time} 已收到 {received}，另有 {disputed} 存在争议、不再要求偿还，"
        "视为已全额还款。",
    ),
    "disputed_minimum_met": (
        "{received} was received by {in_time} towards the minimum payment of {minimum} due on {due_on}; {disputed} of it was "
        "not asked for any more because of what was disputed by then ({allowed} may be missing).",
        "{due_on} 到期的最低还款额 {minimum}，截至 {in_time} 已收到 {received}，另有 {disputed} 因争议不再要求偿还"
        "（允许差额 {allowed}），视为已足额还款。",
    ),
    "disputed_statement": (
        "{disputed} {currency} of the new balance of {new_balance} is disputed ({told}): until it is decided it is in no item "
        "of the minimum payment of {minimum} and bears no interest, and what is to be paid in full is {not_disputed}.",
        "本期应还款额 {new_balance} 中有 {disputed} {currency} 存在争议（{told}）：不计入最低还款额 {minimum}，"
        "争议期间不计息；全额还款金额为 {not_disputed}。",
    ),
    "disputed_told": ("{amount} since {since}", "{since} 起 {amount}"),
    "no_balance": (
        "no balance of that kind bore interest on any day of the cycle.",
        "本期内没有计息余额。",
    ),
    "rate_zero": ("the terms {terms_version} give it a rate of zero.", "条款 {terms_version} 规定的利率为零。"),
    "rounds_to_zero": (
        "{balance_days} balance-days at {rate} come to {unrounded}, which rounds to zero.",
        "余额日积数 {balance_days} 按{rate}计息为 {unrounded}，取整后为零。",
    ),
    "within_limit": (
        "the balance was not above the credit limit of {limit} at the end of any day of the cycle.",
        "本期内每日日终余额均未超过信用额度 {limit}。",
    ),
    "migrated": (
        "the account was taken over from other books; what is charged at opening was theirs to charge.",
        "账户自其他账簿移入，开户时的费用不再收取。",
    ),
    "not_opened_in_cycle": (
        "the account was opened on {opened_on}, which is not in this cycle ({opens_on} to {closes_on}).",
        "账户于 {opened_on} 开立，不在本账单周期（{opens_on} 至 {closes_on}）内。",
    ),
    "no_anniversary_in_cycle": (
        "a year of the account begins on each anniversary of {opened_on}; none is in this cycle ({opens_on} to {closes_on}).",
        "账户年度自开户日 {opened_on} 起算，周年日不在本账单周期（{opens_on} 至 {closes_on}）内。",
    ),
    "no_fee_month_in_cycle": (
        "the terms charge it on the first day of month {month}, once the account, opened on {opened_on}, is a year old; there "
        "is no such day in this cycle ({opens_on} to {closes_on}).",
        "条款规定于每年 {month} 月 1 日收取（账户开立满一年后，开户日 {opened_on}）；"
        "本账单周期（{opens_on} 至 {closes_on}）内没有该日。",
    ),
    "first_year_free": (
        "the terms charge it after the first year; the account was opened on {opened_on}.",
        "条款规定首年免收；账户于 {opened_on} 开立。",
    ),
    "no_such_card": (
        "no card of that kind was issued, replaced or had its anniversary in this cycle ({opens_on} to {closes_on}).",
        "本账单周期（{opens_on} 至 {closes_on}）内没有相关卡片的发卡、换卡或周年日。",
    ),
    "free_reason": (
        "card {card} was replaced for a reason that the terms let go free: {reason}.",
        "卡片 {card} 的换卡原因（{reason}）按条款免费。",
    ),
    "excused_hardship": (
        "the due date {due_on} lies in the hardship agreed from {from_on} to {until}; no late-payment fee goes with it.",
        "还款到期日 {due_on} 在已商定的困难减息期（{from_on} 至 {until}）内，不收取滞纳金。",
    ),
    "excused_payment_holiday": (
        "the due date {due_on} lies in the payment holiday agreed from {from_on} to {until}; nothing had to be paid.",
        "还款到期日 {due_on} 在已商定的延期还款期（{from_on} 至 {until}）内，无须还款。",
    ),
    "excused_re_age": (
        "the account was re-aged on {from_on}, after the statement of {closes_on} and by its due date {due_on}.",
        "账户于 {from_on} 重置账龄，在 {closes_on} 账单之后、还款到期日 {due_on} 当日或之前，不收取滞纳金。",
    ),
    "charged_off": (
        "the account was charged off on {charged_off_on}; nothing is charged to it any more.",
        "账户已于 {charged_off_on} 核销，此后不再计息收费。",
    ),
    "no_plan": (
        "the account had no instalment plan of which a part fell due.",
        "账户没有到期的分期计划。",
    ),
    "no_part_in_cycle": (
        "no part of an instalment plan fell due in this cycle; {not_billed} is still to come.",
        "本期没有到期的分期款；尚有 {not_billed} 未入账。",
    ),
    "settled_early": (
        "what was left of the plan was settled early on {first_on}; a plan with a fee on each part bears none on that.",
        "分期计划余额已于 {first_on} 提前结清；按期收取手续费的计划提前结清部分不再收费。",
    ),
    "least_reached": (
        "the interest of this closing came to {interest}; the terms charge at least {minimum_charge}.",
        "本期利息合计 {interest}，已达条款规定的最低收取额 {minimum_charge}。",
    ),
    "no_interest": (
        "no interest was charged; the least charge of {minimum_charge} holds only where there is some.",
        "本期未收取利息；最低收取额 {minimum_charge} 仅在计息时适用。",
    ),
    "none_ended_unpaid": (
        "interest on {segment} is put off, and no promotion of it ended in this cycle with something unpaid.",
        "{segment} 的利息递延，本期没有期满仍未还清的优惠款项。",
    ),
    "none_taken_in": (
        "no file brought one in this cycle; charges of this kind are not worked out here.",
        "本期没有由外部文件导入的此类收费；此类收费并非本系统计算。",
    ),
    "no_payment": ("no payment was settled in this cycle.", "本期没有还款入账。"),
}


def reason(name: str, language: Language, **fields: object) -> str:
    """One sentence or part of one, with its fields filled in."""
    return _REASONS[name][LANGUAGES.index(language)].format(**fields)


def sentence(name: str, language: Language, **fields: object) -> str:
    """A whole sentence: with a capital letter in English."""
    text = reason(name, language, **fields)
    return text[:1].upper() + text[1:]
