"""Stations stand on the map with the rank of their worst stream.

A level that moves, or a reading after a silence, puts the station anew at once; what becomes silent is found by
`sensing.sweep_map`, which calls the same function. Three periods and 90 seconds are LOST_PERIODS and FLICKER_S of the code; a
test compares.
"""

from django.db import migrations

MAKE = """
CREATE FUNCTION sensing_map_rank(p_station uuid) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT coalesce(max(CASE
        WHEN c.level > 0 THEN c.level + 2
        WHEN c.watched THEN 1
        WHEN c.good_at IS NULL OR extract(epoch FROM now() - c.good_at)
            > 3 * greatest(d.period_s / d.speed, CASE WHEN d.speed > 1 THEN 5 ELSE 0 END) THEN 2
        ELSE 0 END), 0)
    FROM sensing_datastream d LEFT JOIN sensing_currentvalue c ON c.datastream_id = d.id
    WHERE d.station_id = p_station AND d.is_active
$$;
CREATE FUNCTION sensing_map_put(p_station uuid) RETURNS void LANGUAGE sql AS $$
    SELECT core_map_put('stations', s.id, s.world_id, coalesce(p.area_id, ''), s.code, s.name,
        CASE WHEN p.name_en <> '' THEN p.name_en ELSE '' END, sensing_map_rank(s.id), s.location_3857)
    FROM sensing_station s LEFT JOIN places_place p ON p.id = s.place_id WHERE s.id = p_station
$$;

CREATE FUNCTION sensing_station_on_the_map() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NEW.retired_at IS NOT NULL) THEN
        PERFORM core_map_drop('stations', OLD.id);
    ELSIF NEW.retired_at IS NULL THEN
        PERFORM sensing_map_put(NEW.id);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sensing_station_on_the_map AFTER INSERT OR UPDATE OR DELETE ON sensing_station
    FOR EACH ROW EXECUTE FUNCTION sensing_station_on_the_map();

CREATE FUNCTION sensing_level_on_the_map() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    station uuid;
BEGIN
    SELECT s.id INTO station FROM sensing_datastream d JOIN sensing_station s ON s.id = d.station_id
        WHERE d.id = NEW.datastream_id AND s.retired_at IS NULL;
    IF FOUND THEN
        PERFORM sensing_map_put(station);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sensing_first_level_on_the_map AFTER INSERT ON sensing_currentvalue
    FOR EACH ROW EXECUTE FUNCTION sensing_level_on_the_map();
CREATE TRIGGER sensing_level_on_the_map AFTER UPDATE ON sensing_currentvalue FOR EACH ROW
    WHEN (OLD.level <> NEW.level OR OLD.watched <> NEW.watched
        OR NEW.good_at IS NOT NULL AND (OLD.good_at IS NULL OR NEW.good_at - OLD.good_at > interval '2 minutes'))
    EXECUTE FUNCTION sensing_level_on_the_map();
SELECT sensing_map_put(id) FROM sensing_station WHERE retired_at IS NULL;
"""
DROP = """
DROP TRIGGER sensing_level_on_the_map ON sensing_currentvalue;
DROP TRIGGER sensing_first_level_on_the_map ON sensing_currentvalue;
DROP TRIGGER sensing_station_on_the_map ON sensing_station;
DROP FUNCTION sensing_level_on_the_map();
DROP FUNCTION sensing_station_on_the_map();
DROP FUNCTION sensing_map_put(uuid);
DROP FUNCTION sensing_map_rank(uuid);
DELETE FROM core_mappoint WHERE layer = 'stations';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("sensing", "0003_retired_stations"),
        ("places", "0004_on_the_map"),
        ("core", "0007_map_points"),
    ]

    operations = [migrations.RunSQL(MAKE, DROP)]
