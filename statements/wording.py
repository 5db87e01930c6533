"""The words of a statement in English and 中文: labels, kinds of posting, charges, sentences. No figure is worked out here."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from babel.dates import format_date

from statements.correction_words import CORRECTION_LABELS

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")

#: Language tags for documents: what a screen reader is told.
TAGS: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}

_LABELS: dict[str, tuple[str, str]] = {
    "issuer": ("Cardwright Card Centre", "Cardwright 信用卡中心"),
    "title": ("Credit card statement", "信用卡对账单"),
    "draft": ("DRAFT", "草稿"),
    "draft_note": (
        "Preview of the open cycle as if it closed on {closes_on}. Not issued.",
        "本期账单预览（假设于{closes_on}结账），尚未出账。",
    ),
    "account": ("Account", "账号"),
    "product": ("Product", "卡产品"),
    "org_unit": ("Your branch", "所属机构"),
    "period": ("Billing cycle", "账单周期"),
    "closing": ("Statement date", "账单日"),
    "number": ("Statement no.", "账单期数"),
    "currency": ("Amounts in", "币种"),
    "terms_version": ("Terms", "适用条款"),
    "days": ("{days} days", "{days} 天"),
    "new_balance": ("New balance", "本期应还款额"),
    "credit_balance": ("Credit balance", "溢缴款余额"),
    "minimum_payment_due": ("Minimum payment due", "最低还款额"),
    "payment_due_on": ("Payment due date", "到期还款日"),
    "summary": ("Account summary", "账户汇总"),
    "previous_balance": ("Previous balance", "上期账单余额"),
    "payments": ("Payments", "还款"),
    "credits": ("Refunds and credits", "退款及贷记"),
    "purchases": ("Purchases", "消费"),
    "cash_advances": ("Cash advances", "预借现金"),
    "balance_transfers": ("Balance transfers", "余额代偿"),
    "fees": ("Fees", "费用"),
    "interest": ("Interest", "利息"),
    "interest_on": ("Interest, {segment}", "{segment}利息"),
    "corrected": ("{charge} of {on}: {before} was charged and {after} would have been",
                  "{on}的{charge}：原收{before}，应收{after}"),
    "correction_of": ("Correction: {charge}", "更正：{charge}"),
    "waivers": ("Charges waived", "费用减免"),
    "adjustments": ("Adjustments", "账务调整"),
    "credit": ("Your credit line", "额度与账户状态"),
    "credit_limit": ("Credit limit", "信用额度"),
    "no_limit": ("none", "不设额度"),
    "available_credit": ("Available credit", "可用额度"),
    "over_limit": ("Over the limit", "超限金额"),
    "past_due": ("Past due", "逾期未还"),
    "days_past_due": ("Days past due", "逾期天数"),
    "rate_up_to": ("{rate} up to {amount}", "{amount} 以内{rate}"),
    "rate_penalty": ("{rate} (penalty rate)", "{rate}（罚息利率）"),
    "rate_hardship": ("{rate} (agreed for hardship)", "{rate}（困难减息利率）"),
    "rate_days": ("{rate}, {first} to {last}", "{first} 至 {last} {rate}"),
    "charged_off": ("Charged off on", "核销日期"),
    "not_recovered": ("Charged off and not recovered", "已核销未收回金额"),
    "grace": ("Interest-free period", "免息还款期"),
    "grace_kept": ("kept", "享受"),
    "grace_lost": ("lost", "不享受"),
    "year_to_date": ("Charged this year", "本年度累计"),
    "interest_title": ("Interest", "利息明细"),
    "segment": ("On", "计息项目"),
    "rate": ("Rate", "利率"),
    "average_daily_balance": ("Average daily balance", "日均余额"),
    "balance_days": ("Balance-days", "余额日积数"),
    "charges_title": ("Fees and interest charged", "费用及利息"),
    "charge": ("Charge", "项目"),
    "clause": ("Clause", "条款"),
    "amount": ("Amount", "金额"),
    "total_charges": ("Fees and interest", "费用及利息合计"),
    "lines_title": ("Transactions", "交易明细"),
    "lines_continued": ("Transactions, continued", "交易明细（续）"),
    "posted_on": ("Posted", "记账日"),
    "transaction_on": ("Date", "交易日"),
    "description": ("Description", "交易摘要"),
    "card": ("Card", "卡号末四位"),
    "ref": ("Reference", "参考号"),
    "type": ("Type", "交易类型"),
    "total_lines": ("New balance less previous balance", "本期应还款额减上期账单余额"),
    "no_lines": ("Nothing was posted in this cycle.", "本期无交易。"),
    "cards_title": ("By card", "各卡汇总"),
    "kind": ("Kind", "类别"),
    "kind_primary": ("primary", "主卡"),
    "kind_supplementary": ("supplementary", "附属卡"),
    "kind_company": ("company", "公司卡"),
    "seal": ("Seal", "账单校验码"),
    "page": ("Page {page} of {pages}", "第 {page} 页，共 {pages} 页"),
    "continued": ("continued", "续"),
    "per_day": ("{percent} % a day", "日利率 {percent}%"),
    "per_month": ("{percent} % a month", "月利率 {percent}%"),
    "per_year": ("{percent} % a year", "年利率 {percent}%"),
    "payoff_title": ("Paying off this balance", "还清欠款测算"),
    "payoff_pay": ("If you pay each month", "每月还款"),
    "payoff_months": ("it is paid off in about", "约需时间"),
    "payoff_total": ("and you pay in all", "还款总额"),
    "payoff_minimum": ("only the minimum payment", "仅还最低还款额"),
    "payoff_in_months": ("{months} months", "{months} 个月"),
    "payoff_in_years": ("{years} years", "{years} 年"),
    "payoff_never": ("never", "无法还清"),
    "payoff_longer": ("more than 100 years", "超过 100 年"),
    "payoff_never_note": (
        "Minimum payments alone never pay this balance off: they are not more than the interest that is added.",
        "仅还最低还款额将无法还清欠款：最低还款额不高于新增利息。",
    ),
    "payoff_because": (
        "Each month bears a twelfth of a year's interest on what is owed at its start, instalment parts are billed with their "
        "fees, then the minimum payment comes off; nothing else happens, every payment is made in time, and no purchase is in "
        "its interest-free period.",
        "每月按月初欠款计收一年利息的十二分之一，计入当期分期款及手续费，再扣除最低还款额；假设无其他交易、按时还款，且消费不享受免息期。",
    ),
    "payoff_to_month": ("{rate}, up to month {month}", "{rate}，至第 {month} 个月"),
    "payoff_plan": ("Instalments to come: {amount} in {parts} parts", "未到期分期款：{amount}，共 {parts} 期"),
    "payoff_assumes": (
        "Worked out for an account that is not used again, pays in time every month and whose rates stay as they are.",
        "以上测算假设：不再用卡、每月按时还款、利率不变。",
    ),
    "sign_rule": ("What you owe is positive; payments and credits are negative.", "正数为应还款项，负数为还款或贷记款项。"),
    "nothing_to_pay": (
        "Nothing to pay: the account is {amount} {currency} in credit. We take it off what you spend next.",
        "无需还款：您的账户有溢缴款 {amount} {currency}，将用于抵扣后续消费。",
    ),
    "disputed_title": ("Disputed", "争议金额"),
    "disputed_since": ("Disputed since {since}", "{since} 起争议金额"),
    "disputed_note": (
        "{amount} {currency} of the new balance is disputed. Until it is decided you need not pay it and it bears no interest.",
        "本期应还款额中有 {amount} {currency} 存在争议，裁定前无须偿还，亦不计息。",
    ),
    "nothing_else_owed": ("Nothing to pay: nothing is owed but what is disputed.", "无需还款：除争议金额外无欠款。"),
    "nothing_owed": ("Nothing to pay: the account stands at zero.", "无需还款：您的账户余额为零。"),
    "charged_off_note": (
        "This account was charged off on {on}; {amount} {currency} of what was written off has not been recovered and is still "
        "owed.",
        "本账户已于{on}核销，核销款项中尚有 {amount} {currency} 未收回，债务依然存在。",
    ),
    "past_due_note": (
        "{amount} {currency} of earlier minimum payments is past due by {days} days. Please pay it now.",
        "您有 {amount} {currency} 最低还款额已逾期 {days} 天，请立即还款。",
    ),
    "over_limit_note": (
        "The balance is {amount} {currency} over your credit limit.",
        "您的账户余额已超过信用额度 {amount} {currency}。",
    ),
    "pay_in_full": (
        "Pay {amount} {currency} in full by {due_on} and the purchases billed here bear no interest.",
        "请于{due_on}前（含当日）全额还款 {amount} {currency}，本期账单消费免收利息。",
    ),
    "pay_revolving": (
        "An earlier balance was not paid in full by its due date and bears interest until it is paid.",
        "此前账单未在到期还款日前全额还款，相应款项按日计息至还清为止。",
    ),
    "pay_without_grace": (
        "Purchases bear interest from their own day: this product has no interest-free period.",
        "本产品不设免息还款期，消费款项自记账起计息。",
    ),
}

_PREPAID_LABELS: dict[str, tuple[str, str]] = {
    "prepaid_title": ("Prepaid card statement", "预付卡对账单"),
    "value": ("Value on the card", "卡内余额"),
    "value_before": ("Value at the last statement", "上期余额"),
    "value_put_on": ("Put on, less paid out", "充值（减赎回）"),
    "value_given_back": ("Refunds, discounts, bonus", "退款、折扣及赠送"),
    "value_spent": ("Spent", "消费"),
    "value_of_the_year": ("Charged this year", "本年度收费"),
    "value_sign_rule": ("What came onto the card is positive, what left it negative.", "正数为入账款项，负数为支出款项。"),
    "value_total_lines": ("Value now less value at the last statement", "本期余额减上期余额"),
}

_LABELS |= CORRECTION_LABELS | _PREPAID_LABELS

_POSTING_TYPES: dict[str, tuple[str, str]] = {
    "purchase": ("Purchase", "消费"),
    "cash_advance": ("Cash advance", "预借现金"),
    "balance_transfer": ("Balance transfer", "余额代偿"),
    "payment": ("Payment", "还款"),
    "refund": ("Refund", "退款"),
    "fee": ("Fee", "费用"),
    "interest": ("Interest", "利息"),
    "adjustment_debit": ("Adjustment", "账务调整（借记）"),
    "adjustment_credit": ("Adjustment in your favour", "账务调整（贷记）"),
    "charge_off": ("Written off", "呆账核销"),
    "recovery": ("Recovered of what was written off", "已核销账款收回"),
    "returned_payment": ("Payment returned", "还款退回"),
    "chargeback": ("Chargeback", "拒付退款"),
    "provisional_credit": ("Provisional credit", "临时贷记"),
    "points_credit": ("Points credited", "积分抵扣"),
    "load": ("Loaded", "充值"),
    "spend": ("Spent", "消费"),
    "unload": ("Paid out", "赎回"),
    "spend_refund": ("Refund", "退款"),
    "transfer_out": ("Moved to another card", "转出至其他卡"),
    "transfer_in": ("Moved from another card", "其他卡转入"),
    "bonus": ("Bonus", "赠送金额"),
    "spend_discount": ("Discount", "消费折扣"),
    "discount_returned": ("Discount of what came back", "退款折扣收回"),
    "bonus_forfeited": ("Bonus not used in time", "赠送金额逾期失效"),
    "extension_fee": ("Extension fee", "延期手续费"),
    "redemption_fee": ("Redemption fee", "赎回手续费"),
    "dormancy_fee": ("Dormancy fee", "账户管理费"),
    "prepaid_replacement_fee": ("Card replacement fee", "换卡手续费"),
    "purchase_interest": ("Interest on purchases", "消费利息"),
    "cash_advance_interest": ("Interest on cash advances", "预借现金利息"),
    "over_limit_interest": ("Interest on the amount over the limit", "超限金额利息"),
    "segment_interest": ("Interest on another balance", "其他余额利息"),
    "minimum_interest": ("Minimum interest", "最低利息"),
    "deferred_interest": ("Interest deferred until now", "递延利息"),
    "interest_tax": ("Tax on interest", "利息税费"),
    "instalment": ("Instalment", "分期付款"),
    "instalment_conversion": ("Converted into instalments", "转为分期付款"),
    "statement_conversion": ("Statement balance converted into instalments", "账单分期转出"),
    "instalment_fee": ("Instalment fee", "分期手续费"),
    "joining_fee": ("Joining fee", "入会费"),
    "annual_fee": ("Annual fee", "年费"),
    "supplementary_annual_fee": ("Annual fee, supplementary card", "附属卡年费"),
    "late_payment_fee": ("Late-payment fee", "违约金"),
    "service_fee": ("Service fee", "服务费"),
    "replacement_fee": ("Card replacement fee", "换卡手续费"),
    "cash_advance_fee": ("Cash advance fee", "预借现金手续费"),
    "foreign_fee": ("Foreign transaction fee", "境外交易手续费"),
    "balance_transfer_fee": ("Balance transfer fee", "余额代偿手续费"),
    "returned_payment_fee": ("Returned payment fee", "还款退回手续费"),
    "over_limit_fee": ("Over-limit fee", "超限费"),
    "fee_tax": ("Tax on fees", "费用税金"),
    "joining_fee_waiver": ("Joining fee waived", "入会费减免"),
    "late_payment_fee_waiver": ("Late-payment fee waived", "违约金减免"),
    "service_fee_waiver": ("Service fee waived", "服务费减免"),
    "replacement_fee_waiver": ("Card replacement fee waived", "换卡手续费减免"),
    "cash_advance_fee_waiver": ("Cash advance fee waived", "预借现金手续费减免"),
    "foreign_fee_waiver": ("Foreign transaction fee waived", "境外交易手续费减免"),
    "balance_transfer_fee_waiver": ("Balance transfer fee waived", "余额代偿手续费减免"),
    "returned_payment_fee_waiver": ("Returned payment fee waived", "还款退回手续费减免"),
    "over_limit_fee_waiver": ("Over-limit fee waived", "超限费减免"),
    "interest_waiver": ("Interest waived", "利息减免"),
    "annual_fee_waiver": ("Annual fee waived", "年费减免"),
    "supplementary_annual_fee_waiver": ("Annual fee waived, supplementary card", "附属卡年费减免"),
}

_SEGMENTS: dict[str, tuple[str, str]] = {
    "purchase": ("Purchases", "消费"),
    "cash_advance": ("Cash advances", "预借现金"),
    "over_limit": ("Amount over the limit", "超限金额"),
    "balance_transfer": ("Balance transfers", "余额代偿"),
    "minimum": ("Minimum interest", "最低利息"),
    "other": ("Other balances", "其他"),
}

_CHARGES: dict[str, tuple[str, str]] = {
    "instalment": ("Instalment fee", "分期手续费"),
    "interest": ("Interest", "利息"),
    "fee": ("Fee", "费用"),
    "joining": ("Joining fee", "入会费"),
    "annual": ("Annual fee", "年费"),
    "supplementary_annual": ("Annual fee, supplementary card", "附属卡年费"),
    "late_payment": ("Late-payment fee", "违约金"),
    "service": ("Service fee", "服务费"),
    "replacement": ("Card replacement fee", "换卡手续费"),
    "cash_advance": ("Cash advance fee", "预借现金手续费"),
    "foreign": ("Foreign transaction fee", "境外交易手续费"),
    "balance_transfer": ("Balance transfer fee", "余额代偿手续费"),
    "returned_payment": ("Returned payment fee", "还款退回手续费"),
    "over_limit": ("Over-limit fee", "超限费"),
    "extension": ("Extension fee", "延期手续费"),
    "redemption": ("Redemption fee", "赎回手续费"),
    "dormancy": ("Dormancy fee", "账户管理费"),
    "tax": ("Tax", "税金"),
}


def language_of(asked: str | None) -> Language:
    """The language that a text comes in: 中文 for zh in any form, English for everything else."""
    return "zh" if (asked or "").lower().startswith(("zh", "cmn", "中", "chinese")) else "en"


def labels(language: Language) -> dict[str, str]:
    """All labels of a page, by name; some have fields in braces."""
    return {name: texts[LANGUAGES.index(language)] for name, texts in _LABELS.items()}


def label(name: str, language: Language, **fields: object) -> str:
    """One label, with its fields filled in."""
    return _LABELS[name][LANGUAGES.index(language)].format(**fields)


def posting_text(posting_type: str, language: Language) -> str:
    """What a kind of posting is called on a statement that gives it no better description."""
    corrected = posting_type.removesuffix("_correction")
    if corrected != posting_type:
        return label("correction_of", language, charge=_named(_POSTING_TYPES, corrected, language))
    return _named(_POSTING_TYPES, posting_type, language)


def segment_text(segment: str, language: Language) -> str:
    """What a balance segment is called."""
    return _named(_SEGMENTS, segment, language)


def charge_text(kind: str, segment: str | None, language: Language) -> str:
    """What a charge is called: interest by its segment, a fee by its name."""
    if kind == "interest" and segment is not None and f"{segment}_interest" in _POSTING_TYPES:
        return posting_text(f"{segment}_interest", language)
    if kind == "interest" and segment is not None:
        return label("interest_on", language, segment=segment_text(segment, language))
    return _named(_CHARGES, kind, language)


def described(description: str, posting_type: str, language: Language) -> str:
    """A line's description in the reader's language: translated where it only names the kind of posting, else as it came."""
    english = posting_text("instalment", "en")
    if posting_type in ("instalment", "instalment_fee") and description.startswith(f"{english} "):
        return description.replace(english, posting_text(posting_type, language), 1)
    return posting_text(posting_type, language) if description == posting_text(posting_type, "en") else description


def long_date(on: date, language: Language) -> str:
    """A date as written in a letter: 23 May 2023, 2023年5月23日."""
    if language == "zh":
        return format_date(on, "y年M月d日", locale="zh_Hans")
    return format_date(on, "d MMMM y", locale="en_GB")


def rate_text(rate: str, per: str, language: Language) -> str:
    """A rate as a percentage of a period: "0.0005" a day is 0.05 % a day."""
    percent = format((Decimal(rate) * 100).normalize(), "f")
    return label(f"per_{per}", language, percent=percent)


def grouped(amount: str) -> str:
    """An amount with its thousands set apart: 12345.60 is 12,345.60."""
    whole, point, decimals = amount.partition(".")
    return f"{int(whole):,}{point}{decimals}" if whole not in ("-0", "-") else amount


def _named(texts: dict[str, tuple[str, str]], name: str, language: Language) -> str:
    if name in texts:
        return texts[name][LANGUAGES.index(language)]
    return name.replace("_", " ").capitalize()
