"""A file is there whole or not at all: written beside its place, flushed to the disk, then given its name."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from accounts.errors import Trouble


class FileNotWritten(Trouble):
    """The place for a result cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__(f"{path} cannot be written ({error.strerror or error}); free the place or choose another with --out")


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file open for writing that takes its name only when the `with` ends well; before, what was there stays.

    Raises FileNotWritten where the folder is missing, not writable or full.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise FileNotWritten(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise FileNotWritten(path, error) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _umask() -> int:
    """What a file made the usual way would not be allowed; a temporary file starts out private."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
