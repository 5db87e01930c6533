"""Contacts with the service desk: taken in row by row, and told as management asks for them."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.database import Database
from reports.asking import Question
from reports.catalogue import answer
from tests.conftest import RunCardwright, TestServer

CALL_CENTRE = Path(__file__).resolve().parents[3] / "shared" / "data" / "bank-call-centre"
#: Every rule of a measure is met by a row: waits of 20 and 21 seconds, a second contact within 7 days and on the eighth.
CONTACTS = """\
contact,offered_at,outcome,member,channel,queue,topic,priority,wait_s,handle_s,agent,transfers,resolved,csat,nps
K1,2024-03-01T09:00:00Z,answered,M1,phone,cards,fee,vip,20,100,lan,0,yes,5,10
K2,2024-03-08T08:59:59Z,answered,M1,phone,cards,fee,vip,21,200,lan,1,yes,4,8
K3,2024-03-16T09:00:00Z,answered,M1,phone,cards,fee,,40,300,wei,0,yes,3,6
K4,2024-03-16T23:30:00Z,abandoned,,phone,cards,limit,,90,,,,,,
K5,2024-04-01,self_service,M2,app,,limit,,,,,,yes,,9
K6,2024-04-02T00:10:00+01:00,answered,M2,phone,loans,limit,,0,60,wei,2,no,1,0
K7,2024-04-02T12:00:00Z,other,,visit,,,,,,,,,,
"""
MEASURES = ("offered", "answered", "abandoned", "abandonment_rate", "service_level_20s", "average_wait_s", "median_wait_s",
            "p90_wait_s", "average_handle_s", "first_contact_resolution", "csat", "nps")


def a_decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def counted(database: Database, *by: str, **question: Any) -> dict[Any, tuple[Any, ...]]:
    with database.connect() as connection:
        report = answer(connection, "service", Question(by=by, **question))
    return {tuple(row[name] for name in by): tuple(row[name] for name in MEASURES) for row in report.rows}


@pytest.fixture
def desk(database: Database, cardwright: RunCardwright, tmp_path: Path) -> Database:
    (tmp_path / "org_units.csv").write_text("code,name,kind,parent\nHO,Head office,head_office,\nN,North,branch,HO\n")
    (tmp_path / "members.csv").write_text("member,kind,org_unit\nM1,person,N\nM2,person,\n")
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    ended = cardwright("import", tmp_path, database=database)
    assert ended.returncode == 0, ended.stderr
    return database


def test_every_measure_of_a_small_month(desk: Database) -> None:
    found = counted(desk, "month")
    assert found["2024-03",] == (
        4, 3, 1, Decimal("0.2500"), Decimal("0.3333"), Decimal("27.00"), Decimal("21.0"), Decimal("36.2"), Decimal("200.00"),
        Decimal("0.6667"), Decimal("0.6667"), Decimal("0.0")), "K1 came again on the same topic, K2 not within 7 days"
    # K6 was offered on 1 April, UTC; it was not resolved, so K5, a day and 23 hours before, was not either at once.
    assert found["2024-04",] == (
        3, 1, 0, Decimal("0.0000"), Decimal("1.0000"), Decimal("0.00"), Decimal("0.0"), Decimal("0.0"), Decimal("60.00"),
        Decimal("0.0000"), Decimal("0.0000"), Decimal("0.0"))


def test_groups_days_and_branches(desk: Database) -> None:
    assert {key: row[0] for key, row in counted(desk, "hour").items()} == {
        ("00",): 1, ("08",): 1, ("09",): 2, ("12",): 1, ("23",): 2}
    assert {key: row[:2] for key, row in counted(desk, "week", "agent").items()} == {
        ("2024-W09", "lan"): (1, 1), ("2024-W10", "lan"): (1, 1), ("2024-W11", "wei"): (1, 1), ("2024-W11", None): (1, 0),
        ("2024-W14", "wei"): (1, 1), ("2024-W14", None): (2, 0)}
    assert {key: row[0] for key, row in counted(desk, "queue", org_unit="N").items()} == {("cards",): 3}
    assert [row[0] for row in counted(desk, "day", from_on=date(2024, 3, 16), to_on=date(2024, 3, 31)).values()] == [2]


def test_the_command_tells_all_of_it_with_its_definitions(desk: Database, cardwright: RunCardwright, tmp_path: Path) -> None:
    told = json.loads(cardwright("report", "service", "--by", "channel", "--format", "json", database=desk).stdout)
    assert [(row["channel"], row["offered"], row["nps"]) for row in told["rows"]] == [
        ("app", 1, "100.0"), ("phone", 5, "-25.0"), ("visit", 1, None)]
    assert told["totals"]["offered"] == 7
    for form in ("table", "csv", "xlsx", "html", "pdf"):
        ended = cardwright("report", "service", "--format", form, "--out", tmp_path / f"service.{form}", database=desk)
        assert ended.returncode == 0, ended.stderr
    html = (tmp_path / "service.html").read_text("utf-8")
    assert "did not come back on the topic within 7 days" in html


def test_bad_rows_are_told_apart_and_good_ones_go_in(database: Database, cardwright: RunCardwright, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(
        "contact,offered_at,outcome,member,wait_s,csat,nps\n"
        "K1,2024-03-01,answered,,5,,\n"
        "K2,2024-03-01,lost,,5,,\n"
        "K3,2024-03-01,answered,M9,5,,\n"
        "K4,2024-03-01,answered,,-1,,\n"
        "K5,2024-03-01,answered,,1,6,11\n"
        ",2024-03-01,answered,,1,,\n"
        "K1,2024-03-01,answered,,5,,\n")
    ended = cardwright("import", tmp_path, "--json", database=database)
    file = json.loads(ended.stdout)["files"][0]
    assert (ended.returncode, file["rows"]["posted"], file["rows"]["rejected"]) == (1, 1, 5), file
    with Path(file["rejects"]).open(encoding="utf-8") as rejects:
        columns = {(int(row["line"]), row["column"]) for row in csv.DictReader(rejects)}
    assert columns == {(3, "outcome"), (4, "member"), (5, "wait_s"), (6, "csat"), (6, "nps"), (7, "contact")}
    again = json.loads(cardwright("import", tmp_path, "--json", database=database).stdout)["files"][0]
    assert again["rows"]["posted"] == 0


# -- a real call centre, against figures that were counted independently -------------------------------------------------


@pytest.fixture(scope="module")
def call_centre(embedded_test_server: TestServer) -> Iterator[Database]:
    if not CALL_CENTRE.is_dir():
        pytest.skip("the calls of the bank's call centre may not be shipped (research use) and are not beside this checkout")
    with embedded_test_server.fresh_database() as database:
        with database.connect() as connection:
            _copy_calls(connection)
        yield database


def _copy_calls(connection: psycopg.Connection[Any]) -> None:
    outcomes = {"AGENT": "answered", "HANG": "abandoned", "PHANTOM": "other"}
    copied = ("COPY service_contact (member_id, contact_code, offered_at, outcome, topic, priority, wait_s, handle_s,"
              " source_id, source_line) FROM STDIN")
    path = next(CALL_CENTRE.glob("calls*.csv.gz"))
    with gzip.open(path, "rt", encoding="utf-8") as calls, connection.cursor() as cursor, cursor.copy(copied) as copy:
        for line, row in enumerate(csv.DictReader(calls), 2):
            begun = datetime.strptime(row["date"], "%y%m%d") + timedelta(  # noqa: DTZ007 — the day of a file without zones
                seconds=sum(int(part) * unit for part, unit in zip(row["vru_entry"].split(":"), (3600, 60, 1), strict=True)))
            copy.write_row((0, f"call-{line}", begun, outcomes[row["outcome"]], row["type"], row["priority"],
                            max(0, int(row["q_time"])), int(row["ser_time"]), 1, line))


def test_the_figures_by_priority_and_type_are_the_published_ones(call_centre: Database) -> None:
    found = counted(call_centre, "priority", "topic")
    with (CALL_CENTRE / "control_by_priority_type.csv").open(encoding="utf-8") as control:
        rows = list(csv.DictReader(control))
    assert len(found) == len(rows)
    for row in rows:
        offered, answered, abandoned, _, level, wait, _, _, handle, *_ = found[row["priority"], row["type"]]
        assert (offered, answered, abandoned) == (int(row["calls"]), int(row["agent"]), int(row["hang"])), row
        assert offered - answered - abandoned == int(row["phantom"])
        assert level == round(Decimal(row["agent_q_le20"]) / answered, 4), row
        assert abs(wait - Decimal(row["agent_q_mean"])) <= Decimal("0.01"), row
        assert abs(handle - Decimal(row["agent_ser_mean"])) <= Decimal("0.01"), row
