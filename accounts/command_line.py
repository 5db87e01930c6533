"""The command `cardwright`: finds each command's room only when it is called, and turns errors into one line.

The commands are the entry points "cardwright.commands" of the package, so no room has to import one above it.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import EntryPoint, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer import _click
from typer.core import TyperCommand, TyperGroup

from accounts.errors import CardwrightError

if TYPE_CHECKING:
    from accounts.settings import Settings

COMMANDS = "cardwright.commands"
INTERRUPTED = 130
TERMINATED = 143

#: What `cardwright --help` says of each command, in the order of a day's work; so help need not import every room.
SUMMARIES: dict[str, str] = {
    "demo": "Run the main job on the real sample and say where everything is.",
    "init": "Create or migrate the schema.",
    "products": "Load, lint, approve, list and show the terms of products.",
    "import": "Take in a portfolio, file by file; a file taken in before posts nothing.",
    "run": "Do all business days not yet done, up to a date.",
    "worker": "Work on jobs until stopped.",
    "tick": "Look for due work once.",
    "status": "Show what ran, what runs, what is parked, and why.",
    "retry": "Try a parked step again.",
    "release": "Give a parked account back to billing.",
    "authorisation": "Promise a till an amount, clear it, reverse it, or list what was promised.",
    "clearing": "Take in the daily files of card networks and banks, release what is held, assign payments.",
    "card": "Block, freeze, report, extend, replace, close or show a card.",
    "prepaid": "Put value on prepaid cards, spend it, give it back, move it, pay it out.",
    "instalment": "Make an instalment plan of a purchase or of a statement's balance, or settle one.",
    "account-event": "Record a re-age, hardship, a payment holiday or a charge-off of an account.",
    "balance": "Show what an account owes and may still spend, now or at the end of any day.",
    "statement": "Show issued statements, or a preview of the open cycle.",
    "explain": "Explain every charge on a statement down to its days, rate and clause.",
    "waive": "Waive a charge, with a reason and a second person's approval.",
    "dispute": "Open, decide or list what holders dispute.",
    "rebill": "Correct what late events change in closed cycles, or show it before.",
    "simulate": "Bill one account from a scenario file; nothing is stored.",
    "backtest": "Bill the real portfolio under other terms and compare; nothing is written.",
    "verify": "Check the books; silent when all holds.",
    "report": "Write a management report.",
    "export": "Export statements in bulk, or the journal for outside tools.",
    "staffing": "Work out how many people the service desk needs.",
    "web": "Serve the HTTP API and the consoles.",
    "api-key": "Issue, rotate, revoke or list the keys of tills and partners to the HTTP API.",
    "bench": "Measure posting and closing beside what the database alone takes.",
    "schema": "Print the JSON Schema of a file or a document.",
}

Home = Annotated[
    Path | None,
    typer.Option("--home", metavar="PATH", show_default=False,
                 help="Embedded database, rejects, documents, seals [CARDWRIGHT_HOME, else .cardwright]."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", metavar="URL", show_default=False,
                 help="PostgreSQL 15 or later [CARDWRIGHT_DATABASE_URL, else embedded in the home]."),
]
BrokerUrl = Annotated[
    str | None,
    typer.Option("--broker-url", metavar="URL", show_default=False,
                 help="postgresql://, amqp:// or redis:// [CARDWRIGHT_BROKER_URL, else the database]."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]

#: For talk, on stderr; facts are printed on stdout.
console = Console(stderr=True, highlight=False, soft_wrap=True)


def progress() -> Progress:
    """A progress bar on stderr; nothing at all where stderr is not a terminal."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, disable=not sys.stderr.isatty(),
    )


def settings_from(home: Path | None, database_url: str | None, broker_url: str | None) -> Settings:
    """The settings of a command: its options, else the environment, else the defaults. Raises Usage."""
    from accounts.settings import read_settings  # a third of what help takes, and help needs no settings

    return read_settings(home, database_url, broker_url)


