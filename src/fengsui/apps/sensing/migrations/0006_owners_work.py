"""Partitions are made and dropped for roles that own nothing (config/ops/rights.py), on a fixed path.

A month is dropped only when it is over for a year at least, and only the whole of it: no call can take less or more.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION sensing_drop_partition(month date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', month);
    name text := 'sensing_observation_' || to_char(first, 'YYYY_MM');
BEGIN
    IF first + interval '13 months' > (now() AT TIME ZONE 'UTC') THEN
        RAISE EXCEPTION 'readings of % are younger than a year', first USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sensing_make_partition'));
    IF to_regclass(name) IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('DROP TABLE %I', name);
    RETURN name;
END $$;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sensing_make_partition(date)', 'sensing_drop_partition(date)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SECURITY DEFINER SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
    END LOOP;
END $$;
"""
DROP = """
DROP FUNCTION sensing_drop_partition(date);
ALTER FUNCTION sensing_make_partition(date) SECURITY INVOKER RESET search_path;
GRANT EXECUTE ON FUNCTION sensing_make_partition(date) TO PUBLIC;
"""


class Migration(migrations.Migration):
    dependencies = [("sensing", "0005_kept_days")]
    operations = [migrations.RunSQL(MAKE, DROP)]
