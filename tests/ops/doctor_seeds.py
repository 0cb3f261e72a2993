"""Each fault that `doctor` knows, really made on a running installation, and taken away again."""

import asyncio
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import nats
import psycopg
import pytest

from fengsui.config.backup import restore, store
from fengsui.config.ops import cluster, doctor_inside, doctor_parts, doctor_texts, supervisor
from fengsui.config.ops.broker import LOST
from fengsui.config.ops.cluster import Cluster
from tests.contracts.smsc import centre

SEEDS = {}
UNSEEDED = {
    "old_postgresql": "no server older than 15 is at hand",
    "no_extension": "taking an extension's files away would hurt every other cluster of the machine",
}


def seed(*codes):
    def keep(make):
        for code in codes:
            SEEDS[code] = contextmanager(make)
        return make

    return keep


def rooted():
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")


@contextmanager
def mounted(folder: Path, options: str):
    rooted()
    folder.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"mounting is not allowed here: {made.stderr.decode()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def wait(until, what=""):
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


# --- the machine ---------------------------------------------------------------------------------------------------


@seed("disk_full")
def full_disk(here, patch):
    with mounted(here.folder / "small", "size=8m") as small:
        with suppress(OSError), open(small / "filled", "wb") as out:
            while True:
                out.write(bytes(1 << 20))
        patch.setenv("FENGSUI_BACKUP", str(small))
        yield


@seed("inodes_full")
def no_inodes(here, patch):
    with mounted(here.folder / "few", "size=8m,nr_inodes=40") as few:
        with suppress(OSError):
            for n in range(40):
                (few / f"{n}").touch()
        patch.setenv("FENGSUI_BACKUP", str(few))
        yield


@seed("clock_wrong")
def clock_set_back(here, patch):
    """What a clock that was set back looks like: the log is from the future."""
    path = here.home.log / "worker.log"
    os.utime(path, (time.time() + 3 * 86400,) * 2)
    yield
    os.utime(path)


@seed("clock_unsynced")
def clock_without_a_source(here, patch):
    """The kernel's word cannot be changed without hurting the machine: a library that tells of no source is asked."""
    source = here.folder / "unsynced.c"
    source.write_text("int adjtimex(void *room) { ((int *)((long *)room + 5))[0] = 0x40; return 5; }\n")
    if not shutil.which("cc"):
        pytest.skip("no C compiler: the kernel's word cannot be stood in for")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(source.with_suffix(".so")), str(source)], check=True)
    patch.setattr("fengsui.config.ops.doctor_machine.LIBRARY", str(source.with_suffix(".so")))
    yield


@seed("secrets_open")
def open_secret(here, patch):
    path = here.home.var / "secret_key"
    path.chmod(0o644)
    yield
    path.chmod(0o600)


@seed("not_writable")
def lost_right(here, patch):
    if os.geteuid() == 0:
        with mounted(here.home.var / "log", "ro,size=1m"):
            yield
        return
    here.home.log.chmod(0o500)
    yield
    here.home.log.chmod(0o755)


@seed("data_open")
def open_data(here, patch):
    here.cluster.data.chmod(0o755)
    yield
    here.cluster.data.chmod(0o700)


@seed("no_font")
def no_font(here, patch):
    empty = here.folder / "fonts.conf"
    empty.write_text(f"<?xml version='1.0'?><fontconfig><cachedir>{here.folder}/fc</cachedir></fontconfig>\n")
    patch.setenv("FONTCONFIG_FILE", str(empty))
    yield


@seed("bad_locale")
def foreign_locale(here, patch):
    patch.setenv("LC_ALL", "zh_CN.GB2312")
    yield


@contextmanager
def limited(here, kind, value):
    pid = here.service("web").process.pid
    before = resource.prlimit(pid, kind)
    resource.prlimit(pid, kind, (value, before[1]))
    yield
    resource.prlimit(pid, kind, before)


@seed("few_files")
def few_files(here, patch):
    with limited(here, resource.RLIMIT_NOFILE, 256):
        yield


@seed("little_memory")
def little_memory(here, patch):
    with limited(here, resource.RLIMIT_AS, 500_000_000):
        yield


@seed("no_setpriv")
def no_setpriv(here, patch):
    tools = here.folder / "tools"
    tools.mkdir(exist_ok=True)
    for name in ("fc-list", "locale"):
        if (path := shutil.which(name)) and not (tools / name).exists():
            (tools / name).symlink_to(path)
    patch.setenv("PATH", str(tools))
    yield


# --- settings and services outside ---------------------------------------------------------------------------------


