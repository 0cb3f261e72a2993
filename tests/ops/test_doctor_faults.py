"""`doctor` blames nothing on what is sound, and names cause and mend of every fault it knows, in both languages."""

import datetime as dt
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fengsui.config.backup import store
from fengsui.config.backup.take import take
from fengsui.config.ops import children, docs, doctor, doctor_faults, doctor_look
from fengsui.config.ops.broker import Broker
from fengsui.config.ops.cluster import Cluster
from fengsui.config.ops.home import REPO, Home
from fengsui.config.ops.ports import Ports
from fengsui.config.ops.supervisor import Service, Supervisor
from fengsui.core.record_text import canonical, digest, row_body
from tests.ops.doctor_seeds import SEEDS, UNSEEDED, wait

pytestmark = pytest.mark.slow
LIVE = "00000000-0000-4000-8000-000000000001"
NOW = dt.datetime.now(dt.UTC)


class Door:
    """A TLS server on loopback whose certificate is exchanged while it runs."""

    def __init__(self, folder):
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Fengsui's test")])
        self.root = self._sign(self.name, self.key.public_key(), 3650, authority=True)
        (folder / "root.pem").write_bytes(self.root.public_bytes(serialization.Encoding.PEM))
        self.serve(365)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def _sign(self, name, public, days, *, authority):
        begin = NOW - dt.timedelta(days=30)
        return (
            x509.CertificateBuilder(self.name, name, public, x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(NOW + dt.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def serve(self, days):
        own = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        certificate = self._sign(name, own.public_key(), days, authority=False)
        path = self.folder / "door.pem"
        path.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        self.context = context

    def _answer(self):
        with suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                with suppress(OSError, ssl.SSLError), self.context.wrap_socket(near, server_side=True) as opened:
                    opened.recv(1)


class Here:
    """One running installation: cluster with the platform's tables, broker, processes, backup, mail, door."""

    def __init__(self, folder):
        self.folder = folder
        self.home = self.new_home("var")
        self.home.secret("secret_key")
        self.cluster = Cluster(self.home, durable=False, archive=store.Store(self.home.var / "backup").wal)
        self.broker = Broker(self.home, Ports(self.home.var / "ports.json"))
        self.supervisor = Supervisor(self.home)

    def new_home(self, name):
        home = Home(self.folder / name)
        for each in (home.run, home.log):
            each.mkdir(parents=True)
        return home

    def begin(self):
        say = self.supervisor.start
        say(Service("database", lambda log: self.cluster.start(), signal.SIGINT, 30, tidy=self.cluster.stop))
        self.sql("ALTER SYSTEM SET max_connections = 40")
        children.stop(self.cluster.process, signal.SIGINT, 30)
        self.supervisor._begin(self.service("database"))
        say(Service("broker", self.broker.start))
        for name in ("web", "worker"):
            say(Service(name, lambda log: children.spawn(["sleep", "3600"], output=log)))
        env = {**os.environ, "FENGSUI_DATABASE_URL": self.cluster.url, "PYTHONPATH": str(REPO / "src")}
        env |= {"FENGSUI_VAR": str(self.home.var), "FENGSUI_SECRET_KEY": "made for one test"}
        command = [sys.executable, "-m", "fengsui.config", "manage", "migrate", "-v0"]
        subprocess.run(command, env=env, check=True)
        self._rows()
        take(self.cluster, store.Store(self.home.var / "backup"))
        self.supervisor._write_status("running")

    def _rows(self):
        """What a platform that runs has said of itself, and a chain of three rows."""
        prev, chain = "", "6d1c3b0e-1111-4222-8333-444455556666"
        with psycopg.connect(self.cluster.url, autocommit=True) as own:
            for key in ("ingest", "worker", "clocks"):
                own.execute(
                    "INSERT INTO core_lastproof (kind, key, at, how, failure) "
                    "VALUES ('core.link', %s, now() + interval '1 hour', '', '')", [key]
                )  # fmt: skip
            own.execute(
                "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp) "
                "VALUES ('core.beat', extract(epoch FROM now())::bigint + 900)"
            )
            for n, what in enumerate(("one", "two", "three"), 1):
                event = own.execute(
                    "INSERT INTO core_storedevent (name, payload, world_id, about_type, about_id, correlation, at, "
                    "system) VALUES ('t.Said', '{}', %s, 't.thing', '1', %s, %s, 'test') RETURNING id",
                    [LIVE, chain, NOW],
                ).fetchone()[0]  # fmt: skip
                facts = canonical({"payload": {}, "reason": what})
                body = row_body(n, "t.thing:1", NOW, "t.Said", None, "test", LIVE, chain, facts)
                sealed = digest("sha256", prev, body)
                own.execute(
                    "INSERT INTO core_auditrow (subject, n, event_id, at, verb, system, world_id, correlation, facts, "
                    "algorithm, prev_hash, hash) VALUES ('t.thing:1', %s, %s, %s, 't.Said', 'test', %s, %s, %s, "
                    "'sha256', %s, %s)", [n, event, NOW, LIVE, chain, facts, prev, sealed]
                )  # fmt: skip
                prev = sealed

    def service(self, name):
        return next(each for each in self.supervisor.services if each.name == name)

    def sql(self, *statements):
        with psycopg.connect(self.cluster.url, autocommit=True) as own:
            for each in statements:
                own.execute(each)

    def ask(self, query):
        with psycopg.connect(self.cluster.url) as own:
            return own.execute(query).fetchone()[0]

    def archived(self):
        """One more finished segment of the log lies in the archive."""
        name = self.ask("SELECT pg_walfile_name(pg_current_wal_lsn())")
        self.sql("SELECT pg_logical_emit_message(true, 'x', 'x')", "SELECT pg_switch_wal()")
        wait((self.cluster.archive / f"{name}.gz").exists, "the log is not archived")

    def closed(self):
        """A port where nobody listens."""
        with socket.create_server(("127.0.0.1", 0)) as found:
            return found.getsockname()[1]


@pytest.fixture(scope="module")
def installation():
    # Not pytest's own folder: another run of the same user closes that to the database's user while we run.
    folder = Path(tempfile.mkdtemp(prefix="doctor-"))
    folder.chmod(0o755)
    made = Here(folder)
    mail = Controller(Sink(), hostname="127.0.0.1", port=made.closed())
    mail.start()
    made.mail, made.door = mail, Door(folder)
    try:
        with made.supervisor:
            made.begin()
            yield made
    finally:
        made.door.listening.close()
        mail.stop()
        shutil.rmtree(folder)


@pytest.fixture
def here(installation, monkeypatch):
    for name in [each for each in os.environ if each.startswith("FENGSUI_")]:
        monkeypatch.delenv(name)
    made = installation
    for name, value in {
        "FENGSUI_VAR": str(made.home.var),
        "FENGSUI_LANG": "en",
        "LC_ALL": "C.UTF-8",
        "SSL_CERT_FILE": str(made.folder / "root.pem"),
        "FENGSUI_SMTP_URL": f"smtp://127.0.0.1:{made.mail.port}",
        "FENGSUI_WEBHOOK_URL": f"http://127.0.0.1:{made.door.port}/bulletins",
        "FENGSUI_BASE_URL": f"https://localhost:{made.door.port}",
    }.items():
        monkeypatch.setenv(name, value)
    return made


def blamed(*, notes=False):
    """Codes of the lines that say what is wrong; a line without one has its name."""
    kinds = {"bad", "note"} if notes else {"bad"}
    return {each.code or each.name: each for each in doctor.findings() if each.verdict in kinds}


ONLY_NOTED = {"clock_unsynced"}


@pytest.mark.parametrize("code", sorted(SEEDS))
def test_doctor_names_cause_and_mend_when_the_fault_is_made(code, here, monkeypatch):
    noted = code in ONLY_NOTED
    assert blamed() == {}
    with monkeypatch.context() as patch, SEEDS[code](here, patch):
        if code in {"autovacuum_off", "archive_late", "bloated_index", "old_statistics", "connections"}:
            wait(lambda: code in blamed())  # the server takes a moment to say so
        said = {}
        for language in ("zh", "en"):
            patch.setenv("FENGSUI_LANG", language)
            said[language] = blamed(notes=noted)[code]
        fault = doctor_faults.FAULTS[code]
        for n, language in enumerate(("zh", "en")):
            line = said[language]
            assert line.name == fault.name[n]
            for part, text in ((fault.cause[n], line.fact), (fault.mend[n], line.what_to_do)):
                for piece in filter(str.strip, pieces(part)):
                    assert piece in text
                assert "{" not in text.replace("{}", "")
    wait(lambda: blamed() == {}, f"{code} is still blamed after its mend")


def pieces(text):
    """What stands between the braces of a text that is filled."""
    import string

    return [literal for literal, *_ in string.Formatter().parse(text)]


def test_every_fault_is_made_by_a_test_or_says_why_not():
    docs.import_pure_parts()
    doctor_faults.table()
    assert set(doctor_faults.FAULTS) == set(SEEDS) | set(UNSEEDED)
    assert not set(SEEDS) & set(UNSEEDED)
    assert len(SEEDS) >= 25


def test_every_fault_that_the_platform_watches_is_a_fault():
    doctor_faults.table()
    watched = [code for codes in doctor_look.CODES.values() for code in codes]
    assert len(watched) == len(set(watched))
    assert set(watched) <= set(doctor_faults.FAULTS)


def test_page_of_faults_is_current():
    assert (REPO / "docs/reference/doctor.md").read_text() == doctor_faults.table()
