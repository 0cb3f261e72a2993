"""Orders, movements, progress and photos are append-only; an incident with open tasks cannot be closed by anybody."""

from django.db import migrations

APPEND_ONLY = ("command_order", "command_movement", "command_progress", "command_photo")
FREEZE = "".join(
    f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    f"FOR EACH ROW EXECUTE FUNCTION core_refuse_change();"
    for table in APPEND_ONLY
) + """
CREATE FUNCTION command_no_open_tasks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'closed' AND OLD.status <> 'closed' AND EXISTS (
        SELECT 1 FROM command_task WHERE incident_id = NEW.id AND status NOT IN ('done', 'waived')
    ) THEN
        RAISE EXCEPTION 'incident % has open tasks', OLD.number USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER command_incident_tasks BEFORE UPDATE OF status ON incidents_incident
    FOR EACH ROW EXECUTE FUNCTION command_no_open_tasks();
"""
THAW = (
    "DROP TRIGGER command_incident_tasks ON incidents_incident; DROP FUNCTION command_no_open_tasks();"
    + "".join(f"DROP TRIGGER {table}_append_only ON {table};" for table in APPEND_ONLY)
)


class Migration(migrations.Migration):
    dependencies = [("command", "0001_first"), ("incidents", "0002_frozen_facts")]
    operations = [migrations.RunSQL(FREEZE, THAW)]
