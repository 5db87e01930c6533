"""The bench runs and measures every stage; how long anything takes is asserted nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts.database import Database
from benchmarks import report_times
from benchmarks.commands import bench
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
    assert {each["name"] for each in result["reports"]} == REPORTS.keys()
    asked = {group for each in result["reports"] if each["name"] == "turnover" for group in each["by"]}
    assert asked == {each.name for each in REPORTS["turnover"].dimensions}, "by each group there is"
    for report in result["reports"]:
        assert min(report["rows"], report["seconds"], report["floor_seconds"]) > 0, report
    assert result["machine"]["cores"] >= 1
    with embedded_database.connect() as connection:
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'cardwright\\_bench\\_%'").fetchone()
    assert left == (0,), "its database is dropped at the end"
