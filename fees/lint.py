"""Lint of a schedule: what cannot be read, what is not charged, what must be stated, and what is likely not meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from fees.rates import NotDaily, daily_fraction
from fees.rule_packs.account import scenario_toml
from fees.rule_packs.check import Case, CounterExample
from fees.rule_packs.registry import Broken, broken
from fees.supported import unsupported
from fees.terms import STATED, Terms, read_document
from fees.terms_problems import BadTerms, Problem


@dataclass(frozen=True)
class Finding:
    """One thing about a schedule. level: refused (it cannot be loaded) or note (look at it again).

    Where it breaks its rule pack, also: which check of it, where that is taken from, the clause of the schedule that does, and
    an account that shows it.
    """

    level: Literal["refused", "note"]
    key: str
    message: str
    check: str | None = None
    source: str | None = None
    clause: str | None = None
    counter_example: CounterExample | None = None

    def facts(self, names: dict[str, CounterExample]) -> dict[str, Any]:
        """The finding for JSON; its account as what it shows, the name of its file, and the scenario itself."""
        facts: dict[str, Any] = {key: getattr(self, key) for key in ("level", "key", "message", "check", "source", "clause")}
        example = self.counter_example
        name = next((name for name, each in names.items() if each is example), None)
        return facts | {"counter_example": None if example is None else {
            "shows": example.shows, "file": name, "scenario": scenario_toml(example)}}


def lint_file(path: Path, earlier: Terms | None = None, told_on: date | None = None) -> list[Finding]:
    """Everything to say about a schedule's file; nothing if all is well.

    earlier: the version before it, where notice of what becomes dearer is checked; told_on: the day that holders are told.
    """
    try:
        document = read_document(path)
        return lint(document, Case(Terms.from_document(document, str(path)), earlier, told_on))
    except BadTerms as error:
        return [Finding("refused", problem.key, str(problem)) for problem in error.problems]


def lint(document: dict[str, Any], case: Case) -> list[Finding]:
    """Everything to say about terms that could be read; document: as they were given."""
    findings = [Finding("refused", problem.key, str(problem)) for problem in unstated(document)]
    findings += [Finding("refused", each.key, str(each)) for each in unsupported(case.terms)]
    findings += [_of_rule_pack(each) for each in broken(case)]
    return findings + [Finding("note", key, message) for key, message in _doubts(case.terms)]


def _of_rule_pack(each: Broken) -> Finding:
    return Finding(each.check.level, each.breach.key, str(each), f"{each.pack.country} {each.check.name}",
                   str(each.check.source), each.clause, each.breach.counter_example)


def counter_example_names(stem: str, findings: Sequence[Finding]) -> dict[str, CounterExample]:
    """The accounts of the findings by the name of a file for each: the schedule's, the check's, and a number if need be."""
    named: dict[str, CounterExample] = {}
    times: Counter[str] = Counter()
    for each in findings:
        if each.counter_example is not None:
            name = f"{stem}-{str(each.check).split()[-1]}"
            times[name] += 1
            named[f"{name}-{times[name]}.toml" if times[name] > 1 else f"{name}.toml"] = each.counter_example
    return named


def write_counter_examples(directory: Path, accounts: dict[str, CounterExample]) -> None:
    """Write accounts as scenario files into a directory, which is made if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, example in accounts.items():
        (directory / name).write_text(scenario_toml(example), encoding="utf-8")


def unstated(document: dict[str, Any]) -> list[Problem]:
    """Keys that a schedule has to state before it can be loaded, though a scenario may leave them out."""
    return [Problem(key, None, "has to be stated in a schedule that is loaded") for key in STATED if key not in document]


def load_schedule(path: Path) -> Terms:
    """The terms of a schedule's file that is to be loaded. Raises BadTerms."""
    document = read_document(path)
    terms = Terms.from_document(document, str(path))
    missing = unstated(document)
    if missing:
        raise BadTerms(str(path), missing)
    return terms


def _doubts(terms: Terms) -> Iterator[tuple[str, str]]:
    for segment in terms.interest.segment:
        try:
            yearly = daily_fraction(segment, terms.interest.day_count) * 365
        except NotDaily:
            continue
        if yearly > 1:
            key = f"interest.segment.{segment.name}.{segment.rate_key}"
            yield key, f"{key} makes {float(yearly * 100):.4g} % a year; is that meant?"
    minimum = terms.minimum_payment
    if terms.fees.late_payment is not None and not minimum.parts and not minimum.add and not minimum.floor:
        yield "minimum_payment", "minimum_payment is always zero, so fees.late_payment is never charged"
    if minimum.floor_before and not minimum.floor:
        yield "minimum_payment.floor_before", "minimum_payment.floor_before says nothing, because floor is zero"
    yield from _same_clauses(terms)


def _same_clauses(terms: Terms) -> Iterator[tuple[str, str]]:
    seen: dict[str, str] = {}
    for key, clause in clauses(terms):
        if clause in seen:
            yield f"{key}.clause", f"{key} and {seen[clause]} name the same clause, {clause}; a holder cannot tell them apart"
        seen.setdefault(clause, key)


def clauses(terms: Terms) -> list[tuple[str, str]]:
    """Every charge of the terms by its key, with the clause that a statement names for it."""
    charges: list[tuple[str, BaseModel | None]] = [
        *((f"interest.segment.{segment.name}", segment) for segment in terms.interest.segment),
        ("interest.over_limit", terms.interest.over_limit),
        *((f"fees.{name}", getattr(terms.fees, name)) for name in type(terms.fees).model_fields if name != "tax_on_charges"),
    ]
    return [(key, str(table.clause)) for key, table in charges if table is not None and hasattr(table, "clause")]