class CommandGroup(TyperGroup):
    """All commands, each loaded from the room that owns it when it is called."""

    def list_commands(self, ctx: _click.Context) -> list[str]:
        """Names of all commands, in the order that help shows them."""
        found = _entry_points()
        return [*(name for name in SUMMARIES if name in found), *sorted(found.keys() - SUMMARIES.keys())]

    def get_command(self, ctx: _click.Context, cmd_name: str) -> _click.Command | None:
        """The command of this name, its room imported; None if there is none."""
        entry_point = _entry_points().get(cmd_name)
        return None if entry_point is None else _load(entry_point)

    def format_help(self, ctx: _click.Context, formatter: _click.HelpFormatter) -> None:
        """Help from the summaries alone, without importing the rooms."""
        listing = _Listing(name=self.name, help=self.help, params=self.params, rich_markup_mode=self.rich_markup_mode)
        for name in self.list_commands(ctx):
            listing.add_command(TyperCommand(name=name, short_help=SUMMARIES.get(name, "")))
        TyperGroup.format_help(listing, ctx, formatter)


class _Listing(TyperGroup):
    """The commands as help shows them."""


def _entry_points() -> dict[str, EntryPoint]:
    return {each.name: each for each in distribution("cardwright").entry_points if each.group == COMMANDS}


def _load(entry_point: EntryPoint) -> _click.Command:
    try:
        found = entry_point.load()
    except ModuleNotFoundError as error:
        module = entry_point.value.partition(":")[0]
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise CardwrightError(
            f"the command {entry_point.name} is not part of this installation ({module} is missing)"
        ) from None
    if isinstance(found, typer.Typer):
        app = found
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(entry_point.name)(found)
    command = typer.main.get_command(app)
    command.name = entry_point.name
    return command


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"cardwright {distribution('cardwright').version}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Issuer billing: a bill is a pure function of the ledger and the dated terms."""


def command_group() -> _click.Command:
    """The whole command, for the command line and for its tests."""
    app = typer.Typer(
        name="cardwright", cls=CommandGroup, add_completion=False, no_args_is_help=True, rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process with its exit code; every error is one line on stderr."""
    # A polite end (SIGTERM) goes through every `with`, as Ctrl-C does: the embedded server is left in good order.
    signal.signal(signal.SIGTERM, _terminated)
    sys.exit(run(arguments))


def _terminated(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(TERMINATED)


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code."""
    try:
        ended = command_group().main(
            args=None if arguments is None else list(arguments), prog_name="cardwright", standalone_mode=False
        )
        sys.stdout.flush()
    except CardwrightError as error:
        return _say(str(error), error.exit_code)
    except _click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except _click.exceptions.ClickException as error:
        return _say(_usage_message(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        ended = INTERRUPTED
    except SystemExit as error:
        return _exit_code_of(error)
    except BrokenPipeError:
        # Whoever read our output has had enough of it; nothing more can be said there, nor at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        return _unforeseen(error)
    if ended == INTERRUPTED:
        return _say("stopped; what was committed is kept, run the command again to go on", INTERRUPTED)
    return ended if isinstance(ended, int) else 0


def _say(message: str, exit_code: int) -> int:
    print(f"cardwright: {' '.join(message.split())}", file=sys.stderr)
    return exit_code


def _usage_message(error: _click.exceptions.ClickException) -> str:
    context = getattr(error, "ctx", None)
    asked = f" (see `{context.command_path} --help`)" if context is not None else ""
    return error.format_message().rstrip(".") + asked


def _exit_code_of(error: SystemExit) -> int:
    if error.code == 1 and isinstance(error.__context__, OSError) and error.__context__.errno == errno.EPIPE:
        return 0
    return error.code if isinstance(error.code, int) else 0 if error.code is None else _say(str(error.code), 4)


def _unforeseen(error: Exception) -> int:
    """Trouble from outside that no room has put into words: one line. A bug: a traceback, for whoever mends it."""
    said = _database_trouble(error)
    if said is not None:
        return _say(f"the database gave up: {said}; nothing half-done is kept, try again", 4)
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{error.filename}: " if error.filename else ""
        return _say(f"{where}{error.strerror}; put it right and try again", 4)
    traceback.print_exception(error)
    return _say(f"this is a bug in Cardwright ({type(error).__name__}); please report it with the lines above", 4)


def _database_trouble(error: Exception) -> str | None:
    """The first line of an error that means the database is unwell or unwilling; None for any other error."""
    import psycopg

    cause: Any = getattr(error, "orig", error)
    unwell = (
        psycopg.OperationalError, psycopg.InterfaceError, psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ReadOnlySqlTransaction,
    )
    if not isinstance(cause, unwell):
        return None
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0]


if __name__ == "__main__":
    main()
