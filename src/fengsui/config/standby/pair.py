"""Two machines, one of which leads. What this one is, lies in var/standby and outlives every kill.

Two machines alone cannot tell a dead partner from a cut cable, so nothing here takes over by itself: a person says it.
What keeps two from leading at once:

- a leader in the mode "both" acknowledges nothing that the other one has not on its disk (synchronous replication).
  Cut off, it acknowledges nothing at all; the one that was promoted follows it no more;
- whoever is to lead asks the other one first. It leads already: refused, for good. No answer in the mode "both":
  refused until a person has looked (`standby alone`).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

import psycopg

from fengsui.config.ops.cluster import Access, Cluster
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import Home

PORT = 5432
NAME = "fengsui_standby"
"""Role, slot and application name of the one that follows."""
LEADS, FOLLOWS, OVERTAKEN = "leads", "follows", "overtaken"
KEPT_WAL = "16GB"
"""So much of the log is kept for a partner that is away; after that it has to join anew: our choice [U]."""
PATIENCE_S = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """here, there: host of each database on the network, port 5432. both: a commit waits for both machines."""

    here: str
    there: str
    role: str
    both: bool = False

    @classmethod
    def read(cls, home: Home) -> Pair | None:
        """None where this machine stands alone."""
        try:
            return cls(**json.loads((folder(home) / "pair.json").read_text()))
        except FileNotFoundError:
            return None

    def write(self, home: Home) -> None:
        """On disk before it returns."""
        place = folder(home)
        place.mkdir(mode=0o700, exist_ok=True)
        part = place / "pair.part"
        with open(part, "w") as out:
            json.dump(asdict(self), out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, place / "pair.json")

    def now(self, home: Home, **changed: object) -> Pair:
        new = replace(self, **changed)  # type: ignore[arg-type]  # fields of ours, named by our own code
        new.write(home)
        return new


@dataclass(frozen=True, slots=True)
class Partner:
    """What the other database says of itself. leads: it takes writes."""

    leads: bool
    timeline: int

    @property
    def role(self) -> str:
        return LEADS if self.leads else FOLLOWS


@dataclass(frozen=True, slots=True)
class Follower:
    """Seen from the leader: "streaming" or on its way there; "sync" where commits wait for it; bytes behind."""

    state: str
    how: str
    behind: int


@dataclass(frozen=True, slots=True)
class Status:
    """follower: the leader's. replayed, receiving: the follower's own, last commit and state of the stream."""

    follower: Follower | None
    replayed: datetime | None
    receiving: str

    @property
    def followed(self) -> bool:
        return self.follower is not None and self.follower.state == "streaming"


def folder(home: Home) -> Path:
    return home.var / "standby"


def paired(cluster: Cluster) -> Cluster:
    """The cluster reachable by its partner, where there is one; asked anew whenever its settings are written."""
    cluster.access = lambda: access(cluster.home)
    return cluster


def access(home: Home) -> Access:
    """Settings, lines of pg_hba.conf and files that let the partner in by TLS and password, and nobody else."""
    pair = Pair.read(home)
    if pair is None:
        return Access()
    place = folder(home)
    settings = {
        "listen_addresses": f"'{pair.here}'",
        "port": str(PORT),
        "ssl": "on",
        "ssl_cert_file": "'fengsui-tls.crt'",
        "ssl_key_file": "'fengsui-tls.key'",
        "wal_level": "replica",
        "max_slot_wal_keep_size": KEPT_WAL,
        "hot_standby": "on",
        "synchronous_standby_names": f"'FIRST 1 ({NAME})'" if pair.both and pair.role == LEADS else "''",
    }
    if pair.role == FOLLOWS:
        way = (
            conninfo(pair, home, "replication", certificate="fengsui-tls.crt").replace("\\", "\\\\").replace("'", "''")
        )
        settings |= {"primary_conninfo": f"'{way}'", "primary_slot_name": f"'{NAME}'"}
    # A machine may have many addresses: certificate and a password of 32 random bytes say who it is, not where it is.
    lines = "".join(f"hostssl {what} {NAME} all scram-sha-256\n" for what in ("replication", "postgres"))
    files = {f"fengsui-tls.{end}": (place / f"tls.{end}").read_text() for end in ("crt", "key")}
    return Access(settings, lines, files)


def conninfo(pair: Pair, home: Home, database: str, certificate: str = "") -> str:
    """How the partner is reached: nobody but the holder of the one certificate is believed."""
    facts = {
        "host": pair.there, "port": str(PORT), "user": NAME, "dbname": database,
        "password": (folder(home) / "password").read_text(), "sslmode": "verify-ca",
        "sslrootcert": certificate or str(folder(home) / "tls.crt"),
        "application_name": NAME, "connect_timeout": str(PATIENCE_S),
    }  # fmt: skip
    return psycopg.conninfo.make_conninfo(**facts)


def ask(pair: Pair, home: Home) -> Partner | None:
    """The partner's word, None where it does not answer."""
    try:
        with psycopg.connect(conninfo(pair, home, "postgres")) as asked:
            row = asked.execute("SELECT NOT pg_is_in_recovery(), timeline_id FROM pg_control_checkpoint()").fetchone()
    except psycopg.OperationalError:
        return None
    assert row is not None
    return Partner(*row)


def refuse(home: Home) -> None:
    """Raises Problem unless this machine may lead. One that finds itself overtaken says so ever after."""
    pair = Pair.read(home)
    if pair is None:
        return
    partner = ask(pair, home) if pair.role == LEADS else None
    if partner is not None and partner.leads:
        pair = pair.now(home, role=OVERTAKEN)
    if pair.role == OVERTAKEN:
        raise Problem(
            f"{pair.there} 已接替本机:本机的数据库不再作主库启动。请在那边执行 ./fengsui standby invite,在这里 join",
            f"{pair.there} has taken over: the database here does not lead any more. "
            "Run ./fengsui standby invite there and join here; see docs/howto/keep-a-standby.md",
        )
    if pair.role == FOLLOWS:
        raise Problem(
            f"本机是 {pair.there} 的备机。接替它:./fengsui standby promote;继续跟随:./fengsui standby run",
            f"This machine follows {pair.there}. To take over: ./fengsui standby promote; "
            "to go on following: ./fengsui standby run",
        )
    if partner is None and pair.both:
        raise Problem(
            f"备机 {pair.there} 没有应答,不能确定它是否已接替。先查看那台机器;确认它没有接替:./fengsui standby alone",
            f"The standby {pair.there} does not answer, so it may have taken over. Look at that machine first; "
            "where it certainly has not: ./fengsui standby alone",
        )


def of(home: Home) -> Pair:
    pair = Pair.read(home)
    if pair is None:
        raise Problem(
            "本机没有备机:先在主机执行 ./fengsui standby invite", "There is no pair here: begin with standby invite"
        )
    return pair


def status(cluster: Cluster) -> Status:
    """What this machine's own running database says. Raises psycopg.OperationalError."""
    with psycopg.connect(cluster.url, autocommit=True, connect_timeout=PATIENCE_S) as asked:
        follower = asked.execute(
            "SELECT state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint "
            "FROM pg_stat_replication WHERE application_name = %s AND NOT pg_is_in_recovery()",
            [NAME],
        ).fetchone()
        row = asked.execute(
            "SELECT pg_last_xact_replay_timestamp(), (SELECT status FROM pg_stat_wal_receiver)"
        ).fetchone()
    assert row is not None
    return Status(follower=Follower(*follower) if follower else None, replayed=row[0], receiving=row[1] or "")
