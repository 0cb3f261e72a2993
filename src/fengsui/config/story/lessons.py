"""What the forecasts of a telling are learned from: floods that the district's files hold, never the played series."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fengsui.apps.forecasts import played
from fengsui.config.ops.console import say
from fengsui.kernel.replay import load_past

FILES = ("map.yaml", "past.csv", "past_rain.csv")


def prepare(folder: Path, topics: Sequence[str], *, own: bool) -> int:
    """Learn the streams of the district's own series once; how many of them were learned.

    A file of somebody else's is another water: then nothing is known of what was before it.
    """
    before = load_past(folder) if own else None
    if before is None:
        played.forget(topics)
        return 0
    text = b"".join((folder / name).read_bytes() for name in FILES if (folder / name).exists())
    source, now = hashlib.sha256(text).hexdigest()[:32], datetime.now(UTC)
    taught = played.teach(before, topics, source, now)
    showers = played.teach_rain(before, topics, source, now)
    good = sum(bool(each.method) for each in taught)
    say(
        f"预报从示意的过去涨水学得：{good} 站；过去涨水太少、仍用趋势外推：{len(taught) - good} 站",
        f"Forecasts learned from an illustrative past: {good} stations; too little flood, the trend stays: "
        f"{len(taught) - good}",
    )
    if showers is not None and showers.method:
        say(
            f"雨的临近预报从示意的过去学得：{showers.wet} 个湿时段",
            f"Rain of the next hour learned from an illustrative past: {showers.wet} wet steps",
        )
    return good
