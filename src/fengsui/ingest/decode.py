"""Messages to columns: topic -> stream -> sensor kind -> readings, and what cannot be used as kept rejections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import structlog

from fengsui.apps.sensing.actions import Rejection
from fengsui.apps.sensing.book import StreamBook
from fengsui.apps.sensing.hot import microseconds
from fengsui.catalog.sensors.contract import Rejected
from fengsui.kernel.ports.devices import Message

log = structlog.get_logger(__name__)
UNKNOWN = "sensing.topic.unknown"
UNDATED = "sensing.message.undated"


@dataclass(slots=True)
class Columns:
    """n readings: index into the book, microseconds, values, microseconds of arrival; and the rejections."""

    stream: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    received_at: list[int] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """What `sensing.actions.store_readings` takes after the book."""
        return (
            np.array(self.stream, np.intp),
            np.array(self.at, np.int64),
            np.array(self.value, np.float64),
            np.array(self.received_at, np.int64),
            np.zeros(len(self.at), np.int16),
        )


def columns(book: StreamBook, messages: Sequence[Message]) -> Columns:
    """Pure but for the book. A reading without its own time gets the time of arrival at the broker, which stays the
    same when the message is delivered again."""
    out = Columns()
    for message in messages:
        index = book.by_topic.get(message.topic)
        if index is None:
            out.rejections.append(Rejection(message.topic, message.payload, message.received_at, UNKNOWN, {}))
            continue
        try:
            readings = book.streams[index].kind.decode(message.payload)
        except Rejected as no:
            facts = dict(no.facts)
            out.rejections.append(
                Rejection(message.topic, message.payload, message.received_at, no.code, facts, stream=index)
            )
            readings = list(no.sound)
        except Exception as broken:  # a fault of ours in one kind must not lose the message, nor stop the others
            log.exception("ingest.decoder_broken", topic=message.topic)
            facts = {"detail": f"{type(broken).__name__}: {broken}"[:300]}
            out.rejections.append(
                Rejection(
                    message.topic, message.payload, message.received_at, "sensor.decode.broken", facts, stream=index
                )
            )
            continue
        if message.retained and any(reading.at is None for reading in readings):
            # Old water must not count as water of now each time that we subscribe.
            out.rejections.append(
                Rejection(message.topic, message.payload, message.received_at, UNDATED, {}, stream=index)
            )
            readings = [reading for reading in readings if reading.at is not None]
        arrived = microseconds(message.received_at)
        count = len(readings)
        out.stream += [index] * count
        out.received_at += [arrived] * count
        out.at += [arrived if when is None else round(when.timestamp() * 1e6) for when, _, _, _ in readings]
        out.value += [value for _, value, _, _ in readings]
    return out
