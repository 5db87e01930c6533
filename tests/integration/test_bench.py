"""The bench runs and measures every stage; how long anything takes is asserted nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts.database import Database
from benchmarks import online, report_times
from benchmarks.commands import What, bench
from reports.catalogue import REPORTS

ACCOUNTS, PER_ACCOUNT, RUNS = 30, 5, 2


def test_a_small_bench_measures_every_stage(
    embedded_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_times, "DAYS", 40)
    bench(accounts=ACCOUNTS, transactions_per_account=PER_ACCOUNT, runs=RUNS, workers=2, report_accounts=12, home=tmp_path,
          database_url=embedded_database.url, as_json=True)
    result = json.loads(capsys.readouterr().out)
    stages = {stage["name"]: stage for stage in result["stages"]}
    assert {name: stage["runs"] for name, stage in stages.items()} == {
        "post": RUNS + 1, "compute": RUNS, "close": RUNS, "night": 1, "quiet day": 1, "documents": 1}
    assert {name for name, stage in stages.items() if "ratio" in stage} == {"post", "close", "documents"}
    for name, stage in stages.items():
        assert 0 < stage["seconds"]["min"] <= stage["seconds"]["median"] <= stage["seconds"]["max"], name
        assert stage["peak_memory_bytes"] > 10_000_000, name
    seconds = stages["night"]["seconds"]["median"]
    assert stages["night"]["rate"]["median"] == pytest.approx(ACCOUNTS / seconds, abs=1), "the night closed every account"
    assert [each["name"] for each in result["answers"]] == ["statement --preview", "open-to-buy", "explain"]
    assert {each["name"] for each in result["reports"]} == REPORTS.keys() - {"prepaid_float", "service", "orders"}, (
        "the year is of credit cards; the desk and its orders have none")
    asked = {group for each in result["reports"] if each["name"] == "turnover" for group in each["by"]}
    assert asked == {each.name for each in REPORTS["turnover"].dimensions}, "by each group there is"
    for report in result["reports"]:
        assert min(report["rows"], report["seconds"], report["floor_seconds"]) > 0, report
    assert result["machine"]["cores"] >= 1
    with embedded_database.connect() as connection:
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'cardwright\\_bench\\_%'").fetchone()
    assert left == (0,), "its database is dropped at the end"


def test_tills_online_are_measured_beside_pgbench_and_a_hot_card_is_exact(
    embedded_database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("HOT_ATTEMPTS", 60), ("HOT_CLIENTS", 10), ("HOT_VALUE", 3000), ("CARDS", 40)):
        monkeypatch.setattr(online, name, value)
    bench(What.online, seconds=1, workers=1, home=tmp_path, database_url=embedded_database.url, as_json=True)
    alone, spend, authorise, hot = json.loads(capsys.readouterr().out)["online"]
    assert alone["rate"]["median"] > 0
    for each in (spend, authorise):
        assert (each["clients"], each["refused"], each["done"] > 8, each["ratio"] > 0) == (8, 0, True, True)
        assert 0 < each["milliseconds"]["p50"] <= each["milliseconds"]["p99"]
    assert (hot["done"], hot["refused"], hot["value_left"]) == (30, 30, 0)
