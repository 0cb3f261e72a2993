"""Bring a database up to the code: migrations, the district's data, compiled translations. Idempotent."""

from __future__ import annotations

from pathlib import Path

from fengsui.config.ops.home import REPO


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
        part = target.with_suffix(".mo.part")
        with open(part, "wb") as out:
            write_mo(out, catalog)
        part.replace(target)
        written += 1
    return written


def main() -> int:
    """Runs inside Django's setup, against FENGSUI_DATABASE_URL."""
    from django.conf import settings
    from django.core.management import call_command, get_commands

    compile_translations()
    call_command("migrate", interactive=False, verbosity=1)
    if "load_district" in get_commands():
        call_command("load_district", settings.FENGSUI_DISTRICT)
    else:
        print("load_district: this command does not exist yet, no district loaded")
    return 0
