"""Inputs that look for new ways through our own decoders: `python -m tests.security.guided TARGET ...`

Atheris (libFuzzer) watches which branches of the decoder an input reaches and changes those that reached a new one.
Every target gives a result or an error with words for people; anything else is a find, and is kept as a file.
Options after the target are libFuzzer's: -runs=N, -seed=N, -max_total_time=S, -artifact_prefix=FOLDER/, a corpus.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import atheris

OURS = ["fengsui.catalog.sensors", "fengsui.core.ledger", "fengsui.apps.command.photos", "fengsui.config.district"]
with atheris.instrument_imports(include=OURS):
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fengsui.config.settings")
    django.setup()
    from fengsui.apps.alerts import cap
    from fengsui.apps.command.photos import cleaned
    from fengsui.catalog.sensors import Rejected, kinds
    from fengsui.config.district import boundary
    from fengsui.core.ledger import packed
    from fengsui.core.ledger.sheet import open_file
    from fengsui.kernel.errors import FengsuiError

    KINDS = tuple(kinds().values())

from lxml import etree  # noqa: E402 - the parts under test are imported first, watched

from tests.security.test_files import SHEET, book, rows  # noqa: E402 - as above

OLE = b"\xd0\xcf\x11\xe0"
"""Such files are looked at in a process of their own: no branch of ours."""


def _said(error: Exception, code: str, start: str) -> None:
    if not code.startswith(start):
        raise error


def reading(data: bytes) -> None:
    """A device's message, for each kind of sensor."""
    for kind in KINDS:
        try:
            for each in kind.decode(data):
                assert each.unit == kind.unit
        except Rejected as no:
            _said(no, no.code, "sensor.decode.")


def bulletin(data: bytes) -> None:
    """CAP 1.2 of somebody else."""
    with suppress(ValueError, etree.XMLSyntaxError):
        cap.check(data)


@cache
def _book() -> bytes:
    return book(rows(""))


def archive(data: bytes) -> None:
    """A workbook, its own bytes changed, and one whose sheet is what came."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_book())) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, data if name == SHEET else old.read(name))
    for each in (b"PK\x03\x04" + data, out.getvalue()):
        try:
            packed.refuse_harmful(each)
            open_file(each, "a.xlsx")
        except FengsuiError as refused:
            _said(refused, refused.code, "core.ledger.")


def table(data: bytes) -> None:
    """A text file of rows, in whatever encoding."""
    if data[:4] not in (OLE, b"PK\x03\x04"):
        try:
            open_file(data, "a.csv")
        except FengsuiError as refused:
            _said(refused, refused.code, "core.ledger.")


def area(data: bytes) -> None:
    """A district's boundary."""
    if data[:4] not in (OLE, b"PK\x03\x04"):
        found, faults = boundary.read("a.geojson", data)
        assert found or faults


def photo(data: bytes) -> None:
    """A picture from the scene."""
    try:
        picture = cleaned(data)
        assert picture.data[:2] == b"\xff\xd8"
    except FengsuiError as refused:
        _said(refused, refused.code, "command.photo.")


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (reading, bulletin, archive, table, area, photo)
}

if __name__ == "__main__":
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()