@seed("no_module")
def no_module(here, patch):
    patch.setitem(sys.modules, "valhalla", None)
    yield


@seed("no_postgresql")
def no_postgresql(here, patch):
    patch.setattr(cluster, "LIBRARIES", (here.folder / "nowhere",))
    yield


@seed("database_away")
def database_away(here, patch):
    patch.setenv("FENGSUI_DATABASE_URL", f"postgresql://a:b@127.0.0.1:{here.closed()}/x")
    yield


@seed("mail_down")
def mail_down(here, patch):
    patch.setenv("FENGSUI_SMTP_URL", f"smtp://127.0.0.1:{here.closed()}")
    yield


@seed("webhook_away")
def webhook_away(here, patch):
    patch.setenv("FENGSUI_WEBHOOK_URL", f"http://127.0.0.1:{here.closed()}/bulletins")
    yield


@seed("texts_refused")
def texts_refused(here, patch):
    port = here.closed()
    with centre(port, here.folder / "texts.txt"):
        patch.setenv("FENGSUI_SMPP_URLS", f"smpp://account:secret@127.0.0.1:{port}")
        assert [each.verdict for each in doctor_texts.texts()] == ["ok"]
        patch.setenv("FENGSUI_SMPP_URLS", f"smpp://wrong:secret@127.0.0.1:{port}")
        yield


@seed("texts_away")
def texts_away(here, patch):
    patch.setenv("FENGSUI_SMPP_URLS", f"smpp://account:secret@127.0.0.1:{here.closed()}")
    yield


def certified(days):
    def make(here, patch):
        here.door.serve(days)
        yield
        here.door.serve(365)

    return make


seed("certificate_expired")(certified(-1))
seed("certificate_ends")(certified(5))


@seed("certificate_untrusted")
def untrusted(here, patch):
    patch.delenv("SSL_CERT_FILE")
    yield


@seed("address_away")
def address_away(here, patch):
    patch.setenv("FENGSUI_BASE_URL", f"https://localhost:{here.closed()}")
    yield


@seed("port_taken")
def taken_port(here, patch):
    with socket.create_server(("127.0.0.1", 0)) as other:
        patch.setenv("FENGSUI_HTTP_PORT", str(other.getsockname()[1]))
        here.supervisor._write_status("stopping")
        yield
    here.supervisor._write_status("running")


# --- processes and broker ------------------------------------------------------------------------------------------


@contextmanager
def killed(here, name, number=signal.SIGKILL):
    service = here.service(name)
    service.process.send_signal(number)
    if number == signal.SIGKILL:
        service.process.wait()
    yield
    if number == signal.SIGSTOP:
        service.process.send_signal(signal.SIGCONT)
        return
    here.supervisor._begin(service)
    here.supervisor._write_status("running")


@seed("process_dead")
def dead_process(here, patch):
    with killed(here, "worker"):
        yield


@seed("process_restarts")
def restarting_process(here, patch):
    patch.setattr(supervisor, "BACKOFF_S", (0.0,))
    service = here.service("worker")
    while service.restarts < doctor_parts.RESTARTS:
        service.process.kill()
        service.process.wait()
        here.supervisor._look_after(service)
        here.supervisor._look_after(service)
    here.supervisor._write_status("running")
    yield
    service.restarts = 0
    here.supervisor._write_status("running")


@seed("no_broker")
def no_broker(here, patch):
    patch.setattr(doctor_parts, "BIN", here.folder / "nowhere")
    patch.setenv("PATH", "/usr/bin:/bin")
    if shutil.which("nats-server"):
        pytest.skip("the system has a nats-server of its own")
    yield


@seed("broker_down")
def dead_broker(here, patch):
    with killed(here, "broker"):
        yield


def with_stream(here, work):
    async def call():
        client = await nats.connect(doctor_parts.own_url(here.home))
        await work(client.jetstream())
        await client.close()

    asyncio.run(call())


@seed("broker_full")
def full_store(here, patch):
    async def fill(stream):
        await stream.add_stream(name="full", subjects=["full"], max_bytes=100_000)
        for _ in range(9):
            await stream.publish("full", bytes(10_000))

    with_stream(here, fill)
    yield
    with_stream(here, lambda stream: stream.delete_stream("full"))


@seed("broker_lost")
def lost_store(here, patch):
    with killed(here, "broker"):
        shutil.rmtree(here.broker.folder / "jetstream")
    yield
    (here.broker.folder / LOST).unlink()


