"""Whether the variables hold what they can hold. Each wrong one is named with what it must be; nothing is connected."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from fengsui.config.ops.console import Problem, word
from fengsui.config.ops.environment import VARIABLES
from fengsui.config.ops.home import REPO
from fengsui.core.web.proxies import networks

Check = Callable[[str, Mapping[str, str]], bool]
SECRETS = {each.name for each in VARIABLES if each.secret}


def _one_of(*allowed: str) -> Check:
    return lambda value, _: value in allowed


def _database(value: str, _: Mapping[str, str]) -> bool:
    """One host, a socket's folder, or several hosts with `target_session_attrs`; a database has to be named."""
    try:
        parts = conninfo_to_dict(value)
    except psycopg.ProgrammingError:
        return False
    ports = [each for each in str(parts.get("port", "")).split(",") if each]
    named = bool(parts.get("host")) and bool(parts.get("dbname"))
    return value.startswith(("postgresql://", "postgres://")) and named and all(_port(each, {}) for each in ports)


def _address(*schemes: str) -> Check:
    def good(value: str, _: Mapping[str, str]) -> bool:
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:  # a port that is no number
            return False
        return parts.scheme in schemes and bool(parts.hostname) and port != 0

    return good


def _port(value: str, _: Mapping[str, str]) -> bool:
    return value.isascii() and value.isdigit() and 0 < int(value) < 65536


def _bind(value: str, _: Mapping[str, str]) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return value == "localhost"
    return True


def _networks(value: str, _: Mapping[str, str]) -> bool:
    try:
        return bool(networks(value))
    except ValueError:
        return False


def _clocks(value: str, env: Mapping[str, str]) -> bool:
    """Kinds that have a rule in the district: a misspelt one would change nothing, silently."""
    from fengsui.kernel.district import DistrictError, clock_kinds

    try:
        known = clock_kinds(env.get("FENGSUI_DISTRICT") or "tiexi", _districts(env))
    except DistrictError:  # told where the district is read
        return True
    pairs = [each.partition("=") for each in value.split(",") if each]
    return all(kind in known and seconds.isascii() and seconds.isdigit() for kind, _, seconds in pairs)


def _whole(least: int) -> Check:
    return lambda value, _: value.isascii() and value.isdigit() and int(value) >= least


def _roles(value: str, _: Mapping[str, str]) -> bool:
    """A misspelt role would leave a post without its second factor, silently."""
    from fengsui.apps.people.rules import ROLES

    return all(each in ROLES for each in value.split(",") if each)


def _seconds(value: str, env: Mapping[str, str]) -> bool:
    pairs = [each.partition("=") for each in value.split(",") if each]
    return all(kind and re.fullmatch(r"[0-9]+", seconds) and int(seconds) > 0 for kind, _, seconds in pairs)


def _districts(env: Mapping[str, str]) -> Path:
    return Path(env.get("FENGSUI_DISTRICTS") or REPO / "districts")


def _program(value: str, _: Mapping[str, str]) -> bool:
    return shutil.which(value) is not None


