"""The command: all commands listed, usage errors, and every kind of failure as one line with its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import psycopg
import pytest
import sqlalchemy.exc
import typer

from accounts import command_line
from accounts.command_line import DatabaseUrl, Home, run, settings_from
from accounts.errors import CardwrightError, Findings, Refused, Trouble, Usage
from accounts.settings import read_settings
from tests.conftest import cardwright_command

COMMANDS = {
    "init", "products", "import", "run", "worker", "tick", "status", "retry", "release", "authorisation", "clearing", "card",
    "prepaid",
    "account-event", "api-key", "web",
    "instalment",
    "balance", "statement", "explain", "waive", "dispute", "rebill", "simulate", "verify", "report", "export",
    "backtest", "bench", "demo", "schema", "staffing",
}
Install = Callable[..., None]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Makes functions of the test into commands."""

    def put(**commands: object) -> None:
        class Here(EntryPoint):
            def load(self) -> object:
                return commands[self.name]

        monkeypatch.setattr(
            command_line, "_entry_points",
            lambda: {name: Here(name, f"here:{name}", command_line.COMMANDS) for name in commands},
        )

    return put


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_every_command_of_the_package_has_its_line_in_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(command_line._entry_points()) == COMMANDS == set(command_line.SUMMARIES)
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2]
    assert all(f"\n  {name} " in listed for name in COMMANDS)


def test_help_imports_no_room() -> None:
    rooms = {"fees", "billing", "service", "statements", "jobs", "reports", "samples", "benchmarks"}
    heavy = rooms | {"sqlalchemy", "pandas", "alembic", "numpy", "pydantic"}
    script = f"""
import sys
from accounts.command_line import run
assert run(["--help"]) == 0
sys.exit(str([name for name in sys.modules if name.split(".")[0] in {heavy}]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stderr == "[]\n"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == "cardwright 0.1.0\n"


def test_command_alone_prints_help_and_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inti"], "cardwright: No such command 'inti' (see `cardwright --help`)\n"),
        (["init", "--hom"], "cardwright: No such option: --hom"),
        (["init", "--home"], "cardwright: Option '--home' requires an argument"),
        (["init", "--first-day", "5 May"], "cardwright: Invalid value for '--first-day': "),
        (["init", "and", "more"], "cardwright: Got unexpected extra argument(s) (and more) (see `cardwright init --help`)\n"),
        (["init", "--database-url", "mysql://me:secret@h/x"], "cardwright: setting CARDWRIGHT_DATABASE_URL: the database"),
        (["init", "--broker-url", "kafka://me:secret@h/x"], "cardwright: setting CARDWRIGHT_BROKER_URL: the broker URL must"),
    ],
)
def test_usage_error_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(said)
    assert err.count("\n") == 1
    assert "secret" not in err


@pytest.mark.parametrize(
    ("error", "exit_code", "said"),
    [
        (Findings("3 rows rejected, see rejects.csv"), 1, "3 rows rejected, see rejects.csv"),
        (Usage("no such file"), 2, "no such file"),
        (Refused("the day is closed"), 3, "the day is closed"),
        (Trouble("disk full,\n try again"), 4, "disk full, try again"),
        (CardwrightError("something else"), 4, "something else"),
        (psycopg.OperationalError("server closed the connection unexpectedly\n\tThis probably means …"), 4,
         "the database gave up: server closed the connection unexpectedly; nothing half-done is kept, try again"),
        (sqlalchemy.exc.OperationalError("SELECT 1", {}, psycopg.errors.DeadlockDetected("deadlock detected")), 4,
         "the database gave up: deadlock detected; nothing half-done is kept, try again"),
        (psycopg.errors.DiskFull("could not extend file"), 4,
         "the database gave up: could not extend file; nothing half-done is kept, try again"),
        (PermissionError(13, "Permission denied", "out/report.csv"), 4,
         "out/report.csv: Permission denied; put it right and try again"),
        (OSError(28, "No space left on device"), 4, "No space left on device; put it right and try again"),
        (KeyboardInterrupt(), 130, "stopped; what was committed is kept, run the command again to go on"),
        (typer.Abort(), 130, "stopped; what was committed is kept, run the command again to go on"),
    ],
)
def test_failure_is_one_line(
    install: Install, error: BaseException, exit_code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install(fail=failing(error), other=failing(error))
    assert run(["fail"]) == exit_code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"cardwright: {said}\n")


def test_bug_shows_where_it_is_for_whoever_mends_it(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install(fail=failing(ZeroDivisionError("division by zero")))
    assert run(["fail"]) == 4
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("cardwright: this is a bug in Cardwright (ZeroDivisionError); please report it with the lines above\n")


@pytest.mark.parametrize(("ends_with", "exit_code"), [(typer.Exit(1), 1), (typer.Exit(0), 0), (SystemExit(3), 3), (None, 0)])
def test_a_command_may_choose_its_exit_code(install: Install, ends_with: BaseException | None, exit_code: int) -> None:
    install(fail=failing(ends_with) if ends_with else (lambda: None), group=typer.Typer())
    assert run(["fail"]) == exit_code


def test_group_of_commands_and_its_options(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    group = typer.Typer(help="Terms of products.")

    @group.command("list")
    def list_products(home: Home = None, database_url: DatabaseUrl = None) -> None:
        """List them."""
        print(settings_from(home, database_url, None).home)

    @group.command()
    def load(files: Annotated[list[Path], typer.Argument()]) -> None:
        """Load some."""
        print(*files)

    install(products=group, other=lambda: None)
    assert run(["products", "list", "--home", "/books"]) == 0
    assert run(["products", "load", "a.toml", "b.toml"]) == 0
    assert capsys.readouterr().out == "/books\na.toml b.toml\n"
    assert run(["products", "--help"]) == 0
    assert "Terms of products." in capsys.readouterr().out
    assert run(["products", "lst"]) == 2


def test_command_whose_room_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    entry_point = EntryPoint("none", "no_such_room.commands:none", command_line.COMMANDS)
    monkeypatch.setattr(command_line, "_entry_points", lambda: {"none": entry_point})
    assert run(["none"]) == 4
    assert capsys.readouterr().err == (
        "cardwright: the command none is not part of this installation (no_such_room.commands is missing)\n"
    )


def test_reader_that_has_had_enough_is_no_error() -> None:
    script = "import sys; from accounts.command_line import run; sys.exit(run(['--help']))"
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as nobody_reads:
        done = subprocess.run([sys.executable, "-c", script], stdout=nobody_reads, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("how", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_from_outside_goes_through_every_with(how: signal.Signals, exit_code: int) -> None:
    script = """
