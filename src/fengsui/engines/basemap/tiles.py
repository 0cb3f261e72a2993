"""The base map's tiles from the SQL function that `load_basemap` made; absent until a network was loaded."""

from __future__ import annotations

from django.db import connection
from django.db.transaction import atomic
from django.db.utils import ProgrammingError


class BaseMap:
    """Behind the port `basemap`."""

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Layers road, water, area, place of one XYZ tile; None where no base map is loaded."""
        try:
            with atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT basemap.tile(%s, %s, %s)", [z, x, y])
                found = cursor.fetchone()[0]
        except ProgrammingError:
            return None
        return bytes(found) if found is not None else None
