"""Places in use stand on the map, each kind as a layer of its own; whatever writes the table keeps them there."""

from django.db import migrations

MAKE = """
CREATE FUNCTION places_on_the_map() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND (TG_OP = 'DELETE' OR OLD.kind <> NEW.kind OR NEW.retired_at IS NOT NULL) THEN
        PERFORM core_map_drop(OLD.kind, OLD.id);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.retired_at IS NULL THEN
        PERFORM core_map_put(NEW.kind, NEW.id, NULL, NEW.area_id, NEW.code, NEW.name, NEW.name_en, 0,
            NEW.location_3857);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER places_on_the_map AFTER INSERT OR UPDATE OR DELETE ON places_place
    FOR EACH ROW EXECUTE FUNCTION places_on_the_map();
SELECT core_map_put(kind, id, NULL, area_id, code, name, name_en, 0, location_3857)
    FROM places_place WHERE retired_at IS NULL;
"""
DROP = """
DROP TRIGGER places_on_the_map ON places_place;
DROP FUNCTION places_on_the_map();
DELETE FROM core_mappoint WHERE layer IN (SELECT DISTINCT kind FROM places_place);
"""


class Migration(migrations.Migration):
    dependencies = [("places", "0003_call_order"), ("core", "0007_map_points")]

    operations = [migrations.RunSQL(MAKE, DROP)]
