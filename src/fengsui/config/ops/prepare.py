"""Bring a database up to the code: migrations, the district's data, compiled translations. Idempotent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fengsui.config.ops.home import REPO

if TYPE_CHECKING:
    from fengsui.kernel.district import District


def compile_translations(root: Path = REPO / "locale") -> int:
    """`.po` -> `.mo` by Babel wherever the source is newer; no gettext package is needed. Returns files written."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    written = 0
    for source in root.glob("*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with open(source, "rb") as read:
            catalog = read_po(read, locale=source.parts[-3])
        part = target.with_suffix(f".mo.{os.getpid()}.part")  # two installations of one clone may start at once
        with open(part, "wb") as out:
            write_mo(out, catalog)
        part.replace(target)
        written += 1
    return written


def kept_extract(env: Mapping[str, str]) -> Path | None:
    """The extract that was taken into the district's folder, where one was."""
    path = Path(env.get("FENGSUI_DISTRICTS") or REPO / "districts") / env["FENGSUI_DISTRICT"] / "roads.osm.pbf"
    return path if path.is_file() else None


def fingerprint(env: Mapping[str, str]) -> str:
    """SHA-256 over all that preparing depends on: our code, the district's files, translations and the settings."""
    digest = hashlib.sha256()
    districts = Path(env.get("FENGSUI_DISTRICTS") or REPO / "districts")
    folder = districts / env["FENGSUI_DISTRICT"]
    for root, pattern in ((REPO / "src/fengsui", "**/*.py"), (folder, "**/*"), (REPO / "locale", "**/*.po")):
        for path in sorted(root.glob(pattern)):
            if path.is_file() and path.suffix != ".pbf":  # an extract is told by its size and time below
                digest.update(f"{path}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    for name in ("FENGSUI_DISTRICT", "FENGSUI_DEMO", "FENGSUI_DEMO_PASSWORD", "FENGSUI_OSM", "FENGSUI_ROADS"):
        digest.update(f"{name}={env.get(name, '')}\0".encode())
    if extract := env.get("FENGSUI_OSM"):
        with suppress(OSError):
            facts = Path(extract).stat()
            digest.update(f"{facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()


def main() -> int:
    """Runs inside Django's setup, against FENGSUI_DATABASE_URL."""
    compile_translations()
    database()
    prepare_roads()
    grant()
    return 0


def database() -> None:
    """Migrations and the district's data. Raises Problem where the district does not load."""
    from django.conf import settings
    from django.core.management import CommandError, call_command

    from fengsui.config.ops.console import Problem

    call_command("migrate", interactive=False, verbosity=1)
    try:
        call_command("load_district", settings.FENGSUI_DISTRICT)
    except CommandError as refused:  # for whoever starts the platform: words, not a traceback
        raise Problem(str(refused), str(refused)) from None


def grant() -> None:
    """What each part's role may do, after the tables are made; nothing where the server has no such roles."""
    from django.db import connection, transaction

    from fengsui.config.ops import rights

    with transaction.atomic(), connection.cursor() as cursor:
        rights.grant(cursor)


def prepare_roads() -> None:
    """Routing tiles, own graph and base map: from FENGSUI_OSM where given, else a generated network of the district."""
    from django.conf import settings

    from fengsui.config.wiring import district
    from fengsui.engines.roads import setup

    extract = os.environ.get("FENGSUI_OSM", "")
    setup.prepare(
        settings.VAR,
        Path(extract) if extract else None,
        **network_request(district()),
        database_url=os.environ["FENGSUI_DATABASE_URL"],
        roads=settings.FENGSUI_ROADS,
    )


def network_request(here: District) -> dict[str, Any]:
    """What a district's generated network is drawn from, as `setup.prepare` takes it."""
    from fengsui.engines.roads.city import Anchor

    return {
        "anchors": [
            Anchor(each.name, each.lon, each.lat, each.bearing_deg, each.kind, each.clearance_m) for each in here.points
        ],
        "bbox": _box(here.outline),
        "seed": here.seed,
        "outline": here.outline,
    }


def _box(ring: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    """West, south, east, north of a ring, a little wider."""
    lons, lats = [each[0] for each in ring], [each[1] for each in ring]
    return min(lons) - 0.01, min(lats) - 0.01, max(lons) + 0.01, max(lats) + 0.01
