"""The embedded server lives as long as somebody uses it, however its users and it itself are killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest

from accounts import embedded_files, embedded_server
from accounts.embedded_files import HomeUnusable, server_account, socket_directory
from accounts.embedded_server import EmbeddedServerFailed, server_is_running, was_made
from tests.conftest import temporary_home

USER = """
import sys
from pathlib import Path
import psycopg
from accounts.embedded_server import embedded_server
with embedded_server(Path(sys.argv[1])) as url, psycopg.connect(url) as connection:
    connection.execute("SELECT 1")
    print("in", flush=True)
    sys.stdin.readline()
"""

Enter = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def shared_home() -> Iterator[Path]:
    """A home for many tests: making a cluster anew for each would take too long."""
    with temporary_home() as shared:
        write_one(shared)
        yield shared


@pytest.fixture
def used_home(shared_home: Path) -> Iterator[Path]:
    """A home whose server was made and used before, and does not run now."""
    yield shared_home
    embedded_server.stop_if_unused(shared_home)


@pytest.fixture
def enter() -> Iterator[Enter]:
    """Starts a process that uses a home's server until its stdin is closed."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def is_in(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "in\n"


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("", timeout=30)
    assert process.returncode == 0


def postmaster_of(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split()[0])


def write_one(home: Path) -> int:
    """Puts the next number in and answers it, having made sure that every number before is there, once."""
    with embedded_server.embedded_server(home) as url, psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value int)")
        values = [each for (each,) in connection.execute("SELECT value FROM kept ORDER BY value")]
        assert values == list(range(len(values)))
        connection.execute("INSERT INTO kept VALUES (%s)", (len(values),))
        return len(values)


def test_the_last_to_leave_stops_it(used_home: Path, enter: Enter) -> None:
    first, second = enter(used_home), enter(used_home)
    assert is_in(first)
    assert is_in(second)
    leave(first)
    assert server_is_running(used_home)
    leave(second)
    assert not server_is_running(used_home)
    assert not (used_home / "postgres" / "postmaster.pid").exists()


def test_many_start_it_at_once(home: Path, enter: Enter) -> None:
    users = [enter(home) for _ in range(5)]
    assert all(is_in(user) for user in users)
    postmasters = [each for each in embedded_server._server_processes(home / "postgres")
                   if psutil.Process(each).ppid() not in embedded_server._server_processes(home / "postgres")]
    assert postmasters == [postmaster_of(home)]
    for user in users:
        leave(user)
    assert not server_is_running(home)


def test_a_killed_user_does_not_keep_it_up(used_home: Path, enter: Enter) -> None:
    killed, other = enter(used_home), enter(used_home)
    assert is_in(killed)
    assert is_in(other)
    killed.kill()
    killed.wait()
    leave(other)
    assert not server_is_running(used_home)


def test_the_next_one_stops_what_the_killed_left(used_home: Path, enter: Enter) -> None:
    only = enter(used_home)
    assert is_in(only)
    only.kill()
    only.wait()
    assert server_is_running(used_home)
    assert write_one(used_home) > 0
    assert not server_is_running(used_home)


def test_killed_server_recovers_with_all_that_was_committed(used_home: Path, enter: Enter) -> None:
    user = enter(used_home)
    assert is_in(user)
    with psycopg.connect(embedded_server._url(used_home / "postgres", "cardwright")) as busy:
        busy.execute("INSERT INTO kept SELECT max(value) + 1 FROM kept")
        busy.commit()
        committed = busy.execute("SELECT max(value) FROM kept").fetchone()
        busy.execute("INSERT INTO kept VALUES (999)")
        os.kill(postmaster_of(used_home), signal.SIGKILL)
        assert committed == (write_one(used_home) - 1,)
        with pytest.raises(psycopg.OperationalError):
            busy.execute("SELECT 1")


def test_orphaned_backend_at_work_does_not_keep_the_new_server_out(used_home: Path, enter: Enter) -> None:
    user = enter(used_home)
    assert is_in(user)
    spin = "DO $$ BEGIN LOOP END LOOP; END $$"
    with subprocess.Popen(
        [sys.executable, "-c", f"import psycopg, sys; psycopg.connect(sys.argv[1]).execute({spin!r})",
         embedded_server._url(used_home / "postgres", "cardwright")], stderr=subprocess.DEVNULL,
    ) as spinning:
        backends = partial(embedded_server._server_processes, used_home / "postgres")
        wait_until(lambda: any("DO" in " ".join(psutil.Process(each).cmdline()) for each in backends()))
        os.kill(postmaster_of(used_home), signal.SIGKILL)
        assert write_one(used_home) > 0
        assert spinning.wait(10) != 0


