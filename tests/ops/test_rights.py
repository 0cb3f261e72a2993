"""What each part's role may not do, tried by real connections as that role; and that each may do its work."""

from contextlib import suppress

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from fengsui.config.ops import rights
from fengsui.core.audit_check import make_checkpoint

pytestmark = pytest.mark.django_db(transaction=True)
ADDED_ONLY = (
    "core_auditrow", "core_storedevent", "core_auditcheckpoint", "core_clockfiring", "alerts_bulletin",
    "alerts_deliveryattempt", "alerts_massattempt", "alerts_massreceipt", "command_order", "command_movement",
    "command_progress", "command_photo", "incidents_logentry",
)  # fmt: skip
DENIED = psycopg.errors.InsufficientPrivilege


@pytest.fixture
def granted():
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (False,) and rights.missing(cursor):
            pytest.skip("this server's administrator has not made the roles")
        rights.make(cursor, monitor=False)
        assert rights.grant(cursor)


@pytest.fixture
def acting(granted):
    """acting(role): a connection of its own that can do no more than the role, whoever opened it."""
    opened = []

    def act(role):
        facts = connection.get_connection_params()
        given = {name: facts[name] for name in ("dbname", "user", "password", "host", "port") if facts.get(name)}
        private = str(given.get("host", "")).startswith("/")  # lets us in as any of its roles, as it does the parts
        own = psycopg.connect(**given | ({"user": role} if private else {}), autocommit=True)
        opened.append(own)
        if not private:
            own.execute(f"SET SESSION AUTHORIZATION {role}")
        assert own.execute("SELECT session_user").fetchone() == (role,)
        return own

    yield act
    for each in opened:
        each.close()


def refused(own, statement):
    with pytest.raises(DENIED):
        own.execute(statement)
    return True


@pytest.mark.parametrize("role", rights.NAMES)
@pytest.mark.parametrize("table", ADDED_ONLY)
def test_no_part_changes_or_removes_what_is_only_added_to(acting, role, table):
    own = acting(role)
    for statement in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET id = id",
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"DROP TABLE {table} CASCADE",
        f"CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION core_refuse_change()",
    ):
        assert refused(own, statement)


def test_list_above_is_all_that_the_database_refuses_to_change(granted):
    with connection.cursor() as cursor:
        cursor.execute(rights._TABLES)
        assert {table for _, table, added_only in cursor.fetchall() if added_only} == set(ADDED_ONLY)


@pytest.mark.parametrize("role", rights.NAMES)
def test_no_part_makes_roles_tables_functions_or_becomes_the_owner(acting, role):
    own = acting(role)
    for statement in (
        "CREATE ROLE mine",
        "CREATE TABLE public.mine (n int)",
        "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        f"SET ROLE {connection.settings_dict['USER'] or 'fengsui'}",
        "ALTER FUNCTION core_refuse_change() RENAME TO gone",
        "DELETE FROM django_migrations",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "SET session_replication_role = replica",
    ):
        assert refused(own, statement)


def test_ingest_reads_nothing_of_people_and_little_else(acting):
    own = acting(rights.INGEST)
    with connection.cursor() as cursor:
        cursor.execute(rights._TABLES)
        tables = [table for space, table, _ in cursor.fetchall() if space != "basemap"]
    closed = [each for each in tables if each not in rights.OF_INGEST]
    assert sum(each.startswith("people_") for each in closed) >= 10
    for table in closed:
        assert refused(own, f"SELECT 1 FROM {table} LIMIT 1")
    for statement in (
        "SELECT facts FROM core_auditrow",
        "SELECT payload FROM core_storedevent",
        "SELECT sensing_drop_partition('2001-01-01')",
        "DELETE FROM sensing_observation",
        "UPDATE sensing_datastream SET topic = topic",
    ):
        assert refused(own, statement)


def test_web_neither_seals_the_record_nor_drops_readings(acting):
    own = acting(rights.ROLES["web"])
    for statement in (
        "INSERT INTO core_auditcheckpoint (made_at, last_id, rows, digest, prev_hash, hash) "
        "VALUES (now(), 0, 0, '', '', '')",
        "SELECT core_hold_audit()",
        "SELECT sensing_drop_partition('2001-01-01')",
        "DELETE FROM incidents_incident",
    ):
        assert refused(own, statement)


def test_web_counts_mass_sendings_and_reads_no_registered_number(acting):
    own = acting(rights.ROLES["web"])
    assert own.execute("SELECT sum(sent), sum(size) FROM alerts_massbatch WHERE state = 'done'").fetchone() == (
        None,
        None,
    )
    for statement in (
        "SELECT number FROM alerts_recipient",
        "SELECT numbers FROM alerts_massbatch",
        "UPDATE alerts_massbatch SET sent = 0",
        "INSERT INTO alerts_recipient (number, area_code, added_at) VALUES ('1', '1', now())",
    ):
        assert refused(own, statement)
    jobs = acting(rights.JOBS)
    assert jobs.execute("SELECT count(numbers) FROM alerts_massbatch").fetchone() == (0,)
    assert jobs.execute("SELECT count(number) FROM alerts_recipient").fetchone() == (0,)


def test_nobody_is_taken_in_by_a_table_of_the_same_name(acting):
    """A function with its owner's rights must not touch what the caller has put in the way."""
    own = acting(rights.INGEST)
    own.execute("CREATE TEMP TABLE sensing_observation_other (LIKE sensing_observation)")
    own.execute("INSERT INTO sensing_observation_other VALUES (1, '2031-05-05', 1, now(), 0, 0)")
    assert own.execute("SELECT sensing_make_partition('2031-05-01')").fetchone() == ("sensing_observation_2031_05",)
    assert own.execute("SELECT count(*) FROM sensing_observation_other").fetchone() == (1,)
    assert own.execute("SELECT count(*) FROM sensing_observation").fetchone() == (0,)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE sensing_observation_2031_05")


def test_young_readings_are_dropped_by_nobody(acting):
    own = acting(rights.JOBS)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        own.execute("SELECT sensing_drop_partition((now() - interval '11 months')::date)")
    assert own.execute("SELECT sensing_drop_partition('2001-01-01')").fetchone() == (None,)


@pytest.fixture
def as_jobs(granted):
    """The test's own connection, with the rights of the jobs."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {rights.JOBS}")
    yield
    with suppress(Exception), connection.cursor() as cursor:
        cursor.execute("RESET SESSION AUTHORIZATION")
    connection.close()


def test_jobs_seal_the_record_and_keep_the_index(as_jobs):
    from fengsui.core.find import keeping

    make_checkpoint(timezone.now())
    keeping.rebuild()
