"""What a spreadsheet's archive may be, looked at before anything opens it: size, macros, entities."""

from __future__ import annotations

import io
import zipfile

from fengsui.kernel.errors import Invalid

MOST_UNPACKED = 300_000_000
MOST_RATIO = 250
"""Real sheets pack 5 to 30 times, one column of the same word some 100 times."""
SMALL = 30_000_000
"""Below this nothing can harm, whatever the ratio."""
MOST_PARTS = 5_000
PEEK = 4_096


def refuse_harmful(body: bytes) -> None:
    """Raises Invalid("core.ledger.file_bomb"), ("core.ledger.file_macros"), ("core.ledger.file_entities"),
    ("core.ledger.file_unreadable")."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            parts = archive.infolist()
            whole = sum(each.file_size for each in parts)
            packed = max(1, sum(each.compress_size for each in parts))
            if len(parts) > MOST_PARTS or whole > MOST_UNPACKED or (whole > SMALL and whole / packed > MOST_RATIO):
                raise Invalid("core.ledger.file_bomb", field="file", size=round(whole / 1e6))
            for each in parts:
                if each.filename.lower().endswith("vbaproject.bin"):
                    raise Invalid("core.ledger.file_macros", field="file")
                if each.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(each) as part:
                        start = part.read(PEEK)
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                        raise Invalid("core.ledger.file_entities", field="file")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError):
        raise Invalid("core.ledger.file_unreadable", field="file") from None
