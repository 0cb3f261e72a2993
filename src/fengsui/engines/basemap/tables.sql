-- The base map, geometry in EPSG:3857. Rebuilt as a whole from one .osm.pbf; nothing else writes here.
-- Roads and areas carry `coarse`, simplified to 20 m, for tiles below zoom 12; it is null where it would not be seen.
CREATE SCHEMA IF NOT EXISTS basemap;

CREATE TABLE IF NOT EXISTS basemap.build (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    key text NOT NULL,                  -- SHA-256 of the file and the recipe; part of the tiles' ETag
    source text NOT NULL,
    illustrative boolean NOT NULL,      -- made up, not surveyed: the map must say so
    attribution text NOT NULL,
    west float8 NOT NULL, south float8 NOT NULL, east float8 NOT NULL, north float8 NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS basemap.road (
    id bigint NOT NULL,
    name text NOT NULL,
    class text NOT NULL,                -- OpenStreetMap's highway value without _link, or "rail"
    rank smallint NOT NULL,             -- 0 motorway/trunk .. 6 path; decides the first zoom and the drawing order
    bridge boolean NOT NULL,
    tunnel boolean NOT NULL,
    oneway boolean NOT NULL,
    geom geometry(LineString, 3857) NOT NULL,
    coarse geometry(LineString, 3857)
);
CREATE TABLE IF NOT EXISTS basemap.water (
    id bigint NOT NULL,
    name text NOT NULL,
    class text NOT NULL,                -- "river", "lake" (surfaces), "stream", "canal", ... (lines)
    rank smallint NOT NULL,
    geom geometry(Geometry, 3857) NOT NULL,
    coarse geometry(Geometry, 3857)
);
CREATE TABLE IF NOT EXISTS basemap.area (
    id bigint NOT NULL,
    name text NOT NULL,
    class text NOT NULL,                -- residential, industrial, commercial, green, education, health, building
    rank smallint NOT NULL,             -- first zoom is 10 + rank
    geom geometry(MultiPolygon, 3857) NOT NULL,
    coarse geometry(MultiPolygon, 3857)
);

CREATE OR REPLACE FUNCTION basemap.build_key() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT key FROM basemap.build $$;

-- One vector tile with the layers area, water, road. An empty tile is zero bytes.
CREATE OR REPLACE FUNCTION basemap.tile(z integer, x integer, y integer) RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    box geometry := ST_TileEnvelope(z, x, y);
    wide geometry := ST_Expand(box, (ST_XMax(box) - ST_XMin(box)) / 64);
    -- first rank that is not drawn: z8 -> 2, z10 -> 3, z12 -> 5, z14 -> everything
    roads integer := CASE WHEN z < 9 THEN 2 WHEN z < 11 THEN 3 WHEN z < 12 THEN 4 WHEN z < 13 THEN 5 WHEN z < 14 THEN 6 ELSE 9 END;
    found bytea := ''::bytea;
    layer bytea;
BEGIN
    IF z >= 12 THEN
        SELECT ST_AsMVT(t, 'area') INTO layer FROM (
            SELECT class, name, ST_AsMVTGeom(geom, box, 4096, 64) AS geom FROM basemap.area
            WHERE geom && wide AND rank <= z - 10 ORDER BY rank) t WHERE t.geom IS NOT NULL;
    ELSE
        SELECT ST_AsMVT(t, 'area') INTO layer FROM (
            SELECT class, name, ST_AsMVTGeom(coarse, box, 4096, 64) AS geom FROM basemap.area
            WHERE coarse && wide AND rank <= z - 10 ORDER BY rank) t WHERE t.geom IS NOT NULL;
    END IF;
    found := found || coalesce(layer, ''::bytea);
    IF z >= 12 THEN
        SELECT ST_AsMVT(t, 'water') INTO layer FROM (
            SELECT class, name, ST_AsMVTGeom(geom, box, 4096, 64) AS geom FROM basemap.water
            WHERE geom && wide AND rank <= z - 8) t WHERE t.geom IS NOT NULL;
    ELSE
        SELECT ST_AsMVT(t, 'water') INTO layer FROM (
            SELECT class, name, ST_AsMVTGeom(coarse, box, 4096, 64) AS geom FROM basemap.water
            WHERE coarse && wide AND rank <= z - 8) t WHERE t.geom IS NOT NULL;
    END IF;
    found := found || coalesce(layer, ''::bytea);
    IF z >= 12 THEN
        SELECT ST_AsMVT(t, 'road') INTO layer FROM (
            SELECT class, name, rank, bridge, tunnel, oneway, ST_AsMVTGeom(geom, box, 4096, 64) AS geom
            FROM basemap.road WHERE geom && wide AND rank < roads ORDER BY rank DESC) t WHERE t.geom IS NOT NULL;
    ELSE
        SELECT ST_AsMVT(t, 'road') INTO layer FROM (
            SELECT class, name, rank, ST_AsMVTGeom(coarse, box, 4096, 64) AS geom
            FROM basemap.road WHERE coarse && wide AND rank < roads ORDER BY rank DESC) t WHERE t.geom IS NOT NULL;
    END IF;
    RETURN found || coalesce(layer, ''::bytea);
END $$;
