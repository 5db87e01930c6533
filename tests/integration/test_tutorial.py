"""What the README and the tutorial tell a newcomer to type works as it is written, and says what they say it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import cardwright_command

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-statement.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/**/*.md")])
_COMMAND = re.compile(r"^    cardwright (.+?)(?:\s{2,}# .*)?$", re.MULTILINE)
_LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def commands_of(page: Path) -> list[str]:
    return _COMMAND.findall(page.read_text("utf-8"))


def test_every_command_of_the_tutorial_runs(home: Path, tmp_path: Path) -> None:
    for folder in ("fees", "samples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    said = ""
    for command in commands_of(TUTORIAL):
        ended = subprocess.run([*cardwright_command(), *shlex.split(command)], cwd=tmp_path, text=True, capture_output=True,
                               timeout=120, env={**os.environ, "CARDWRIGHT_HOME": str(home)})
        assert ended.returncode == 0, f"cardwright {command}\n{ended.stderr}"
        said += ended.stdout
    assert "92 business days, 2024-03-06 to 2024-06-05: 37 postings, 9 statements" in said
    assert "CNY payment: read 5463.28 (5), posted 5463.28 (5)" in said
    assert "91200.00 balance-days from 2024-03-28 to 2024-05-04 at 0.05 % a day come to 45.60" in said
    assert "488.00 was received by 2024-04-23; the minimum payment due on 2024-04-23 was 408.80" in said
    assert sorted(path.name for path in (home / "documents").iterdir()) == ["A-1001-2024-05-05.pdf", "A-1003-2024-05-05.pdf"]


def test_the_readme_tells_nothing_that_the_tutorial_does_not_try() -> None:
    commands = commands_of(ROOT / "README.md")
    assert len(commands) == 7
    assert [command for command in commands if command not in commands_of(TUTORIAL)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    broken = [link for link in _LINK.findall(page.read_text("utf-8")) if not (page.parent / link).exists()]
    assert broken == []
