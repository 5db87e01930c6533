"""Terms in the books: proposed, approved by a second person, never overlapping, never edited; and the commands for it."""

from __future__ import annotations

import json
import threading
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from accounts.database import Database
from fees import schedule
from fees.rule_packs.registry import BreaksRulePack
from fees.schedule import (
    AlreadyApproved,
    CurrencyChanged,
    InClosedPeriod,
    KindChanged,
    NoName,
    NoSuchVersion,
    NoTermsInForce,
    Overlaps,
    SecondPersonNeeded,
    UnknownProduct,
)
from fees.supported import NotCharged
from fees.terms import Terms
from tests.conftest import RunCardwright

CLASSIC = schedule.SCHEDULES / "classic.toml"


def gold(on: str, more: str = "", currency: str = "CNY") -> Terms:
    return Terms.from_toml(f'product = "gold"\ncurrency = "{currency}"\nin_force_from = {on}\n{more}')


def in_force(connection: Connection[Any]) -> list[tuple[str, str | None]]:
    return [(str(each.first), None if each.until is None else str(each.until))
            for each in schedule.versions(connection, "gold") if each.status == "approved"]


def test_a_version_is_proposed_once_and_holds_when_a_second_person_has_approved_it(database: Database) -> None:
    terms = gold("2023-01-01")
    with database.connect() as connection:
        first = schedule.propose(connection, terms, "ming")
        assert (first.outcome, first.label) == ("proposed", "gold@2023-01-01")
        assert schedule.propose(connection, terms, "wei").outcome == "already_there"
        with pytest.raises(NoTermsInForce, match="gold has no approved terms in force on 2023-06-01"):
            schedule.terms_in_force(connection, "gold", date(2023, 6, 1))
        with pytest.raises(SecondPersonNeeded, match="proposed by ming"):
            schedule.approve(connection, "gold", " Ming")
        assert [each.terms.label for each in schedule.approve(connection, "gold", "lan")] == ["gold@2023-01-01"]
        assert schedule.approve(connection, "gold", "lan") == []
        assert schedule.propose(connection, terms, "ming").outcome == "already_there"
        assert schedule.terms_in_force(connection, "gold", date(2023, 1, 1)) == (first.terms_version_id, terms)
        assert schedule.terms_by_id(connection, first.terms_version_id) == terms
        [version] = schedule.versions(connection)
        assert (version.proposed_by, version.approved_by, version.sha256) == ("ming", "lan", terms.sha256())
        with pytest.raises(NoTermsInForce):
            schedule.terms_in_force(connection, "gold", date(2022, 12, 31))
        with pytest.raises(NoSuchVersion):
            schedule.terms_by_id(connection, 99)
        with pytest.raises(UnknownProduct, match="the products are gold"):
            schedule.approve(connection, "silver", "lan")
        with pytest.raises(NoName):
            schedule.propose(connection, gold("2024-01-01"), "  ")


