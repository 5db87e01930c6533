"""The words of the fee table in English and 中文; no figure is worked out here."""

from __future__ import annotations

from typing import Literal

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("{name}: rates and fees", "{name}：利率与费用"),
    "in_force": ("In force from {day}. Amounts in {currency}. Terms {label}.",
                 "自{day}起生效。金额币种：{currency}。条款版本：{label}。"),
    "item": ("Item", "项目"),
    "rule": ("What is charged", "收取标准"),
    "clause": ("Clause", "条款"),
    "list": ("; ", "；"),
    "comma": (", ", "、"),
    "sum": (" + ", " + "),
    # interest
    "interest": ("Interest", "利息"),
    "purchase": ("Purchases", "消费"),
    "cash_advance": ("Cash advances", "预借现金"),
    "over_limit_interest": ("What is over the credit limit", "超出信用额度部分"),
    "rate_day": ("{rate} a day", "日利率 {rate}"),
    "rate_month": ("{rate} a month", "月利率 {rate}"),
    "rate_year": ("{rate} a year", "年利率 {rate}"),
    "is_yearly": ("{rate} ({yearly} a year)", "{rate}（折合年利率 {yearly}）"),
    "no_interest": ("no interest", "不计利息"),
    "with_grace": ("none if what was billed is paid in full by the due date", "到期还款日前全额还清账单者免息"),
    "without_grace": ("{begin}, without an interest-free period", "{begin}计息，不享受免息期"),
    "full": ("else on all that was billed, {begin}, until it is paid", "否则就账单全部金额，{begin}，至还清之日计息"),
    "unpaid": ("else on what was not paid by the due date, {begin}", "否则仅就到期未还部分，{begin}计息"),
    "begin_transaction": ("from the day of the transaction", "自交易日起"),
    "begin_posting": ("from the posting date", "自记账日起"),
    "begin_closing": ("from the statement date", "自账单日起"),
    "instead": ("instead of the rate for purchases", "代替消费利率"),
    "as_well": ("on top of the rate for purchases", "在消费利率之外另计"),
    # statement and payment
    "payment": ("Statement and payment", "账单与还款"),
    "closing": ("Statement date", "账单日"),
    "closing_day": ("day {day} of each month, unless agreed otherwise", "每月{day}日，另有约定者除外"),
    "closing_late_day": ("day {day} of each month or its last day, unless agreed otherwise",
                         "每月{day}日，当月无此日者为月末，另有约定者除外"),
    "due": ("Payment due date", "到期还款日"),
    "due_day": ("the next day {day} of a month after the statement date", "账单日后第一个{day}日"),
    "due_after": ("{days} days after the statement date", "账单日后{days}天"),
    "due_roll": ("on a weekend or holiday, the next business day", "遇周末或节假日顺延至下一工作日"),
    "tolerance_days": ("paid up to {days} days later is on time", "到期后{days}天内还款视为按时还款"),
    "tolerance_amount": ("up to {amount} short counts as paid", "差额不超过{amount}视为已还清"),
    "minimum": ("Minimum payment", "最低还款额"),
    "of": ("{percent} of {base}", "{base}的{percent}"),
    "greater_of": ("the greater of {parts}", "取较高者：{parts}"),
    "in_full": ("in full: {items}", "全额计入：{items}"),
    "on_top": ("on top of that, in full: {items}", "此外全额计入：{items}"),
    "floor": ("at least {amount}", "不低于{amount}"),
    "nothing": ("none", "无"),
    "new_purchases": ("new purchases", "本期新增消费"),
    "revolving_principal": ("purchases of earlier statements", "往期消费余额"),
    "purchases": ("purchases", "消费余额"),
    "cash_advances": ("cash advances", "预借现金余额"),
    "principal": ("principal", "本金余额"),
    "new_balance": ("the new balance", "本期应还款额"),
    "within_limit": ("the new balance within the limit", "额度内应还款额"),
    "credit_limit": ("the credit limit", "信用额度"),
    "interest_item": ("interest", "利息"),
    "fees_item": ("fees", "费用"),
    "past_due_item": ("what is past due", "逾期未还的最低还款额"),
    "over_limit_item": ("what is over the limit", "超限金额"),
    "instalments_item": ("instalments", "分期应还金额"),
    # fees
    "fees": ("Fees", "费用"),
    "joining": ("Joining", "入会费"),
    "joining_rule": ("{amount}, once", "{amount}，一次性"),
    "annual": ("Annual", "年费"),
    "yearly": ("{amount} a year", "每年{amount}"),
    "after_first_year": ("free in the first year", "首年免费"),
    "waive_if_spend": ("waived if {amount} were spent in the year before", "上年度消费满{amount}免收"),
    "waive_if_count": ("waived after {count} transactions in the year before", "上年度交易满{count}笔免收"),
    "supplementary_annual": ("Supplementary card, annual", "附属卡年费"),
    "supplementary_annual_rule": ("{amount} a year for each card", "每卡每年{amount}"),
    "late_payment": ("Late payment", "违约金"),
    "fixed": ("{amount} if the minimum payment is not met in time", "未按时足额偿还最低还款额时收取{amount}"),
    "percent_of_unpaid_minimum": ("{percent} of what is missing of the minimum payment", "最低还款额未还部分的{percent}"),
    "at_most": ("at most {amount}", "最高{amount}"),
    "cap_minimum_due": ("never more than the minimum payment", "不超过最低还款额"),
    "cap_unpaid_minimum": ("never more than what is missing of it", "不超过最低还款额未还部分"),
    "service": ("Service", "服务费"),
    "service_rule": ("{amount} for each payment", "每笔还款{amount}"),
    "replacement": ("Card replacement", "换卡费"),
    "replacement_rule": ("{amount} for each card", "每卡{amount}"),
    "free_for": ("free if the reason is: {reasons}", "下列原因免收：{reasons}"),
    "issuer_fault": ("the issuer's fault", "发卡机构原因"),
    "none_else": ("No fees other than these are charged.", "除上述外不收取其他费用。"),
}


def word(key: str, language: Language, **facts: str) -> str:
    """A phrase in a language, its facts put in. Raises KeyError for a phrase that does not exist."""
    return _WORDS[key][LANGUAGES.index(language)].format(**facts)


def known(key: str) -> bool:
    """Whether there is such a phrase."""
    return key in _WORDS