import contextlib, signal, time
from importlib.metadata import EntryPoint
from accounts import command_line
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell has it ignored
@contextlib.contextmanager
def held():
    try:
        yield
    finally:
        print("let go", flush=True)
def wait():
    with held():
        print("held", flush=True)
        time.sleep(30)
class Here(EntryPoint):
    def load(self):
        return wait
command_line._entry_points = lambda: {"wait": Here("wait", "here:wait", "x")}
command_line.main(["wait"])
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.send_signal(how)
        out, err = process.communicate(timeout=20)
    assert (out, process.returncode) == ("let go\n", exit_code)
    assert "Traceback" not in err


def test_the_command_is_installed() -> None:
    done = subprocess.run([*cardwright_command(), "--version"], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "cardwright 0.1.0\n", "")


class TestSettings:
    """What the environment and the options say."""

    def test_defaults(self) -> None:
        settings = read_settings()
        assert (settings.home, settings.database_url, settings.broker_url) == (Path.cwd() / ".cardwright", None, None)

    def test_environment_and_options_above_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CARDWRIGHT_HOME", "books")
        monkeypatch.setenv("CARDWRIGHT_DATABASE_URL", "postgres://db/one")
        monkeypatch.setenv("CARDWRIGHT_BROKER_URL", "  ")
        settings = read_settings(database_url="postgresql+psycopg://db/two")
        assert (settings.home, settings.broker_url) == (Path.cwd() / "books", None)
        assert (settings.database_url, read_settings().database_url) == ("postgresql://db/two", "postgresql://db/one")

    @pytest.mark.parametrize("url", ["amqp://h", "amqps://h", "redis://h", "rediss://h", "postgresql://h/x"])
    def test_brokers(self, url: str) -> None:
        assert read_settings(broker_url=url).broker_url == url

    @pytest.mark.parametrize(
        ("name", "value"),
        [("DATABASE_URL", "secret"), ("BROKER_URL", "secret"), ("STATEMENT_TIMEOUT", "secret"), ("STATEMENT_TIMEOUT", "-1")],
    )
    def test_nonsense_is_named_and_not_repeated(self, name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(f"CARDWRIGHT_{name}", value)
        with pytest.raises(Usage, match=f"setting CARDWRIGHT_{name}: ") as raised:
            read_settings()
        assert "secret" not in str(raised.value)


def test_no_bar_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with command_line.progress() as bar:
        task: Any = bar.add_task("closing", total=3)
        bar.advance(task)
    assert capsys.readouterr() == ("", "")