def test_a_proposal_can_be_replaced_but_an_approved_version_is_never_edited(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        first = schedule.propose(connection, gold("2023-01-01"), "ming")
        changed = gold("2023-01-01", "[cycle]\nclosing_day = 7")
        second = schedule.propose(connection, changed, "wei")
        assert (second.outcome, second.terms_version_id) == ("replaced", first.terms_version_id)
        with pytest.raises(SecondPersonNeeded, match="proposed by wei"):
            schedule.approve(connection, "gold", "wei")
        schedule.approve(connection, "gold", "ming")
        assert schedule.terms_by_id(connection, first.terms_version_id) == changed
        with pytest.raises(AlreadyApproved):
            schedule.propose(connection, gold("2023-01-01"), "ming")


def test_each_version_ends_the_one_before_it(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        for on in ("2024-01-01", "2023-01-01", "2023-07-01"):
            schedule.propose(connection, gold(on, f"[cycle]\nclosing_day = {int(on[5:7])}"), "ming")
        approved = schedule.approve(connection, "gold", "lan")
        assert [each.terms.label for each in approved] == ["gold@2023-01-01", "gold@2023-07-01", "gold@2024-01-01"]
        assert in_force(connection) == [("2023-01-01", "2023-07-01"), ("2023-07-01", "2024-01-01"), ("2024-01-01", None)]
        assert schedule.terms_in_force(connection, "gold", date(2023, 6, 30))[1].cycle.closing_day == 1
        assert schedule.terms_in_force(connection, "gold", date(2023, 7, 1))[1].cycle.closing_day == 7
        with pytest.raises(Overlaps, match="in force from 2024-01-01"):
            schedule.propose(connection, gold("2023-09-01"), "ming")


def test_only_the_version_of_a_day_can_be_approved(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        schedule.propose(connection, gold("2023-01-01"), "ming")
        schedule.propose(connection, gold("2024-01-01"), "ming")
        approved = schedule.approve(connection, "gold", "lan", date(2024, 1, 1))
        assert [each.terms.label for each in approved] == ["gold@2024-01-01"]
        with pytest.raises(Overlaps):
            schedule.approve(connection, "gold", "lan")


def test_terms_of_closed_days_do_not_change(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        connection.execute("UPDATE book SET first_on = '2023-01-01', open_on = '2023-06-02', closed_through = '2023-06-01'")
        schedule.propose(connection, gold("2023-01-01"), "ming")
        schedule.approve(connection, "gold", "lan")  # a product's first version may begin before: nothing was billed by it
        with pytest.raises(InClosedPeriod, match="closed through 2023-06-01"):
            schedule.propose(connection, gold("2023-06-01"), "ming")
        schedule.propose(connection, gold("2023-06-02"), "ming")
        connection.execute("UPDATE book SET open_on = '2023-06-03', closed_through = '2023-06-02'")
        with pytest.raises(InClosedPeriod):
            schedule.approve(connection, "gold", "lan")
        assert in_force(connection) == [("2023-01-01", None)]


def test_a_product_keeps_its_currency_and_never_asks_for_what_is_not_charged(embedded_database: Database) -> None:
    with embedded_database.connect() as connection:
        schedule.propose(connection, gold("2023-01-01"), "ming")
        schedule.approve(connection, "gold", "lan")
        with pytest.raises(CurrencyChanged, match="is in USD, but the product's accounts are kept in CNY"):
            schedule.propose(connection, gold("2024-01-01", currency="USD"), "ming")
        with pytest.raises(KindChanged, match="is prepaid, but the product's accounts are credit"):
            schedule.propose(connection, gold("2024-01-01", 'kind = "prepaid"'), "ming")
        with pytest.raises(NotCharged, match="rule_pack"):
            schedule.propose(connection, gold("2024-01-01", 'rule_pack = "JP"'), "ming")
        assert len(schedule.versions(connection)) == 1


def test_the_database_itself_refuses_an_overlap_and_a_first_person_twice(database: Database) -> None:
    with database.connect() as connection:
        schedule.propose(connection, gold("2023-01-01"), "ming")
        schedule.approve(connection, "gold", "lan")
        schedule.propose(connection, gold("2024-01-01"), "ming")
    with pytest.raises(psycopg.errors.ExclusionViolation), database.connect() as connection:
        connection.execute("UPDATE terms_version SET status = 'approved', approved_by = 'lan' WHERE status = 'proposed'")
    with pytest.raises(psycopg.errors.CheckViolation), database.connect() as connection:
        connection.execute("UPDATE terms_version SET approved_by = proposed_by WHERE status = 'approved'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.connect() as connection:
        connection.execute("DELETE FROM terms_version")


def test_many_at_once_get_ids_one_by_one(database: Database) -> None:
    outcomes: list[tuple[int, str]] = []

    def propose(year: int) -> None:
        with database.connect() as connection:
            made = schedule.propose(connection, gold(f"{year}-01-01"), "ming")
            outcomes.append((made.terms_version_id, made.outcome))

    threads = [threading.Thread(target=propose, args=(2023 + number % 4,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = [(number, outcome) for number in range(1, 5) for outcome in ("already_there", "proposed")]
    assert sorted(outcomes) == expected


def test_from_file_to_brochure_on_the_command_line(cardwright: RunCardwright, database: Database) -> None:
    def run(*arguments: str | Path) -> Any:
        return cardwright("products", *arguments, database=database)

    dry = run("load", CLASSIC, "--as", "ming", "--dry-run")
    assert (dry.returncode, dry.stdout) == (0, "")
    assert json.loads(run("list", "--json").stdout) == []
    assert run("load", CLASSIC, schedule.SCHEDULES / "taiwan-zero.toml", "--as", "ming").returncode == 0
    again = json.loads(run("load", CLASSIC, "--as", "ming", "--json").stdout)
    assert [each["outcome"] for each in again] == ["already_there"]
    alone = run("approve", "classic", "--as", "ming")
    assert (alone.returncode, alone.stdout) == (3, "")
    assert alone.stderr == "cardwright: classic@2023-01-01 was proposed by ming; a second person has to approve it\n"
    assert run("approve", "classic", "--as", "lan").returncode == 0
    assert run("approve", "classic", "--as", "lan").returncode == 0
    assert run("approve", "gold", "--as", "lan").returncode == 2
    found = json.loads(run("list", "--json").stdout)
    assert [(each["terms_version"], each["status"], each["in_force_to"]) for each in found] == [
        ("classic@2023-01-01", "approved", None), ("taiwan-zero@2005-04-01", "proposed", None)]
    shown = run("show", "classic", "--on", "2023-06-30")
    assert 'interest.segment.purchase.daily_rate = "0.0005"\n' in shown.stdout
    assert run("show", "classic", "--on", "2022-06-30").returncode == 3
    assert json.loads(run("show", "taiwan-zero", "--json").stdout)["terms"]["cycle"]["closing_day"] == 25
    assert "最低还款额未还部分的5%" in run("brochure", "classic", "--on", "2023-06-30", "--lang", "zh").stdout
    page = run("brochure", "classic", "--on", "2023-06-30", "--format", "html").stdout
    assert page.startswith("<!doctype html>")


def test_bad_files_get_one_line_and_leave_nothing(cardwright: RunCardwright, embedded_database: Database,
                                                  tmp_path: Path) -> None:
    stated = 'product = "gold"\ncurrency = "CNY"\nin_force_from = 2023-01-01\n'
    (tmp_path / "good.toml").write_text(stated, encoding="utf-8")
    (tmp_path / "typo.toml").write_text(stated + "[cycle]\nclosing_dya = 7\n", encoding="utf-8")
    (tmp_path / "later.toml").write_text(stated + 'rule_pack = "JP"\n', encoding="utf-8")
    (tmp_path / "short.toml").write_text("[cycle]\nclosing_day = 7\n", encoding="utf-8")
    for name, exit_code, said in (
        ("typo.toml", 2, "cycle.closing_dya is not a key; did you mean cycle.closing_day?"),
        ("later.toml", 3, 'rule_pack = "JP" is not charged by this release; it takes none, US'),
        ("short.toml", 2, "product has to be stated"),
        ("none.toml", 2, "cannot be read: No such file or directory"),
    ):
        ended = cardwright("products", "load", tmp_path / "good.toml", tmp_path / name, database=embedded_database)
        assert (ended.returncode, ended.stdout) == (exit_code, "")
        assert ended.stderr.startswith(f"cardwright: {tmp_path / name}: ")
        assert said in ended.stderr
        assert ended.stderr.count("\n") == 1
        linted = cardwright("products", "lint", tmp_path / name)
        assert linted.returncode == 1
        assert said in linted.stdout
    assert cardwright("products", "lint", tmp_path / "good.toml").returncode == 0
    assert json.loads(cardwright("products", "lint", "--json", tmp_path / "typo.toml").stdout)[0]["key"] == "cycle.closing_dya"
    with embedded_database.connect() as connection:
        assert schedule.versions(connection) == []


def test_terms_that_break_their_rule_pack_are_refused_with_an_account_that_shows_it(
        cardwright: RunCardwright, embedded_database: Database, tmp_path: Path) -> None:
    card = (schedule.SCHEDULES / "us-card.toml").read_text(encoding="utf-8")
    dearer = card.replace('"0.2799"', '"0.2899"')
    for name, text in (("card", card), ("unlawful", card.replace(', cap_at = "minimum_due"', "")),
                       ("soon", dearer.replace("2025-01-01", "2025-02-14")),
                       ("later", dearer.replace("2025-01-01", "2025-02-15"))):
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")

    def run(*arguments: str | Path) -> Any:
        return cardwright("products", *arguments, database=embedded_database)

    assert run("load", tmp_path / "card.toml", "--as", "ming").returncode == 0
    assert run("approve", "us-card", "--as", "lan").returncode == 0
    for name, said in (("unlawful", "fees.late_payment can be more than the minimum payment"),
                       ("soon", "interest.segment.purchase changes from 27.99 % to 28.99 % on 2025-02-14, 44 days after")):
        refused = run("load", tmp_path / f"{name}.toml", "--as", "ming")
        assert (refused.returncode, refused.stdout) == (3, "")
        assert said in refused.stderr
        assert refused.stderr.count("\n") == 1
    accounts = tmp_path / "accounts"
    linted = run("lint", "--json", tmp_path / "unlawful.toml", "--counter-example", accounts)
    assert linted.returncode == 1
    [finding] = json.loads(linted.stdout)
    assert (finding["check"], finding["clause"]) == ("US late-fee-within-minimum", "B.1")
    simulated = cardwright("simulate", accounts / finding["counter_example"]["file"])
    assert json.loads(simulated.stdout)["statements"][1]["fees"] == "32.00"
    late = run("lint", tmp_path / "soon.toml", "--after", tmp_path / "card.toml")
    assert (late.returncode, late.stdout.count("refused: ")) == (1, 1)
    told = run("lint", tmp_path / "later.toml", "--after", tmp_path / "card.toml", "--told-on", "2025-02-01")
    assert "14 days after" in told.stdout

    assert run("load", tmp_path / "later.toml", "--as", "ming").returncode == 0
    with embedded_database.connect() as connection:  # the business day moves on before the second person looks
        connection.execute("UPDATE book SET first_on = '2025-01-01', open_on = '2025-01-02', closed_through = '2025-01-01'")
        with pytest.raises(BreaksRulePack, match="44 days after holders can first be told"):
            schedule.approve(connection, "us-card", "lan")