WEB = _address("http", "https")
RULES: Mapping[str, tuple[Check, str, str]] = {
    "FENGSUI_DATABASE_URL": (
        _database,
        "形如 postgresql://用户:口令@主机:端口/库",
        "postgresql://user:password@host:port/database",
    ),
    "FENGSUI_DATABASE_URL_WEB": (
        _database,
        "形如 postgresql://用户:口令@主机:端口/库",
        "postgresql://user:password@host:port/database",
    ),
    "FENGSUI_DATABASE_URL_INGEST": (
        _database,
        "形如 postgresql://用户:口令@主机:端口/库",
        "postgresql://user:password@host:port/database",
    ),
    "FENGSUI_DATABASE_URL_JOBS": (
        _database,
        "形如 postgresql://用户:口令@主机:端口/库",
        "postgresql://user:password@host:port/database",
    ),
    "FENGSUI_NATS_URL": (_address("nats", "tls"), "形如 nats://用户:口令@主机:端口", "nats://user:password@host:port"),
    "FENGSUI_SMTP_URL": (
        _address("smtp", "smtps"),
        "形如 smtp://用户:口令@主机:端口 或 smtps://",
        "smtp://user:password@host:port or smtps://",
    ),
    "FENGSUI_SMPP_URLS": (
        lambda value, _: all(re.fullmatch(r"smpps?://[^\s@/]+@[^\s@/]+(\?\S*)?", each) for each in value.split()),
        "形如 smpp://账号:口令@主机:端口?source=1069…，空格分隔",
        "smpp://account:password@host:port?source=1069..., separated by spaces",
    ),
    "FENGSUI_SMS_UNCERTAIN": (_one_of("again", "leave"), "again 或 leave", "again or leave"),
    "FENGSUI_DASK": (_address("tcp", "tls"), "形如 tcp://主机:端口", "tcp://host:port"),
    "FENGSUI_MAIL_FROM": (lambda value, _: "@" in value.strip("@"), "邮件地址", "a mail address"),
    "FENGSUI_WEBHOOK_URL": (WEB, "http:// 或 https:// 地址", "an http:// or https:// address"),
    "FENGSUI_BASE_URL": (WEB, "http:// 或 https:// 地址", "an http:// or https:// address"),
    "FENGSUI_TIANDITU_KEY": (
        lambda value, _: re.fullmatch(r"[0-9A-Za-z]{16,64}", value) is not None,
        "字母和数字，16 至 64 位",
        "letters and digits, 16 to 64",
    ),
    "FENGSUI_TIANDITU_URL": (WEB, "http:// 或 https:// 地址", "an http:// or https:// address"),
    "FENGSUI_FEED_CHECK_URL": (WEB, "http:// 或 https:// 地址", "an http:// or https:// address"),
    "FENGSUI_ORIGINS": (
        lambda value, env: all(WEB(each, env) for each in value.split(",") if each),
        "以 http:// 或 https:// 开头的地址,逗号分隔",
        "addresses with http:// or https://, separated by commas",
    ),
    "FENGSUI_HOSTS": (
        lambda value, _: not re.search(r"[/\s]", value),
        "主机名,不含 http:// 和路径,逗号分隔",
        "host names without http:// and path, separated by commas",
    ),
    "FENGSUI_PROXIES": (
        _networks,
        "IP 地址或网段,逗号分隔,如 10.0.0.5,10.1.0.0/24",
        "IP addresses or networks, separated by commas, as 10.0.0.5,10.1.0.0/24",
    ),
    "FENGSUI_HTTP_PORT": (_port, "1 至 65535 的端口号", "a port from 1 to 65535"),
    "FENGSUI_MQTT_PORT": (_port, "1 至 65535 的端口号", "a port from 1 to 65535"),
    "FENGSUI_INGEST_METRICS_PORT": (_port, "1 至 65535 的端口号", "a port from 1 to 65535"),
    "FENGSUI_BIND": (_bind, "本机的 IP 地址,如 127.0.0.1 或 0.0.0.0", "an IP address, as 127.0.0.1 or 0.0.0.0"),
    "FENGSUI_DEVICES": (_one_of("nats", "mqtt"), "nats 或 mqtt", "nats or mqtt"),
    "FENGSUI_MQTT_SHARED": (lambda value, _: not re.search(r"[/+#\s]", value), "不含 / + # 的组名", "without / + #"),
    "FENGSUI_HASH": (_one_of("sha256", "sm3"), "sha256 或 sm3", "sha256 or sm3"),
    "FENGSUI_LOG_LEVEL": (
        _one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"),
        "DEBUG、INFO、WARNING、ERROR 或 CRITICAL",
        "DEBUG, INFO, WARNING, ERROR or CRITICAL",
    ),
    "FENGSUI_LANG": (lambda value, _: value.startswith(("zh", "en")), "zh 或 en", "zh or en"),
    "FENGSUI_OPEN_INCIDENT_FROM": (
        _one_of("none", "blue", "yellow", "orange", "red"),
        "blue、yellow、orange、red,或 none(不自动立案)",
        "blue, yellow, orange, red, or none (never by itself)",
    ),
    "FENGSUI_CLOCKS": (
        _clocks,
        "种类=秒,逗号分隔;种类见 src/fengsui/kernel/district/clocks.yaml",
        "kind=seconds, separated by commas; kinds as in src/fengsui/kernel/district/clocks.yaml",
    ),
    "FENGSUI_HALF_LIVES": (
        _seconds,
        "类别=秒,逗号分隔;类别见存活证明页",
        "kind=seconds, separated by commas; kinds as on the page of proofs",
    ),
    "FENGSUI_SECOND_FACTOR_ROLES": (_roles, "角色代码,逗号分隔", "codes of roles, separated by commas"),
    "FENGSUI_PASSWORD_DAYS": (_whole(0), "0 或正整数", "0 or a whole number"),
    "FENGSUI_SESSION_S": (_whole(60), "60 以上的整数", "a whole number from 60"),
    "FENGSUI_SESSION_IDLE_S": (_whole(60), "60 以上的整数", "a whole number from 60"),
    "FENGSUI_SESSION_ADMIN_IDLE_S": (_whole(60), "60 以上的整数", "a whole number from 60"),
    "FENGSUI_SESSIONS_MAX": (_whole(1), "正整数", "a whole number from 1"),
    "FENGSUI_API_PER_MINUTE": (_whole(1), "正整数", "a whole number from 1"),
    "FENGSUI_BACKUP": (
        lambda value, _: Path(value).is_absolute(),
        "绝对路径,如 /srv/backup",
        "an absolute path, as /srv/backup",
    ),
    "FENGSUI_KEEP_READINGS_MONTHS": (
        lambda value, env: value == "0" or _whole(13)(value, env),
        "0 或 13 以上的整数",
        "0 or a whole number from 13",
    ),
    "FENGSUI_DOUBT_AFTER_S": (_whole(1), "正整数", "a whole number from 1"),
    "FENGSUI_KEEP_MARKS_DAYS": (_whole(1), "正整数", "a whole number from 1"),
    "FENGSUI_BACKUP_HOURS": (_whole(0), "0 或正整数", "0 or a whole number"),
    "FENGSUI_BACKUP_KEEP": (_whole(1), "正整数", "a whole number from 1"),
    "FENGSUI_BACKUP_WAL_S": (_whole(1), "正整数", "a whole number from 1"),
    "FENGSUI_DISTRICTS": (lambda value, _: Path(value).is_dir(), "已有的目录", "an existing folder"),
    "FENGSUI_DISTRICT": (
        lambda value, env: (_districts(env) / value / "district.yaml").is_file(),
        "districts/ 下已有的目录名",
        "the name of a folder of districts/",
    ),
    "FENGSUI_OSM": (lambda value, _: Path(value).is_file(), "已有的 .osm.pbf 文件", "an existing .osm.pbf file"),
    "FENGSUI_PYTHON": (_program, "可执行的 Python", "a Python that can be run"),
    "FENGSUI_UV": (_program, "可执行的 uv", "a uv that can be run"),
}


def wrong(env: Mapping[str, str]) -> dict[str, str]:
    """Variable -> what is wrong and how to mend it, in the console's language; a secret's value is not shown."""
    found = {}
    for name, (good, zh, en) in RULES.items():
        value = env.get(name, "")
        if value and not good(value, env):
            shown = word("所设的值", "its value") if name in SECRETS else f"“{value}”"
            found[name] = word(f"{shown}不可用,应为{zh}", f"{shown} cannot be used; it must be {en}")
    return found


def refuse_wrong(env: Mapping[str, str]) -> None:
    """Raises Problem that names every wrong variable and its mend."""
    if found := wrong(env):
        lines = "\n".join(f"  {name}: {what}" for name, what in found.items())
        raise Problem(
            f"环境变量有误:\n{lines}\n改正或取消设置后再试(unset 变量名)。全表:docs/reference/environment.md",
            f"Environment variables are wrong:\n{lines}\nCorrect or unset them. All: docs/reference/environment.md",
        )
