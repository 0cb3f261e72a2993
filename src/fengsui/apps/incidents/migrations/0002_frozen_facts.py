"""What was known when, and what was sent, cannot be rewritten: the database itself refuses."""

from django.db import migrations

FREEZE = """
CREATE FUNCTION incidents_keep_facts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NEW.known_at <> OLD.known_at OR NEW.number <> OLD.number OR NEW.opened_at <> OLD.opened_at
       OR NEW.correlation <> OLD.correlation OR NEW.world_id <> OLD.world_id THEN
        RAISE EXCEPTION 'incident %: number and times of knowledge are fixed', OLD.number
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER incidents_incident_facts BEFORE UPDATE OR DELETE ON incidents_incident
    FOR EACH ROW EXECUTE FUNCTION incidents_keep_facts();
CREATE FUNCTION incidents_keep_sent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE open text[] := ARRAY['status', 'receipt', 'receipt_at', 'receipt_by'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'reports are kept' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF OLD.sent_at IS NOT NULL AND (to_jsonb(OLD) - open) IS DISTINCT FROM (to_jsonb(NEW) - open) THEN
        RAISE EXCEPTION 'report % was sent and is frozen', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER incidents_report_frozen BEFORE UPDATE OR DELETE ON incidents_report
    FOR EACH ROW EXECUTE FUNCTION incidents_keep_sent();
CREATE TRIGGER incidents_logentry_append_only BEFORE UPDATE OR DELETE ON incidents_logentry
    FOR EACH ROW EXECUTE FUNCTION core_refuse_change();
"""
THAW = """
DROP TRIGGER incidents_logentry_append_only ON incidents_logentry;
DROP TRIGGER incidents_report_frozen ON incidents_report;
DROP TRIGGER incidents_incident_facts ON incidents_incident;
DROP FUNCTION incidents_keep_sent();
DROP FUNCTION incidents_keep_facts();
"""


class Migration(migrations.Migration):
    dependencies = [("incidents", "0001_first"), ("core", "0002_append_only_and_live_world")]
    operations = [migrations.RunSQL(FREEZE, THAW)]
