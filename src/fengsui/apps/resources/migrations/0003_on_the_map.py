"""Teams in use stand on the map at their base."""

from django.db import migrations

MAKE = """
CREATE FUNCTION resources_on_the_map() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NEW.retired_at IS NOT NULL) THEN
        PERFORM core_map_drop('team', OLD.id);
    ELSIF NEW.retired_at IS NULL THEN
        PERFORM core_map_put('team', NEW.id, NULL, NEW.area_code, NEW.code, NEW.name, '', 0, NEW.base_3857);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER resources_on_the_map AFTER INSERT OR UPDATE OR DELETE ON resources_team
    FOR EACH ROW EXECUTE FUNCTION resources_on_the_map();
SELECT core_map_put('team', id, NULL, area_code, code, name, '', 0, base_3857)
    FROM resources_team WHERE retired_at IS NULL;
"""
DROP = """
DROP TRIGGER resources_on_the_map ON resources_team;
DROP FUNCTION resources_on_the_map();
DELETE FROM core_mappoint WHERE layer = 'team';
"""


class Migration(migrations.Migration):
    dependencies = [("resources", "0002_retired_teams"), ("core", "0007_map_points")]

    operations = [migrations.RunSQL(MAKE, DROP)]
