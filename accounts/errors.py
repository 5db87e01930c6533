"""The four ways a command can end other than well, each with the exit code that tells them apart.

A refusal or a piece of trouble is a small subclass in the module that raises it, carrying its facts; its text is one line
that says what, where, why and what to do. The command line prints that line on stderr and nothing else.
"""

from __future__ import annotations

from typing import ClassVar


class CardwrightError(Exception):
    """Anything Cardwright has to say in one line instead of going on; `exit_code` is what the command ends with."""

    exit_code: ClassVar[int] = 4


class Findings(CardwrightError):
    """The command did its work and found something: rejected rows, a failed check, accounts not closed."""

    exit_code = 1


class Usage(CardwrightError):
    """The command was asked for something that makes no sense: a bad option, a file that is not what it says."""

    exit_code = 2


class Refused(CardwrightError):
    """A control says no: a closed period, a missing second person, a schedule that breaks its rule pack."""

    exit_code = 3


class Trouble(CardwrightError):
    """Something outside is in the way (database down, disk full, no permission): put it right and try again."""

    exit_code = 4
