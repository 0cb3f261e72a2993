"""What may be ten thousands on the map: one row a point, and counts kept per cell of every zoom.

Rows are written by triggers of the tables they mirror (migrations of their apps), so no way into a register can forget
them. Cells are counted by `core_map_fold`, never by a writer: two writers would wait for each other at coarse zooms.
"""

from __future__ import annotations

from uuid import UUID

from django.contrib.gis.db import models
from django.db.models import Q

EVERY_WORLD = UUID(int=0)
"""Master data: the same in the live world and in every exercise."""


class MapPoint(models.Model):
    """One thing at one place. `rank`: 0 normal, 1 watch, 2 lost, 3 blue .. 6 red (frontend/src/map/symbols.ts).

    `held_*` is what the cells count of it; `dirty` says that they count something else than what stands here.
    """

    layer = models.CharField(max_length=40)
    ref = models.UUIDField()
    world = models.UUIDField(default=EVERY_WORLD)
    area = models.CharField(max_length=12, blank=True)
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=160)
    name_en = models.CharField(max_length=160, blank=True)
    rank = models.SmallIntegerField(default=0)
    geom = models.PointField(srid=3857)
    gone = models.BooleanField(default=False)
    dirty = models.BooleanField(default=True)
    held_rank = models.SmallIntegerField(null=True)
    held_area = models.CharField(max_length=12, null=True)
    held_geom = models.PointField(srid=3857, null=True, spatial_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["layer", "ref"], name="core_mappoint_once")]
        indexes = [models.Index(fields=["id"], name="core_mappoint_dirty", condition=Q(dirty=True))]


class MapCell(models.Model):
    """How many points of a layer lie in one cell of one zoom, by their rank; sums give their middle and a single's key.

    A tile has 8 x 8 cells up to zoom 12 and 16 x 16 from 13 to 15.
    """

    pk = models.CompositePrimaryKey("layer", "world", "z", "cx", "cy", "area")
    layer = models.CharField(max_length=40)
    world = models.UUIDField()
    z = models.SmallIntegerField()
    cx = models.IntegerField()
    cy = models.IntegerField()
    area = models.CharField(max_length=12)
    n = models.IntegerField()
    r1 = models.IntegerField()
    r2 = models.IntegerField()
    r3 = models.IntegerField()
    r4 = models.IntegerField()
    r5 = models.IntegerField()
    r6 = models.IntegerField()
    sum_x = models.BigIntegerField(help_text="dm, EPSG:3857")
    sum_y = models.BigIntegerField(help_text="dm, EPSG:3857")
    sum_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["layer"], name="core_mapcell_empty", condition=Q(n=0))]