class Late:
    """A way to the broker on which it seems to live a year ago: every time that it tells is another."""

    def __init__(self, to: int) -> None:
        self.to, self.listening = to, socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listening.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
                for a, b, change in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pass, args=(a, b, change), daemon=True).start()

    def _pass(self, a, b, change) -> None:
        with suppress(OSError):
            while data := a.recv(1 << 20):
                b.sendall(re.sub(rb'"ts":"2', b'"ts":"1', data) if change else data)
            b.close()


@seed("broker_clock")
def late_broker(here, patch):
    url = doctor_parts.own_url(here.home)
    number = int(url.rpartition(":")[2])
    way = Late(number)
    with_stream(here, lambda stream: stream.add_stream(name="timed", subjects=["timed"]))
    patch.setenv("FENGSUI_NATS_URL", url.replace(f":{number}", f":{way.port}"))
    yield
    way.listening.close()
    with_stream(here, lambda stream: stream.delete_stream("timed"))


# --- the database --------------------------------------------------------------------------------------------------


@seed("in_recovery")
def standby(here, patch):
    kept = store.Store.of(here.home)
    other = Cluster(here.new_home("standby"), durable=False)
    restore._place(kept.base / kept.backups()[-1].name / "base", other)
    other._write("standby.signal", "")
    other.start()
    patch.setenv("FENGSUI_DATABASE_URL", other.url)
    yield
    other.stop()
    shutil.rmtree(other.data)


def sql(code, make, mend, *, patched=()):
    """A fault that statements make and mend; `patched`: limits lowered where the real one takes hours."""

    def run(here, patch):
        for name, value in patched:
            patch.setattr(doctor_inside, name, value)
        here.sql(*make)
        try:
            yield
        finally:
            here.sql(*mend)

    seed(code)(run)


SETTLE = "SELECT pg_reload_conf()"
sql(
    "autovacuum_off",
    ["ALTER SYSTEM SET autovacuum = off", SETTLE],
    ["ALTER SYSTEM RESET autovacuum", SETTLE],
)
sql(
    "autovacuum_off_for_table",
    ["CREATE TABLE alone (n int) WITH (autovacuum_enabled = false)"],
    ["DROP TABLE alone"],
)
sql(
    "old_statistics",
    [
        "CREATE TABLE changed (n int) WITH (autovacuum_enabled = false)",
        "INSERT INTO changed SELECT generate_series(1, 60000)",
        "SELECT pg_stat_force_next_flush()",
    ],
    ["DROP TABLE changed"],
    patched=[("STATISTICS_S", 0)],
)
sql("transaction_ids", ["SELECT txid_current()"], ["SELECT 1"], patched=[("AGE", 1)])
sql(
    "dead_slot",
    ["SELECT pg_create_physical_replication_slot('gone', true)"]
    + ["SELECT pg_logical_emit_message(true, 'x', 'x')", "SELECT pg_switch_wal()"] * 3,
    ["SELECT pg_drop_replication_slot('gone')"],
    patched=[("HELD_BYTES", 20 * 2**20)],
)
sql(
    "database_clock",
    [
        "CREATE SCHEMA skewed",
        "CREATE FUNCTION skewed.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
        "'SELECT pg_catalog.clock_timestamp() + interval ''1 hour'''",
        "ALTER ROLE fengsui SET search_path = skewed, pg_catalog, public",
    ],
    ["ALTER ROLE fengsui RESET search_path", "DROP SCHEMA skewed CASCADE"],
)
sql(
    "bloated_index",
    [
        "CREATE TABLE shrunk (k text PRIMARY KEY)",
        "INSERT INTO shrunk SELECT md5(n::text) FROM generate_series(1, 400000) n",
        "DELETE FROM shrunk WHERE k > '08'",
        "VACUUM ANALYZE shrunk",
    ],
    ["DROP TABLE shrunk"],
)
sql(
    "missing_migration",
    ["DELETE FROM django_migrations WHERE app = 'core' AND name = '0003_last_proof'"],
    ["INSERT INTO django_migrations (app, name, applied) VALUES ('core', '0003_last_proof', now())"],
)
sql(
    "newer_schema",
    ["INSERT INTO django_migrations (app, name, applied) VALUES ('core', '9999_of_tomorrow', now())"],
    ["DELETE FROM django_migrations WHERE name = '9999_of_tomorrow'"],
)
NEXT = "to_char(now() AT TIME ZONE 'UTC' + interval '1 month', 'YYYY_MM')"
sql(
    "missing_partition",
    [f"DO $$ BEGIN EXECUTE 'DROP TABLE sensing_observation_' || {NEXT}; END $$"],
    ["SELECT sensing_make_partition((now() AT TIME ZONE 'UTC' + interval '1 month')::date)"],
)
sql(
    "jobs_given_up",
    ["INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('events', 'gone', 'failed')"],
    ["DELETE FROM procrastinate_jobs"],
)
sql(
    "jobs_late",
    [
        "INSERT INTO procrastinate_jobs (queue_name, task_name, scheduled_at) "
        "VALUES ('events', 'waits', now() - interval '1 hour')"
    ],
    ["DELETE FROM procrastinate_jobs"],
)
sql(
    "timer_stopped",
    ["UPDATE procrastinate_periodic_defers SET defer_timestamp = extract(epoch FROM now())::bigint - 900"],
    ["UPDATE procrastinate_periodic_defers SET defer_timestamp = extract(epoch FROM now())::bigint + 900"],
)
sql(
    "part_silent",
    ["UPDATE core_lastproof SET at = now() - interval '10 minutes' WHERE key = 'ingest'"],
    ["UPDATE core_lastproof SET at = now() + interval '1 hour' WHERE key = 'ingest'"],
)
sql(
    "audit_broken",
    [
        "ALTER TABLE core_auditrow DISABLE TRIGGER core_auditrow_append_only",
        "UPDATE core_auditrow SET facts = replace(facts, 'two', 'zwo') WHERE n = 2",
    ],
    [
        "UPDATE core_auditrow SET facts = replace(facts, 'zwo', 'two') WHERE n = 2",
        "ALTER TABLE core_auditrow ENABLE TRIGGER core_auditrow_append_only",
    ],
)
sql(
    "clock_unowned",
    [
        "INSERT INTO core_clock (world_id, kind, slot, about_type, about_id, label, url, owner_person, owner_role, "
        "heard_roles, correlation, state, started_at, due_at, limit_s, calendar, ladder, rungs_fired, proof, source, "
        "basis, id) SELECT id, 'k', '', 't', '1', '核实 某处', '', gen_random_uuid(), '', '{}', gen_random_uuid(), "
        "'running', now(), now(), 60, 'always', '[]', 0, '{}', '', 'U', gen_random_uuid() FROM core_world LIMIT 1"
    ],
    ["DELETE FROM core_clock"],
)


