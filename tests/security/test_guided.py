"""Decoders under inputs that learn: the same ones each time here, others for as long as asked with `--minutes`."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from fengsui.apps.alerts import cap
from fengsui.apps.alerts.tests.test_cap import message
from fengsui.config.ops.home import REPO

pytest.importorskip("atheris", reason="no atheris for this system: decoders are NOT tried with inputs that learn")
MINUTES = float(os.environ.get("FENGSUI_SECURITY_MINUTES") or 0)
SEED = int(os.environ.get("FENGSUI_SECURITY_SEED") or (time.time() if MINUTES else 1))
TARGETS = {"reading": 20_000, "bulletin": 8_000, "archive": 3_000, "table": 10_000, "area": 8_000, "photo": 4_000}
"""How many inputs each gets in an ordinary run: some seconds."""


def first(target: str) -> list[bytes]:
    """What is right, from which it starts."""
    match target:
        case "reading":
            return [
                b'{"unit":"m","v":1.2,"t":"2026-07-28T02:47:06+08:00"}',
                b'{"unit":"m","readings":[[1785178026,1]]}',
            ]
        case "bulletin":
            return [cap.write(message())]
        case "archive":
            return [b'<worksheet><sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData></worksheet>']
        case "table":
            return ["站码,名称\nA,乙\n".encode(each) for each in ("utf-8-sig", "gb18030", "utf-16")]
        case "area":
            ring = [[123, 41], [124, 41], [124, 42], [123, 41]]
            return [json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()]
    pictures = []
    for kind in ("JPEG", "PNG", "WEBP"):
        out = io.BytesIO()
        Image.new("RGB", (9, 7), "red").save(out, kind)
        pictures.append(out.getvalue())
    return pictures


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_decoder_gives_a_result_or_a_reason_whatever_reaches_it(target: str, tmp_path: Path) -> None:
    corpus, finds = tmp_path / "corpus", tmp_path / "finds"
    corpus.mkdir()
    finds.mkdir()
    for n, each in enumerate(first(target)):
        (corpus / str(n)).write_bytes(each)
    long = f"-max_total_time={MINUTES * 60 / len(TARGETS):.0f}" if MINUTES else f"-runs={TARGETS[target]}"
    words = [long, f"-seed={SEED}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=3000", f"-artifact_prefix={finds}/"]
    command = [sys.executable, "-m", "tests.security.guided", target, *words, str(corpus)]
    done = subprocess.run(
        command, cwd=REPO, env=os.environ | {"PYTHONPATH": f"{REPO / 'src'}:{REPO}"}, capture_output=True, check=False
    )
    found = [each.read_bytes()[:300] for each in finds.iterdir()]
    assert (done.returncode, found) == (0, []), f"seed {SEED}: {done.stderr[-3000:].decode(errors='replace')}"
    assert b"Done" in done.stderr
