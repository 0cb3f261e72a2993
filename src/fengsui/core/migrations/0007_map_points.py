"""Points of the map, and the functions that put, drop and count them."""

import uuid

import django.contrib.gis.db.models.fields
from django.db import migrations, models

MAKE = """
ALTER TABLE core_mapcell SET (fillfactor = 70);

-- A row of a mirrored table, as the map has it. Says nothing where nothing changed.
CREATE FUNCTION core_map_put(
    p_layer text, p_ref uuid, p_world uuid, p_area text, p_code text, p_name text, p_name_en text, p_rank integer,
    p_geom geometry
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO core_mappoint AS m (layer, ref, world, area, code, name, name_en, rank, geom, gone, dirty)
    VALUES (p_layer, p_ref, coalesce(p_world, '00000000-0000-0000-0000-000000000000'), coalesce(p_area, ''), p_code,
            left(p_name, 160), left(coalesce(p_name_en, ''), 160), p_rank, p_geom, false, true)
    ON CONFLICT (layer, ref) DO UPDATE SET
        area = excluded.area, code = excluded.code, name = excluded.name, name_en = excluded.name_en,
        rank = excluded.rank, geom = excluded.geom, gone = false,
        dirty = m.dirty OR m.gone OR m.rank <> excluded.rank OR m.area <> excluded.area
            OR NOT m.geom OPERATOR(public.~=) excluded.geom
    WHERE m.gone OR (m.area, m.code, m.name, m.name_en, m.rank) IS DISTINCT FROM
        (excluded.area, excluded.code, excluded.name, excluded.name_en, excluded.rank)
        OR NOT m.geom OPERATOR(public.~=) excluded.geom
$$;

CREATE FUNCTION core_map_drop(p_layer text, p_ref uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE core_mappoint SET gone = true, dirty = true WHERE layer = p_layer AND ref = p_ref AND NOT gone
$$;

-- Count up to `most` changed points into their cells; how many. One folder at a time, others return 0 at once:
-- whoever asks for a tile calls it, and nobody waits. Rows that a writer still holds are left for the next call.
CREATE FUNCTION core_map_fold(most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    PERFORM 1 FROM core_mappoint WHERE dirty LIMIT 1;
    IF NOT FOUND OR NOT pg_try_advisory_xact_lock(1718184807, 6) THEN
        RETURN 0;
    END IF;
    SELECT array_agg(id) INTO ids FROM (
        SELECT id FROM core_mappoint WHERE dirty ORDER BY id LIMIT most FOR UPDATE SKIP LOCKED) t;
    IF ids IS NULL THEN
        RETURN 0;
    END IF;
    INSERT INTO core_mapcell AS c (layer, world, z, cx, cy, area, n, r1, r2, r3, r4, r5, r6, sum_x, sum_y, sum_id)
    SELECT layer, world, z, cx, cy, area, n, r1, r2, r3, r4, r5, r6, sx, sy, si FROM (
        SELECT p.layer, p.world, g.z, floor((p.x + 20037508.342789244) / g.size)::int AS cx,
            floor((20037508.342789244 - p.y) / g.size)::int AS cy, p.area, sum(p.way) AS n,
            coalesce(sum(p.way) FILTER (WHERE p.rank = 1), 0) AS r1,
            coalesce(sum(p.way) FILTER (WHERE p.rank = 2), 0) AS r2,
            coalesce(sum(p.way) FILTER (WHERE p.rank = 3), 0) AS r3,
            coalesce(sum(p.way) FILTER (WHERE p.rank = 4), 0) AS r4,
            coalesce(sum(p.way) FILTER (WHERE p.rank = 5), 0) AS r5,
            coalesce(sum(p.way) FILTER (WHERE p.rank = 6), 0) AS r6,
            sum(p.way * round(p.x * 10)::bigint) AS sx, sum(p.way * round(p.y * 10)::bigint) AS sy,
            sum(p.way * p.id) AS si
        FROM (
            SELECT id, layer, world, held_area AS area, held_rank AS rank, ST_X(held_geom) AS x, ST_Y(held_geom) AS y,
                -1 AS way
            FROM core_mappoint WHERE id = ANY(ids) AND held_geom IS NOT NULL
            UNION ALL
            SELECT id, layer, world, area, rank, ST_X(geom), ST_Y(geom), 1
            FROM core_mappoint WHERE id = ANY(ids) AND NOT gone
        ) p CROSS JOIN (
            SELECT z, 40075016.685578488 / 2 ^ (z + CASE WHEN z <= 12 THEN 3 ELSE 4 END) AS size
            FROM generate_series(5, 15) z
        ) g GROUP BY 1, 2, 3, 4, 5, 6
    ) d WHERE (n, r1, r2, r3, r4, r5, r6, sx, sy, si) <> (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    ON CONFLICT (layer, world, z, cx, cy, area) DO UPDATE SET
        n = c.n + excluded.n, r1 = c.r1 + excluded.r1, r2 = c.r2 + excluded.r2, r3 = c.r3 + excluded.r3,
        r4 = c.r4 + excluded.r4, r5 = c.r5 + excluded.r5, r6 = c.r6 + excluded.r6,
        sum_x = c.sum_x + excluded.sum_x, sum_y = c.sum_y + excluded.sum_y, sum_id = c.sum_id + excluded.sum_id;
    DELETE FROM core_mapcell WHERE n = 0;
    DELETE FROM core_mappoint WHERE id = ANY(ids) AND gone;
    UPDATE core_mappoint SET dirty = false, held_rank = rank, held_area = area, held_geom = geom WHERE id = ANY(ids);
    RETURN cardinality(ids);
END $$;
"""
DROP = """
DROP FUNCTION core_map_fold(integer);
DROP FUNCTION core_map_drop(text, uuid);
DROP FUNCTION core_map_put(text, uuid, uuid, text, text, text, text, integer, geometry);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0006_find")]

    operations = [
        migrations.CreateModel(
            name='MapCell',
            fields=[
                ('pk', models.CompositePrimaryKey('layer', 'world', 'z', 'cx', 'cy', 'area', blank=True, editable=False, primary_key=True, serialize=False)),
                ('layer', models.CharField(max_length=40)),
                ('world', models.UUIDField()),
                ('z', models.SmallIntegerField()),
                ('cx', models.IntegerField()),
                ('cy', models.IntegerField()),
                ('area', models.CharField(max_length=12)),
                ('n', models.IntegerField()),
                ('r1', models.IntegerField()),
                ('r2', models.IntegerField()),
                ('r3', models.IntegerField()),
                ('r4', models.IntegerField()),
                ('r5', models.IntegerField()),
                ('r6', models.IntegerField()),
                ('sum_x', models.BigIntegerField(help_text='dm, EPSG:3857')),
                ('sum_y', models.BigIntegerField(help_text='dm, EPSG:3857')),
                ('sum_id', models.BigIntegerField()),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('n', 0)), fields=['layer'], name='core_mapcell_empty')],
            },
        ),
        migrations.CreateModel(
            name='MapPoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('layer', models.CharField(max_length=40)),
                ('ref', models.UUIDField()),
                ('world', models.UUIDField(default=uuid.UUID('00000000-0000-0000-0000-000000000000'))),
                ('area', models.CharField(blank=True, max_length=12)),
                ('code', models.CharField(max_length=40)),
                ('name', models.CharField(max_length=160)),
                ('name_en', models.CharField(blank=True, max_length=160)),
                ('rank', models.SmallIntegerField(default=0)),
                ('geom', django.contrib.gis.db.models.fields.PointField(srid=3857)),
                ('gone', models.BooleanField(default=False)),
                ('dirty', models.BooleanField(default=True)),
                ('held_rank', models.SmallIntegerField(null=True)),
                ('held_area', models.CharField(max_length=12, null=True)),
                ('held_geom', django.contrib.gis.db.models.fields.PointField(null=True, spatial_index=False, srid=3857)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('dirty', True)), fields=['id'], name='core_mappoint_dirty')],
                'constraints': [models.UniqueConstraint(fields=('layer', 'ref'), name='core_mappoint_once')],
            },
        ),
        migrations.RunSQL(MAKE, DROP),
    ]