@seed("encoding")
def other_encoding(here, patch):
    here.sql("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    patch.setenv("FENGSUI_DATABASE_URL", here.cluster.url.replace("/fengsui?", "/ascii?"))
    yield
    here.sql("DROP DATABASE ascii WITH (FORCE)")


@seed("connections")
def all_connections(here, patch):
    with ExitStack() as opened:
        for _ in range(37):
            opened.enter_context(psycopg.connect(here.cluster.url))
        yield
    wait(lambda: here.ask("SELECT count(*) < 20 FROM pg_stat_activity"))


@seed("long_transaction")
def long_transaction(here, patch):
    patch.setattr(doctor_inside, "OPEN_S", 0.2)
    with psycopg.connect(here.cluster.url, application_name="forgotten") as opened:
        opened.execute("SELECT 1")
        time.sleep(0.3)  # the fault is the age itself
        yield


@seed("invalid_index")
def invalid_index(here, patch):
    here.sql("CREATE TABLE twice (n int)", "INSERT INTO twice VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        here.sql("CREATE UNIQUE INDEX CONCURRENTLY twice_n ON twice (n)")
    yield
    here.sql("DROP TABLE twice")


# --- backup --------------------------------------------------------------------------------------------------------


@seed("stale_backup")
def stale_backup(here, patch):
    kept = store.Store.of(here.home)
    last = kept.backups()[-1]
    path = kept.base / last.name / store.FACTS
    text = path.read_text()
    path.write_text(text.replace(str(last.finished_at), str(last.finished_at - timedelta(hours=37))))
    yield
    path.write_text(text)


@seed("log_hole")
def hole(here, patch):
    archive = store.Store.of(here.home).wal
    for _ in range(3):
        here.archived()
    path = sorted(each for each in archive.glob("*.gz") if "." not in each.stem)[-2]
    path.rename(here.folder / path.name)
    yield
    (here.folder / path.name).rename(path)


@seed("archive_late")
def late_archive(here, patch):
    archive = store.Store.of(here.home).wal
    archive.chmod(0)
    here.sql("SELECT pg_logical_emit_message(true, 'x', 'x')", "SELECT pg_switch_wal()")
    wait(lambda: cluster.archive_fault(here.cluster.url))
    yield
    archive.chmod(0o700)
    here.sql("SELECT pg_switch_wal()")
    wait(lambda: not cluster.archive_fault(here.cluster.url))
