"""`doctor` about settings, installed parts and the services that settings name: is each there, does it answer?"""

from __future__ import annotations

import os
import platform
import shutil
import smtplib
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import psycopg

from fengsui.config.ops import cluster, frontend, values
from fengsui.config.ops.console import Problem, word
from fengsui.config.ops.doctor_faults import Fault, Finding, declare, found
from fengsui.config.ops.home import Home
from fengsui.config.ops.ports import PREFERRED, Ports, free
from fengsui.config.ops.supervisor import read_status

CHROME = ("chromium", "google-chrome", "chromium-browser")
MODULES = ("django", "psycopg", "granian", "nats", "valhalla", "weasyprint")
PATIENCE_S = 5
DAYS = 21
"""So many days before its end a certificate is told: renewal by hand takes an office that long [U]."""
EXPIRED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""

FAULTS = (
    Fault(
        "no_module",
        ("Python 依赖", "Python packages"),
        ("{module} 不能用：{error}", "{module} cannot be used: {error}"),
        ("rm -r .venv && ./fengsui doctor", "rm -r .venv && ./fengsui doctor"),
    ),
    Fault(
        "no_postgresql",
        ("PostgreSQL", "PostgreSQL"),
        ("没有带 PostGIS 的 PostgreSQL 15 以上", "no PostgreSQL >= 15 with PostGIS"),
        ("./fengsui serve（会先列出再安装）", "./fengsui serve (lists, then installs)"),
    ),
    Fault(
        "database_away",
        ("PostgreSQL", "PostgreSQL"),
        ("连不上：{error}", "cannot be reached: {error}"),
        (
            "检查 FENGSUI_DATABASE_URL 的主机、端口、用户、口令与服务；自带的看 var/log/database.log",
            "check host, port, user and password of FENGSUI_DATABASE_URL, and that the server runs; of our own "
            "see var/log/database.log",
        ),
    ),
    Fault(
        "old_postgresql",
        ("PostgreSQL", "PostgreSQL"),
        ("版本太旧，需要 15 以上", "too old: 15 or later is needed"),
        ("升级数据库服务器（pg_upgrade）", "upgrade the server (pg_upgrade)"),
    ),
    Fault(
        "no_extension",
        ("数据库扩展", "Database extension"),
        ("服务器没有 {extension}", "the server has no {extension}"),
        (
            "在数据库服务器上 apt-get install {package}，由库的管理员执行 CREATE EXTENSION {extension};",
            "apt-get install {package} on the database's machine; its administrator runs CREATE EXTENSION {extension};",
        ),
    ),
    Fault(
        "mail_down",
        ("SMTP", "SMTP"),
        ("邮件服务器不应答：{error}", "the mail server does not answer: {error}"),
        (
            "检查 FENGSUI_SMTP_URL 与邮件服务器；邮件渠道此间不可用，见 /proofs/",
            "check FENGSUI_SMTP_URL and that server; until then there is no e-mail channel, see /proofs/",
        ),
    ),
    Fault(
        "webhook_away",
        ("融媒体接口", "Webhook"),
        ("FENGSUI_WEBHOOK_URL 连不上：{error}", "FENGSUI_WEBHOOK_URL cannot be reached: {error}"),
        (
            "问接收方，检查地址、防火墙：curl -I '{address}'",
            "ask who receives, check address and firewall: curl -I '{address}'",
        ),
    ),
    Fault(
        "certificate_expired",
        ("证书", "Certificate"),
        ("已过期，浏览器拒绝打开", "expired: browsers refuse to open the platform"),
        ("换证书后 nginx -t && systemctl reload nginx", "renew it, then nginx -t && systemctl reload nginx"),
    ),
    Fault(
        "certificate_ends",
        ("证书", "Certificate"),
        ("{days} 天后到期（{until}）", "ends in {days} days ({until})"),
        ("换证书后 nginx -t && systemctl reload nginx", "renew it, then nginx -t && systemctl reload nginx"),
    ),
    Fault(
        "certificate_untrusted",
        ("证书", "Certificate"),
        ("本机不信任：{error}", "not trusted here: {error}"),
        (
            "把单位的根证书装进系统（update-ca-certificates），或设 SSL_CERT_FILE；名称须与 FENGSUI_BASE_URL 相同",
            "install your own root certificate (update-ca-certificates) or set SSL_CERT_FILE; its name must be "
            "that of FENGSUI_BASE_URL",
        ),
    ),
    Fault(
        "address_away",
        ("对外地址", "Public address"),
        ("FENGSUI_BASE_URL 不应答：{error}", "FENGSUI_BASE_URL does not answer: {error}"),
        (
            "看反向代理：systemctl status nginx；名称解析：getent hosts {host}",
            "look at the proxy: systemctl status nginx; the name: getent hosts {host}",
        ),
    ),
    Fault(
        "port_taken",
        ("网页端口", "Web port"),
        ("{address} 被占用", "{address} is taken"),
        (
            "ss -ltnp 查占用者；停掉它，或改 FENGSUI_HTTP_PORT",
            "ss -ltnp names who holds it: stop that, or change FENGSUI_HTTP_PORT",
        ),
    ),
)
declare(*FAULTS)


def python() -> Iterator[Finding]:
    yield Finding("Python", "ok", f"{platform.python_version()} ({sys.executable})")
    for module in MODULES:
        try:
            __import__(module)
        except (ImportError, OSError) as error:
            yield found("no_module", module=module, error=error)


def settings() -> Iterator[Finding]:
    """Values that cannot be: named one by one."""
    for name, what in values.wrong(os.environ).items():
        yield Finding(name, "bad", what, word("改正或 unset", "correct or unset it"))


