"""The record refuses UPDATE, DELETE and TRUNCATE in the database itself; the live world exists from the first day."""

from django.db import migrations

APPEND_ONLY = ("core_storedevent", "core_auditrow", "core_auditcheckpoint", "core_clockfiring")
LIVE = "00000000-0000-4000-8000-000000000001"

FUNCTION = """
CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def triggers() -> str:
    return FUNCTION + "".join(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION core_refuse_change();"
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();"
        for table in APPEND_ONLY
    )


def no_triggers() -> str:
    return "".join(
        f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"
        for table in APPEND_ONLY
    ) + "DROP FUNCTION core_refuse_change();"


class Migration(migrations.Migration):
    dependencies = [("core", "0001_first")]
    operations = [
        migrations.RunSQL(triggers(), no_triggers()),
        migrations.RunSQL(
            f"INSERT INTO core_world (id, kind, name) VALUES ('{LIVE}', 'live', '实战')",
            migrations.RunSQL.noop,
        ),
    ]
