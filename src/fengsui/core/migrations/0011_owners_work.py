"""What only the tables' owner may do, as functions for roles that own nothing (config/ops/rights.py).

Each runs with its owner's rights on a fixed path, temporary tables last: nobody's own table can stand in for ours.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION core_hold_audit() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
    LOCK TABLE core_auditrow IN SHARE MODE
$$;
CREATE FUNCTION core_tidy_find() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$
    SELECT gin_clean_pending_list('core_find_words')
$$;
CREATE FUNCTION core_count_find() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    ANALYZE core_findrow, core_findword;
END $$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['core_hold_audit()', 'core_tidy_find()', 'core_count_find()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
END $$;
"""
DROP = "DROP FUNCTION core_hold_audit(); DROP FUNCTION core_tidy_find(); DROP FUNCTION core_count_find();"


class Migration(migrations.Migration):
    dependencies = [("core", "0010_map_put_at_once")]
    operations = [migrations.RunSQL(MAKE, DROP)]
