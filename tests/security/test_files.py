"""Files that are made to hurt: bombs, entities, what is not what it says, names that climb out of their folder."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import Workbook
from PIL import Image

from fengsui.apps.command.actions.tasks import keep_photo
from fengsui.config.district import boundary
from fengsui.core.ledger import packed
from fengsui.core.ledger.sheet import open_file
from fengsui.kernel.errors import Invalid
from tests.contracts.story import Story

SHEET = "xl/worksheets/sheet1.xml"
SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
ODS = "application/vnd.oasis.opendocument.spreadsheet"


def rows(data: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<worksheet {SPACE}><sheetData>{data}</sheetData></worksheet>'


def book(sheet: str | bytes, **more: str | bytes) -> bytes:
    """A workbook of one sheet whose XML is given as it stands."""
    whole = Workbook()
    whole.active.title = "s"
    base, out = io.BytesIO(), io.BytesIO()
    whole.save(base)
    given = {SHEET: sheet, **more}
    with zipfile.ZipFile(base) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in [*old.namelist(), *(set(given) - set(old.namelist()))]:
            new.writestr(name, given.get(name) or old.read(name))
    return out.getvalue()


def ods(cell: str, row: str) -> bytes:
    spaces = "".join(
        f' xmlns:{each}="urn:oasis:names:tc:opendocument:xmlns:{each}:1.0"' for each in ("office", "table", "text")
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("mimetype", ODS)
        new.writestr("META-INF/manifest.xml", "<manifest/>")
        new.writestr(
            "content.xml",
            f"<office:document-content{spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="s"><table:table-row{row}><table:table-cell office:value-type="string"{cell}>'
            "<text:p>x</text:p></table:table-cell></table:table-row></table:table>"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return out.getvalue()


def claims_less(body: bytes, name: str, size: int) -> bytes:
    """The same archive, whose directory says that this part unpacks to `size` bytes."""
    changed, at = bytearray(body), body.find(b"PK\x01\x02")
    while at >= 0:
        length, local = struct.unpack("<H", body[at + 28 : at + 30])[0], struct.unpack("<I", body[at + 42 : at + 46])[0]
        if body[at + 46 : at + 46 + length] == name.encode():
            changed[at + 24 : at + 28] = changed[local + 22 : local + 26] = struct.pack("<I", size)
        at = body.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


def spoilt(body: bytes) -> bytes:
    """The packed bytes of its first part are no longer what was packed."""
    at = 30 + struct.unpack("<H", body[26:28])[0] + struct.unpack("<H", body[28:30])[0]
    return body[: at + 4] + b"\xff" * 40 + body[at + 44 :]


LAST = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
DOCTYPE = '<!DOCTYPE worksheet [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE worksheet [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c></row>'
HARMFUL = {
    "one cell in the last corner": (lambda: book(rows(LAST)), "file_bomb"),
    "the corner under another name": (
        lambda: book(rows(LAST.replace('r="', "r = '").replace('"', "'"))), "file_bomb",
    ),
    "a corner among many columns": (
        lambda: book(rows(LAST.replace("XFD", "ALL").replace("1048576", "99999"))), "file_bomb",
    ),
    "unpacks three hundred times": (lambda: book(rows("<row/>" * 9_000_000)), "file_bomb"),
    "entities": (lambda: book(rows(CELL, DOCTYPE)), "file_entities"),
    "entities from outside": (lambda: book(rows(CELL.replace("&b;", "&a;"), OUTSIDE)), "file_entities"),
    "entities behind a long remark": (lambda: book(rows(CELL, f"<!--{'x' * 9_000}-->{DOCTYPE}")), "file_entities"),
    "entities behind a very long remark": (
        lambda: book(rows(CELL, f"<!--{'x' * 99_000}-->{DOCTYPE}")), "file_entities",
    ),
    "entities in UTF-16": (lambda: book(rows(CELL, DOCTYPE).encode("utf-16")), "file_entities"),
    "entities in the shared words": (
        lambda: book(rows(CELL), **{"xl/sharedStrings.xml": f"{DOCTYPE}<sst {SPACE}/>"}), "file_entities",
    ),
    "macros": (lambda: book(rows(""), **{"xl/vbaProject.bin": b"x"}), "file_macros"),
    "says it is small": (lambda: claims_less(book(rows("<row/>" * 900_000)), SHEET, 1_000), "file_unreadable"),
    "an .ods of seventeen thousand million cells": (
        lambda: ods(' table:number-columns-repeated="16384"', ' table:number-rows-repeated="1048576"'),
        "file_unreadable",
    ),
    "no archive at all": (lambda: b"PK\x03\x04" + b"x" * 500, "file_unreadable"),
    "bytes changed inside a part": (lambda: spoilt(book(rows(CELL * 50))), "file_unreadable"),
    "a program": (lambda: b"\x7fELF" + b"\0" * 500, "file_unreadable"),
    "a picture": (lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)), "file_unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("which", HARMFUL)
def test_sheet_is_refused_in_words_when_made_to_hurt(which):
    """In this very process: were it opened, the allocator would end the test run."""
    made, code = HARMFUL[which]
    with pytest.raises(Invalid) as refused:
        open_file(made(), "表.xlsx")
    assert refused.value.code == f"core.ledger.{code}"


def test_honest_sheets_are_read_when_wide_or_long():
    """The guard looks at how far cells reach: a wide sheet of few rows and a long one of few columns are usual."""
    wide = "".join(f'<c r="{each}9"><v>1</v></c>' for each in ("A", "ZZ", "AKZ"))
    assert open_file(book(rows(f'<row r="9">{wide}</row>')), "宽.xlsx")[0][0] == "s"
    long = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in (1, 120_000))
    assert len(open_file(book(rows(long)), "长.xlsx")[0][1]) == 120_000
    assert open_file(ods("", ""), "表.ods") == [("s", [["x"]])]


def test_column_letters_are_counted_as_a_spreadsheet_does():
    assert [packed._column(each) for each in (b"", b"A", b"Z", b"AA", b"xfd")] == [0, 1, 26, 27, 16384]


def picture(kind: str, size: tuple[int, int] = (40, 30), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (9, 9, 9)).save(out, kind, **more)
    return out.getvalue()


def gps() -> bytes:
    """Made in the middle of the district, with the owner's name and a thumbnail's worth of remarks."""
    exif = Image.Exif()
    exif[0x013B] = "张三 13800001234"
    exif.get_ifd(0x8825).update({1: "N", 2: (41.0, 48.0, 0.0), 3: "E", 4: (123.0, 21.0, 0.0)})
    return picture("JPEG", exif=exif, comment=b"13800001234")


def test_photo_keeps_neither_place_nor_owner_when_stored(story: Story):
    assert b"13800001234" in gps()
    kept = keep_photo(data=gps(), by=story.by("team"), now=timezone.now())
    with Image.open(io.BytesIO(kept.data)) as opened:
        assert dict(opened.getexif()) == {}
        assert "comment" not in opened.info
    assert b"13800001234" not in bytes(kept.data)


def test_photo_loses_what_is_hidden_behind_it_when_stored(story: Story):
    kept = keep_photo(data=gps() + b"PK\x03\x04<script>alert(1)</script>", by=story.by("team"), now=timezone.now())
    assert b"<script>" not in bytes(kept.data)
    assert bytes(kept.data)[-2:] == b"\xff\xd9"


def declares(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it is this large."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 9_000)) + chunk(b"IEND", b"")


NO_PHOTO = {
    "an .svg with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "a page": b"<html><script>alert(1)</script></html>",
    "a .gif": picture("GIF"),
    "a .tiff": picture("TIFF"),
    "a .bmp": picture("BMP"),
    "a .pdf": b"%PDF-1.7\n%%EOF",
    "the beginning of a photo": picture("JPEG", (400, 300))[:400],
    "forty thousand pixels square": declares(40_000, 40_000),
    "two thousand million pixels wide": declares(2_000_000_000, 1),
    "nothing": b"\0",
}


@pytest.mark.parametrize("which", NO_PHOTO)
def test_photo_is_refused_in_words_when_it_is_none(story: Story, which):
    with pytest.raises(Invalid) as refused:
        keep_photo(data=NO_PHOTO[which], by=story.by("team"), now=timezone.now())
    assert refused.value.code in {"command.photo.broken", "command.photo.too_big"}


BOUNDARIES = {
    "a hundred thousand brackets": b'{"type":"Polygon","coordinates":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "features in features": b'{"type":"FeatureCollection","features":[' * 30_000 + b"]}" * 30_000,
    "collections in collections": b'{"type":"GeometryCollection","geometries":[' * 300 + b"]}" * 300,
    "numbers that are none": b'{"type":"Polygon","coordinates":[[[NaN,1],[1e999,1],[1,1],[NaN,1]]]}',
    "words for numbers": b'{"type":"Polygon","coordinates":[[["a","b"],["c","d"],["e","f"],["a","b"]]]}',
    "another shape": b'{"type":"Polygon","coordinates":{"a":[1]}}',
    "no object": b"[1,2,3]",
    "too large": b'{"type":"Polygon","coordinates":[]' + b" " * boundary.MOST_BYTES + b"}",
}


@pytest.mark.parametrize("which", BOUNDARIES)
def test_boundary_is_refused_in_words_when_made_to_hurt(which):
    shape, faults = boundary.read("边界.geojson", BOUNDARIES[which], None)
    assert shape is None
    assert faults
    assert faults[0].zh


def test_depth_of_json_is_bounded_when_sent_to_the_api(story: Story):
    from tests.api.programs import program

    caller = program("duty", "*")
    for deep in (b"[" * 200_000 + b"]" * 200_000, b'{"a":' * 50_000 + b"1" + b"}" * 50_000):
        answer = caller.send("POST", "/warnings", deep)
        assert answer.status_code in {400, 422}, answer.content[:200]
        assert json.loads(answer.content)["status"] == answer.status_code
