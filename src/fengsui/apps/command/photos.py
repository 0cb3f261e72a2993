"""Pictures from the scene, made anew: metadata and anything hidden in the file are gone."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from fengsui.kernel.errors import Invalid

LIMIT = 8_000_000
EDGE = 1600
PIXELS = 50_000_000


@dataclass(frozen=True, slots=True)
class Picture:
    """`data`: JPEG. `width`, `height`: pixels."""

    data: bytes
    width: int
    height: int

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def cleaned(data: bytes) -> Picture:
    """Decode, turn upright, shrink, encode anew. Raises Invalid("command.photo.too_big"), ("command.photo.broken")."""
    if len(data) > LIMIT:
        raise Invalid("command.photo.too_big", field="photo", limit=LIMIT // 1_000_000)
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as opened:
            if opened.width * opened.height > PIXELS:
                raise Invalid("command.photo.too_big", field="photo", limit=LIMIT // 1_000_000)
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise Invalid("command.photo.broken", field="photo") from error
    picture.thumbnail((EDGE, EDGE))
    picture.info = {}  # a remark or a colour profile would be written along
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return Picture(out.getvalue(), picture.width, picture.height)
