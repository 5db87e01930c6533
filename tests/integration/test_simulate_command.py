"""`cardwright simulate` and `schema` as users run them: no database, JSON on stdout, one line for what makes no sense."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from statements.schema import SCHEMAS
from tests.conftest import RunCardwright

SCENARIO = """
account = {opened_on = 2023-03-01, credit_limit = "10000.00"}
until = 2023-05-05
[terms]
product = "classic"
[[events]]
on = 2023-03-30
type = "purchase"
amount = "1000.00"
[[events]]
on = 2023-04-23
type = "payment"
amount = "100.00"
"""


def test_simulate_prints_statements_corrections_and_state(cardwright: RunCardwright, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO)
    done = cardwright("simulate", path)
    told = json.loads(done.stdout)
    assert (done.returncode, done.stderr, told["corrections"]) == (0, "", [])
    assert [(each["new_balance"], each["interest"], each["grace"]) for each in told["statements"]] == [
        ("1000.00", "0.00", "kept"), ("917.40", "17.40", "lost")]
    assert told["state"]["balance"] == "917.40"
    assert cardwright("simulate", path, "--json").stdout == done.stdout
    assert not list(home.iterdir())


@pytest.mark.parametrize(("change", "said"), [
    (("until = 2023-05-05", ""), "until"), (('"1000.00"', "1000.5"), "not exact"), (('"1000.00"', '"1000.005"'), "3 decimals"),
    (("purchase", "purchas"), "not known"), (("[terms]", "[terms"), "TOML"), (('"classic"', '"classic"\ngrase = 1'), "grase"),
    (("[terms]", "terms_ = 1\n[terms]"), "terms_"),
])
def test_a_scenario_that_makes_no_sense_gets_one_line(cardwright: RunCardwright, tmp_path: Path, change: tuple[str, str],
                                                      said: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(SCENARIO.replace(*change, 1))
    done = cardwright("simulate", path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert said in done.stderr
    assert str(path) in done.stderr


def test_schema_prints_each_and_names_all(cardwright: RunCardwright) -> None:
    for name in SCHEMAS:
        assert json.loads(cardwright("schema", name).stdout)["$schema"].startswith("https://json-schema.org/")
    done = cardwright("schema", "statments")
    assert (done.returncode, done.stdout) == (2, "")
    assert "statement, explanation" in done.stderr
