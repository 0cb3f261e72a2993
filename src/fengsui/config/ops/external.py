"""A database or broker of the operator's: whether it is there and can do what is needed, said with the mend."""

from __future__ import annotations

import asyncio

import nats
import nats.errors
import psycopg

from fengsui.config.ops.cluster import LOWEST_MAJOR, external_facts, plain_url
from fengsui.config.ops.console import Problem

PATIENCE_S = 5
EXTENSIONS = {"postgis": ("PostGIS", "PostGIS"), "pg_trgm": ("查找用的 pg_trgm", "pg_trgm, which search needs")}


def check_database(url: str) -> None:
    """Raises Problem where the server cannot be reached, is too old, or lacks PostGIS and we may not add it."""
    shown = plain_url(url)
    try:
        version, postgis = external_facts(url)
    except psycopg.OperationalError as error:
        raise Problem(
            f"FENGSUI_DATABASE_URL({shown})无法连接:{error}\n请检查主机、端口、用户、口令,以及服务是否在运行。",
            f"FENGSUI_DATABASE_URL ({shown}) cannot be reached: {error}\n"
            "Check host, port, user and password, and that the server runs.",
        ) from None
    if version < LOWEST_MAJOR * 10000:
        raise Problem(
            f"FENGSUI_DATABASE_URL({shown})是 PostgreSQL {version // 10000},需要 {LOWEST_MAJOR} 以上。",
            f"FENGSUI_DATABASE_URL ({shown}) is PostgreSQL {version // 10000}; {LOWEST_MAJOR} or later is needed.",
        )
    if not postgis:
        raise Problem(
            f"FENGSUI_DATABASE_URL({shown})的服务器没有 PostGIS。"
            f"请在该服务器安装 postgresql-{version // 10000}-postgis-3。",
            f"The server of FENGSUI_DATABASE_URL ({shown}) has no PostGIS. "
            f"Install postgresql-{version // 10000}-postgis-3 there.",
        )
    for name, what in EXTENSIONS.items():
        _allow(url, shown, name, what)


def _allow(url: str, shown: str, name: str, what: tuple[str, str]) -> None:
    """Create one extension in the database. Raises Problem with what its administrator has to do."""
    try:
        with psycopg.connect(url, connect_timeout=PATIENCE_S, autocommit=True) as connection:
            connection.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")
    except psycopg.errors.InsufficientPrivilege:
        raise Problem(
            f"FENGSUI_DATABASE_URL({shown})的用户无权建立 {what[0]}。请数据库管理员在该库执行:CREATE EXTENSION {name};",
            f"The user of FENGSUI_DATABASE_URL ({shown}) may not create {what[1]}. "
            f"Let the database's administrator run there: CREATE EXTENSION {name};",
        ) from None
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported):
        raise Problem(
            f"FENGSUI_DATABASE_URL({shown})的服务器没有 {what[0]}。请在该服务器安装 PostgreSQL 的 contrib 扩展包。",
            f"The server of FENGSUI_DATABASE_URL ({shown}) has no {what[1]}. "
            "Install PostgreSQL's contrib modules there.",
        ) from None


async def _ask(url: str) -> str:
    client = await nats.connect(
        url,
        connect_timeout=PATIENCE_S,
        allow_reconnect=False,
        max_reconnect_attempts=1,  # also how often a first connection is tried
        reconnect_time_wait=0.1,
        error_cb=_quiet,
    )
    try:
        await client.jetstream().account_info()
        found = client.connected_server_version
        return f"{found.major}.{found.minor}.{found.patch}"
    finally:
        await client.close()


async def _quiet(error: Exception) -> None:
    """The client prints what it raises as well; once is enough."""


def broker_version(url: str) -> str:
    """Version of a NATS server that lets us in and has JetStream. Raises OSError that says what it did instead."""
    try:
        return asyncio.run(_ask(url))
    except nats.errors.Error as error:
        raise OSError(str(error) or type(error).__name__) from error


def check_broker(url: str) -> None:
    """Raises Problem where the NATS server cannot be reached, refuses us, or has no JetStream."""
    try:
        broker_version(url)
    except OSError as error:
        raise Problem(
            f"FENGSUI_NATS_URL({plain_url(url)})不可用:{error}\n请检查主机、端口、用户、口令,以及是否开启 jetstream。",
            f"FENGSUI_NATS_URL ({plain_url(url)}) cannot be used: {error}\n"
            "Check host, port, user and password, and that it runs with jetstream.",
        ) from None