def database() -> Iterator[Finding]:
    url, installed = os.environ.get("FENGSUI_DATABASE_URL", ""), cluster.binaries()
    if not url:
        if not installed:
            yield found("no_postgresql")
            return
        try:
            home = Home.here()
            if read_status(home).get("state") not in {"running", "starting"}:
                versions = ", ".join(map(str, installed))
                yield Finding(
                    "PostgreSQL", "ok", word(f"{versions},私有集群未运行", f"{versions}, private cluster not running")
                )
                return
            url = cluster.Cluster(home).url
        except Problem as problem:
            yield Finding("PostgreSQL", "bad", str(problem), str(problem))
            return
    try:
        version, postgis = cluster.external_facts(url)
    except psycopg.OperationalError as error:
        yield found("database_away", cluster.plain_url(url), error=error)
        return
    told = f"{version // 10000}.{version % 10000}"
    yield Finding("PostgreSQL", "ok", told) if version >= 150000 else found("old_postgresql", told)
    for name, there, package in (
        ("postgis", postgis, f"postgresql-{version // 10000}-postgis-3"),
        ("pg_trgm", cluster.extension(url, "pg_trgm"), "postgresql-contrib"),
    ):
        shown = {"postgis": "PostGIS"}.get(name, name)
        yield Finding(shown, "ok", there) if there else found("no_extension", extension=name, package=package)


def mail() -> Iterator[Finding]:
    url = os.environ.get("FENGSUI_SMTP_URL", "")
    if not url:
        yield Finding(
            "SMTP", "note", word("未配置:邮件渠道不可用", "not configured: no e-mail channel"), "FENGSUI_SMTP_URL"
        )
        return
    parts = urlsplit(url)
    try:
        client: smtplib.SMTP
        if parts.scheme == "smtps":
            client = smtplib.SMTP_SSL(
                parts.hostname or "", parts.port or 465, timeout=PATIENCE_S, context=ssl.create_default_context()
            )
        else:
            client = smtplib.SMTP(parts.hostname or "", parts.port or 25, timeout=PATIENCE_S)
        with client:
            client.ehlo()
            if parts.username:
                if parts.scheme == "smtp" and client.has_extn("starttls"):
                    client.starttls(context=ssl.create_default_context())
                client.login(unquote(parts.username), unquote(parts.password or ""))
        yield Finding("SMTP", "ok", f"{parts.hostname}:{parts.port}")
    except (OSError, smtplib.SMTPException) as error:
        yield found("mail_down", f"{parts.hostname}:{parts.port or ''}", error=error)


def webhook() -> Iterator[Finding]:
    """Reached, not called: a try must not be a message."""
    url = os.environ.get("FENGSUI_WEBHOOK_URL", "")
    if not url:
        return
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    address = f"{parts.scheme}://{parts.hostname}:{port}/"
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=PATIENCE_S) as reached:
            if parts.scheme == "https":
                ssl.create_default_context().wrap_socket(reached, server_hostname=parts.hostname).close()
    except OSError as error:
        yield found("webhook_away", f"{parts.hostname}:{port}", error=error, address=address)
    else:
        yield Finding(word("融媒体接口", "Webhook"), "ok", f"{parts.hostname}:{port}")


def certificate() -> Iterator[Finding]:
    """Of the address that people open."""
    parts = urlsplit(os.environ.get("FENGSUI_BASE_URL", ""))
    if parts.scheme != "https":
        return
    host, port = parts.hostname or "", parts.port or 443
    try:
        with (
            socket.create_connection((host, port), timeout=PATIENCE_S) as reached,
            ssl.create_default_context().wrap_socket(reached, server_hostname=host) as opened,
        ):
            told = opened.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == EXPIRED:
            yield found("certificate_expired", f"{host}:{port}")
        else:
            yield found("certificate_untrusted", f"{host}:{port}", error=error.verify_message)
        return
    except OSError as error:
        yield found("address_away", f"{host}:{port}", error=error, host=host)
        return
    until = str(told["notAfter"])
    days = int((ssl.cert_time_to_seconds(until) - time.time()) // 86400)
    if days < DAYS:
        yield found("certificate_ends", f"{host}:{port}", days=days, until=until)
    else:
        yield Finding(word("证书", "Certificate"), "ok", f"{host}:{port}, {days} d")


def browser() -> Iterator[Finding]:
    path = next(filter(None, map(shutil.which, CHROME)), None)
    yield Finding(
        "Chromium",
        "ok" if path else "note",
        path or word("没有(只有测试需要)", "none (only tests need it)"),
        "apt-get install chromium",
    )


def port() -> Iterator[Finding]:
    home = Home.here()
    status, name = read_status(home), word("网页端口", "Web port")
    if status.get("state") == "running":
        yield Finding(name, "ok", word(f"运行中:{status.get('address')}", f"running: {status.get('address')}"))
        return
    given = os.environ.get("FENGSUI_HTTP_PORT")
    number = (
        int(given) if given and given.isdigit() else Ports(home.var / "ports.json").known("http") or PREFERRED["http"]
    )
    bind = os.environ.get("FENGSUI_BIND") or "127.0.0.1"
    if free(number, bind):
        yield Finding(name, "ok", f"{bind}:{number}")
    elif given:
        yield found("port_taken", address=f"{bind}:{number}")
    else:
        taken = word(f"{bind}:{number} 被占用", f"{bind}:{number} taken")
        yield Finding(name, "note", taken, word("未设时自动另选", "unset, another is picked"))


def pages() -> Iterator[Finding]:
    if not frontend.fingerprint():
        yield Finding(word("前端", "Front end"), "note", word("没有源文件", "no sources"))
    else:
        old = frontend.stale()
        yield Finding(
            word("前端", "Front end"),
            "note" if old else "ok",
            word("待构建", "to be built") if old else word("已构建", "built"),
            "./fengsui serve",
        )
