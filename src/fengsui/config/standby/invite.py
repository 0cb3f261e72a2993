"""What the leader gives the one that is to follow: one file with certificate, password, addresses and secrets."""

from __future__ import annotations

import os
import secrets
import shutil
import tarfile
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg import sql

from fengsui.config.backup import files
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home
from fengsui.config.standby.pair import FOLLOWS, NAME, Pair, folder

OWN = ("tls.crt", "tls.key", "password")
YEARS = 20


def keys(home: Home) -> None:
    """One certificate and one password for both machines, made once."""
    place = folder(home)
    place.mkdir(mode=0o700, exist_ok=True)
    if all((place / each).exists() for each in OWN):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # the other machine's clock may be late
        .not_valid_after(now + timedelta(days=365 * YEARS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(place / "tls.key", pem)
    _write(place / "tls.crt", certificate.public_bytes(serialization.Encoding.PEM))
    _write(place / "password", secrets.token_urlsafe(32).encode())


def admit(cluster: Cluster) -> bool:
    """Role and slot of the follower in the running database. Whether the database already listens on the network."""
    password = (folder(cluster.home) / "password").read_text()
    with psycopg.connect(cluster.url, autocommit=True) as admin:
        name = sql.Identifier(NAME)
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [NAME]).fetchone():
            admin.execute(sql.SQL("CREATE ROLE {} LOGIN REPLICATION").format(name))
        admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))
        known = admin.execute(
            "SELECT active, wal_status FROM pg_replication_slots WHERE slot_name = %s", [NAME]
        ).fetchone()
        if known and known[1] == "lost" and not known[0]:  # what it needed is gone: it joins anew
            admin.execute("SELECT pg_drop_replication_slot(%s)", [NAME])
            known = None
        if not known:
            admin.execute("SELECT pg_create_physical_replication_slot(%s, true)", [NAME])
        listens = admin.execute("SHOW listen_addresses").fetchone()
    return bool(listens and listens[0])


def pack(home: Home, pair: Pair, target: Path) -> None:
    """Readable by its owner only: whoever has it can read the whole database."""
    with tempfile.TemporaryDirectory(dir=home.var) as work:
        desk = Path(work)
        files.copy(home.var, desk / "files")
        for each in OWN:
            shutil.copy(folder(home) / each, desk / each)
        Pair(here=pair.there, there=pair.here, role=FOLLOWS).write(Home(desk))
        with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as archive:
                for path in sorted(desk.iterdir()):
                    archive.add(path, arcname=path.name)
            out.flush()
            os.fsync(out.fileno())


def take(home: Home, source: Path, now: datetime) -> tuple[Pair, list[str]]:
    """Secrets and keys out of the leader's file; what differs here is kept as NAME.before-TIME.

    Returns what this machine is to be, not yet written, and the names that were put aside.
    """
    with tempfile.TemporaryDirectory(dir=home.var) as work:
        desk = Path(work)
        try:
            with tarfile.open(source) as archive:
                archive.extractall(desk, filter="data")
            broken = files.broken(desk / "files")
            pair = Pair.read(Home(desk))
        except (OSError, tarfile.TarError, ValueError) as error:
            raise Problem(f"{source} 读不了:{error}", f"{source} cannot be read: {error}") from None
        if broken or pair is None:
            raise Problem(f"{source} 已损坏:{'、'.join(broken)}", f"{source} is damaged: {', '.join(broken)}")
        place = folder(home)
        place.mkdir(mode=0o700, exist_ok=True)
        for each in OWN:
            _write(place / each, (desk / each).read_bytes())
        aside = []
        for name in files.NEEDED:
            ours, theirs = home.var / name, desk / "files" / name
            if name != "ports.json" and ours.exists() and theirs.exists() and ours.read_bytes() != theirs.read_bytes():
                ours.rename(ours.with_name(f"{ours.name}.before-{now:%Y%m%dT%H%M%SZ}"))
                aside.append(name)
        files.put_back(desk / "files", home.var)
    return pair, aside


def _write(path: Path, body: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(body)
        out.flush()
        os.fsync(out.fileno())
