"""New places come onto the map once a statement, not once a row: an import writes a hundred thousand.

A changed or deleted row keeps its own trigger, asked only where the map shows something of the change. A join of what
was with what is would need a plan for one row and for all of them, and a session keeps the first.
"""

from django.db import migrations

MAKE = """
DROP TRIGGER places_on_the_map ON places_place;
CREATE FUNCTION places_new_on_the_map() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM core_map_put_many(array_agg(kind::text), array_agg(id), array_agg(NULL::uuid), array_agg(area_id::text),
        array_agg(code::text), array_agg(name::text), array_agg(name_en::text), array_agg(0),
        array_agg(location_3857)) FROM fresh WHERE retired_at IS NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER places_new_on_the_map AFTER INSERT ON places_place REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION places_new_on_the_map();
CREATE TRIGGER places_on_the_map AFTER UPDATE ON places_place FOR EACH ROW
    WHEN ((OLD.kind, OLD.id, OLD.area_id, OLD.code, OLD.name, OLD.name_en, OLD.retired_at) IS DISTINCT FROM
        (NEW.kind, NEW.id, NEW.area_id, NEW.code, NEW.name, NEW.name_en, NEW.retired_at)
        OR NOT OLD.location OPERATOR(public.~=) NEW.location)
    EXECUTE FUNCTION places_on_the_map();
CREATE TRIGGER places_off_the_map AFTER DELETE ON places_place
    FOR EACH ROW EXECUTE FUNCTION places_on_the_map();
"""
DROP = """
DROP TRIGGER places_off_the_map ON places_place;
DROP TRIGGER places_on_the_map ON places_place;
DROP TRIGGER places_new_on_the_map ON places_place;
DROP FUNCTION places_new_on_the_map();
CREATE TRIGGER places_on_the_map AFTER INSERT OR UPDATE OR DELETE ON places_place
    FOR EACH ROW EXECUTE FUNCTION places_on_the_map();
"""


class Migration(migrations.Migration):
    dependencies = [("places", "0004_on_the_map"), ("core", "0010_map_put_at_once")]

    operations = [migrations.RunSQL(MAKE, DROP)]
