"""What left the house, and every try to send it, refuses UPDATE, DELETE and TRUNCATE in the database itself."""

from django.db import migrations

APPEND_ONLY = ("alerts_bulletin", "alerts_deliveryattempt")
MAKE = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    f"FOR EACH ROW EXECUTE FUNCTION core_refuse_change();"
    f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();"
    for table in APPEND_ONLY
)
DROP = "".join(
    f"DROP TRIGGER {table}_append_only ON {table}; DROP TRIGGER {table}_no_truncate ON {table};"
    for table in APPEND_ONLY
)


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_first"), ("core", "0002_append_only_and_live_world")]
    operations = [migrations.RunSQL(MAKE, DROP)]