def wait_until(holds: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(psutil.Error, OSError):
            if holds():
                return
        time.sleep(0.01)
    pytest.fail(f"did not come about in {seconds} s")


@pytest.mark.parametrize("seed", range(3))
def test_everything_killed_at_any_moment(home: Path, enter: Enter, seed: int) -> None:
    """Users and server, in the middle of making, starting, using or stopping it: the next command works."""
    moment = random.Random(seed)
    for attempt in range(3):
        users = [enter(home) for _ in range(2)]
        for user in users:
            assert user.stdin is not None
            user.stdin.close()
        time.sleep(moment.uniform(0, 1.0))
        for user in users:
            user.kill()
            user.wait()
        for process_id in embedded_server._server_processes(home / "postgres"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        assert write_one(home) == attempt
        assert not server_is_running(home)


def test_process_number_in_the_lock_files_belongs_to_somebody_else(used_home: Path) -> None:
    account = server_account()
    with subprocess.Popen(["sleep", "60"], user=None if account is None else account.user_id) as bystander:
        data = used_home / "postgres"
        lines = [str(bystander.pid), str(data), "1700000000", "5432", str(data), "", "  1 2", "ready   "]
        (data / "postmaster.pid").write_text("\n".join(lines) + "\n")
        (data / ".s.PGSQL.5432.lock").write_text("\n".join(lines[:5]) + "\n")
        assert not server_is_running(used_home)
        assert write_one(used_home) > 0
        assert bystander.poll() is None
        bystander.kill()


def test_forked_child_that_ends_does_not_stop_it(used_home: Path) -> None:
    with embedded_server.embedded_server(used_home) as url:
        child = os.fork()
        if child == 0:
            embedded_server.stop_if_unused(used_home)
            os._exit(0)
        os.waitpid(child, 0)
        psycopg.connect(url).close()


def test_used_twice_in_one_process(used_home: Path) -> None:
    with embedded_server.embedded_server(used_home) as outer:
        with embedded_server.embedded_server(used_home) as inner:
            assert inner == outer
        assert server_is_running(used_home)
    assert not server_is_running(used_home)


@pytest.mark.parametrize("name", ["信用卡, with spaces and 'quotes'", "long-" * 30])
def test_any_name_of_home_will_do(home: Path, name: str) -> None:
    odd = home / name
    assert write_one(odd) == 0
    data = odd / "postgres"
    if len(name) > 20:
        assert socket_directory(data, server_account()) != data
        socket_directory(data, server_account()).rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes the system user")
def test_processes_that_make_the_system_user_together_agree_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing
    import pwd

    name = f"cardwright_test_{os.getpid()}"
    monkeypatch.setattr(embedded_files, "SYSTEM_USER", name)
    for _ in range(3):
        try:
            with multiprocessing.get_context("fork").Pool(6) as pool:
                accounts = pool.starmap(server_account, [()] * 6)
            assert {each.user_id for each in accounts if each} == {pwd.getpwnam(name).pw_uid}
        finally:
            subprocess.run(["userdel", name], check=True, capture_output=True)


def test_settings_meant_for_another_server_do_not_matter(used_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGPORT": "5999", "PGHOST": "host.invalid", "PGDATA": "/nowhere", "PGUSER": "nobody"}.items():
        monkeypatch.setenv(name, value)
    assert write_one(used_home) > 0


def test_socket_directory_of_somebody_else_is_not_trusted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(home))
    data = home / ("long-" * 30)
    directory = socket_directory(data, None)
    directory.chmod(0o777)
    with pytest.raises(embedded_files.SocketDirectoryTaken, match=r"remove it"):
        socket_directory(data, None)


def test_home_that_is_a_file(home: Path) -> None:
    (home / "file").write_text("")
    with (
        pytest.raises(HomeUnusable, match=r"the home .*/file/in cannot be written \(Not a directory\); free it, or choose"),
        embedded_server.embedded_server(home / "file" / "in"),
    ):
        pass


def test_directory_with_something_else_in_it_is_left_alone(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "mine").write_text("dear")
    with pytest.raises(EmbeddedServerFailed, match="holds no database; move it away"):
        write_one(home)
    assert (home / "postgres" / "mine").read_text() == "dear"
    assert not list(home.glob("postgres.new-*"))


def test_made_by_another_major_version(home: Path) -> None:
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedServerFailed, match=r"made by PostgreSQL 17 and version 18 is installed; install"):
        write_one(home)


def test_server_that_does_not_start_says_why_in_one_line(used_home: Path) -> None:
    configuration = used_home / "postgres" / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "work_mem = 'much'\n")
    with pytest.raises(EmbeddedServerFailed) as raised:
        write_one(used_home)
    configuration.write_text(good)
    assert 'invalid value for parameter "work_mem": "much"' in str(raised.value)
    assert str(raised.value).endswith("server.log")
    assert "\n" not in str(raised.value)


@contextlib.contextmanager
def small_disk(home: Path, megabytes: int) -> Iterator[Path]:
    """A directory on a disk of its own that is soon full."""
    small = home / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(small)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be made only as root, where mounting is allowed")
    try:
        yield small
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("megabytes", [1, 20])
def test_disk_too_small_to_make_it(home: Path, megabytes: int) -> None:
    with small_disk(home, megabytes) as small:
        with pytest.raises((EmbeddedServerFailed, HomeUnusable), match="No space left on device"):
            write_one(small)
        assert not list(small.glob("postgres.new-*"))


def test_disk_full_when_it_starts(home: Path) -> None:
    with small_disk(home, 100) as small:
        write_one(small)
        filling = small / "filling"
        with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1024 * 1024))
        with contextlib.suppress(OSError), (small / "filling more").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(1))
        with pytest.raises((EmbeddedServerFailed, HomeUnusable), match="No space left on device"):
            write_one(small)
        filling.unlink()
        assert write_one(small) == 1


def test_only_the_owner_can_reach_its_files(used_home: Path) -> None:
    assert (used_home / "postgres").stat().st_mode & 0o077 == 0
    assert was_made(used_home)
