"""How much waits in the broker's stream, asked by whoever shows it: ingest itself knows only what it took."""

from __future__ import annotations

import nats.errors
import nats.js.errors

from fengsui.engines.devices.nats_stream import CONSUMER, STREAM, connect
from fengsui.kernel.ports.devices import StreamClosed


async def waiting(url: str) -> tuple[int, int]:
    """Messages that ingest has not acknowledged yet, and the bytes of the whole stream. Raises StreamClosed."""
    connection = await connect(url, "fengsui-depth")
    try:
        js = connection.jetstream(timeout=5)
        consumer, stream = await js.consumer_info(STREAM, CONSUMER), await js.stream_info(STREAM)
        return int(consumer.num_pending or 0) + int(consumer.num_ack_pending or 0), int(stream.state.bytes)
    except (TimeoutError, nats.errors.Error, nats.js.errors.Error, OSError) as gone:
        raise StreamClosed(str(gone) or type(gone).__name__) from None
    finally:
        await connection.close()
